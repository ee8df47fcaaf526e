// SPDX-License-Identifier: Apache-2.0
// Every malformed .npy file of reliability.md 2.3 with its exact message.
#include <gtest/gtest.h>

#include "explain/npy_bytes.h"
#include "support/rows.h"
#include "tocsin/explain/npy.h"

namespace tocsin::explain {
namespace {
using npy_bytes::file;
using namespace std::string_literals;

std::string error_of(const std::string& bytes) {
  return support::error_of([&] { parse_npy(npy_bytes::in_memory(bytes)); });
}
/// The error of a header, its line end added, before `data` zero bytes.
std::string header_error(const std::string& header, std::size_t data = 0) {
  return error_of(file(header + "\n", std::string(data, '\0')));
}
std::string shape_error(const std::string& shape, std::size_t data = 0) {
  return header_error("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}", data);
}
std::string descr_error(const std::string& descr) {
  return header_error("{'descr': " + descr + ", 'fortran_order': False, 'shape': ()}", 4);
}

TEST(NpyRefusals, NeedTheMagic) {
  EXPECT_EQ(error_of(""), "f: offset 0: the magic needs 6 bytes, the data end after 0; the file is cut short");
  EXPECT_EQ(error_of("PK\x03\x04\x14\x00 zip"s),
            "f: offset 0: the first 6 bytes must be 93 4e 55 4d 50 59, found 50 4b 03 04 14 00; is this a .npy file?");
}
TEST(NpyRefusals, NeedAKnownVersion) {
  EXPECT_EQ(error_of("\x93NUMPY\x04\x00\x00\x00"s), "f: offset 6: the version is 4.0; 1.0, 2.0 and 3.0 can be read");
  EXPECT_EQ(error_of("\x93NUMPY\x00\x00\x00\x00"s), "f: offset 6: the version is 0.0; 1.0, 2.0 and 3.0 can be read");
  EXPECT_EQ(error_of("\x93NUMPY\x01\x01\x00\x00"s), "f: offset 6: the version is 1.1; 1.0, 2.0 and 3.0 can be read");
}
TEST(NpyRefusals, StopAtALengthThatCannotBe) {
  EXPECT_EQ(error_of("\x93NUMPY\x01\x00\x05"s),
            "f: offset 8: the length of the header needs 2 bytes, the data end after 1; the file is cut short");
  EXPECT_EQ(error_of("\x93NUMPY\x01\x00\x05\x00{}\n"s),
            "f: offset 8: the length of the header is 5, 3 bytes follow; the file is cut short");
  EXPECT_EQ(error_of("\x93NUMPY\x01\x00\x11\x27"s), "f: offset 8: the length of the header is 10001, at most 10000 are read");
  EXPECT_EQ(error_of("\x93NUMPY\x02\x00\xff\xff\xff\xff"s),
            "f: offset 8: the length of the header is 4294967295, at most 10000 are read");
}
TEST(NpyRefusals, NeedADictionary) {
  EXPECT_EQ(header_error("[]"), "f: offset 10: the header needs a dictionary here, found '['");
  EXPECT_EQ(error_of(file("")), "f: offset 10: the header needs a dictionary here, found the end of the header");
  EXPECT_EQ(header_error("{'descr': '<f4'"), "f: offset 25: the header needs ',' or '}' here, found '\\x0a'");
  EXPECT_EQ(header_error("{'descr' '<f4'"), "f: offset 19: the header needs ':' here, found '''");
  EXPECT_EQ(header_error("{descr: '<f4'}"), "f: offset 11: the header needs a key in quotes here, found 'd'");
  EXPECT_EQ(header_error("{,}"), "f: offset 11: the header needs a key in quotes here, found ','");
  EXPECT_EQ(header_error("{'descr: 4}"), "f: offset 11: the quote that opens here is not closed");
  EXPECT_EQ(header_error("{'de\\x73cr': '<f4'}"), "f: offset 14: an escape in quotes, expected plain characters");
}
TEST(NpyRefusals, NeedEachKeyOnce) {
  EXPECT_EQ(header_error("{}"), "f: offset 11: the header has no 'descr'");
  EXPECT_EQ(header_error("{'descr': '<f4', 'shape': ()}"), "f: offset 38: the header has no 'fortran_order'");
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': False, }"), "f: offset 51: the header has no 'shape'");
  EXPECT_EQ(header_error("{'shape': (), 'shape': ()}"), "f: offset 24: the header has 'shape' twice");
  EXPECT_EQ(header_error("{'dtype': '<f4'}"),
            "f: offset 11: the header has the unknown key 'dtype'; known: descr, fortran_order, shape");
}
TEST(NpyRefusals, NeedNothingBehindTheDictionaryButBlanks) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': ()}";
  EXPECT_EQ(error_of(file(header + "  \n", "\x01\x02\x03\x04")), "no exception");
  EXPECT_EQ(error_of(file(header + "  ", "\x01\x02\x03\x04")),
            "f: offset 65: the header needs spaces and one line end behind the dictionary here, found the end of the header");
  EXPECT_EQ(error_of(file(header + " x\n", "\x01\x02\x03\x04")),
            "f: offset 64: the header needs spaces and one line end behind the dictionary here, found 'x'");
  EXPECT_EQ(error_of(file(header + "\n\n", "\x01\x02\x03\x04")),
            "f: offset 63: the header needs spaces and one line end behind the dictionary here, found '\\x0a'");
}
TEST(NpyRefusals, NeedATypeTheyCanRead) {
  EXPECT_EQ(descr_error("'|O'"),
            "f: offset 20: descr is '|O': the file holds Python objects, reading them runs code; save numbers: numpy.save(path, "
            "array.astype('<f4'))");
  for (const std::string descr : {">f4", "<f2", "<c8", "<b1", "<U3", "<f16", "", "<f4 "})
    EXPECT_EQ(descr_error("'" + descr + "'"), "f: offset 20: descr is '" + descr +
                                                  "'; <f4, <f8, |u1, |b1, <i4 and <i8 can be read; convert it: numpy.save(path, "
                                                  "array.astype('<f4'))");
  EXPECT_EQ(descr_error("[('a', '<f4')]"), "f: offset 20: descr is a list, a structured type; one number an element can be read");
  EXPECT_EQ(descr_error("4"), "f: offset 20: the header needs a type in quotes here, found '4'");
}
TEST(NpyRefusals, NeedTruthsThatAreNoughtOrOne) {
  EXPECT_EQ(error_of(file("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}\n", "\x01\x01\x02")),
            "f: offset 68: a |b1 is 0 or 1, found 2");
}
TEST(NpyRefusals, NeedCOrder) {
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': True, 'shape': ()}", 4),
            "f: offset 44: fortran_order is True; arrays in C order can be read; convert it: numpy.save(path, "
            "numpy.ascontiguousarray(array))");
  EXPECT_EQ(header_error("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 4),
            "f: offset 44: the header needs True or False here, found '0'");
}
TEST(NpyRefusals, NeedAShapeThatIsATupleOfExtents) {
  EXPECT_EQ(shape_error("4"), "f: offset 60: the header needs a tuple of extents here, found '4'");
  EXPECT_EQ(shape_error("(4)"), "f: offset 60: the shape (4) is a number, a tuple of one is (4,)");
  EXPECT_EQ(shape_error("(,)"), "f: offset 61: the header needs an extent, digits alone here, found ','");
  EXPECT_EQ(shape_error("(1 2)"), "f: offset 63: the header needs ',' or ')' here, found '2'");
  EXPECT_EQ(shape_error("(-1,)"), "f: offset 61: the shape has a negative extent");
  EXPECT_EQ(shape_error("(+1,)"), "f: offset 61: the header needs an extent, digits alone here, found '+'");
  EXPECT_EQ(shape_error("(3L,)"), "f: offset 62: the header needs ',' or ')' here, found 'L'");
  EXPECT_EQ(shape_error("(1.0,)"), "f: offset 62: the header needs ',' or ')' here, found '.'");
  EXPECT_EQ(shape_error("(010,)"), "f: offset 61: the shape has an extent with a leading 0");
  EXPECT_EQ(shape_error("(18446744073709551616,)"), "f: offset 61: the shape has an extent beyond 64 bits");
  EXPECT_EQ(shape_error("(1,1,1,1,1,1,1,1,1)"), "f: offset 60: the shape has more than 8 dimensions");
  EXPECT_EQ(shape_error("(1,"), "f: offset 63: the header needs an extent, digits alone here, found '}'");
}
TEST(NpyRefusals, NeedSizesWithin64Bits) {
  EXPECT_EQ(shape_error("(4294967296, 4294967296)"), "f: offset 60: the shape (4294967296, 4294967296) is beyond 64 bits");
  EXPECT_EQ(shape_error("(4611686018427387904,)"), "f: offset 60: the shape (4611686018427387904,) is beyond 64 bits")
      << "4 bytes a number";
  EXPECT_EQ(shape_error("(4294967296, 4294967296, 0)"), "no exception") << "an empty array";
}
TEST(NpyRefusals, NeedExactlyTheBytesPromised) {
  EXPECT_EQ(shape_error("(2,)", 7), "f: offset 66: the shape (2,) of <f4 takes 8 bytes, 7 follow; the file is cut short");
  EXPECT_EQ(shape_error("(65536, 65536)", 4),
            "f: offset 76: the shape (65536, 65536) of <f4 takes 17179869184 bytes, 4 follow; the file is cut short");
  EXPECT_EQ(shape_error("(2,)", 9),
            "f: offset 74: the shape (2,) of <f4 takes 8 bytes, 9 follow; what stands here belongs to nothing");
  EXPECT_EQ(shape_error("(0,)", 1),
            "f: offset 66: the shape (0,) of <f4 takes 0 bytes, 1 follow; what stands here belongs to nothing");
}
TEST(NpyRefusals, CutAtEveryByteIsRefused) {
  for (const std::string& whole : {format_npy({2, 3}, std::vector<float>(6)), format_npy({}, std::vector<double>{1})}) {
    EXPECT_EQ(error_of(whole), "no exception");
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(error_of(whole.substr(0, length)), "no exception") << length;
  }
}

}  // namespace
}  // namespace tocsin::explain
