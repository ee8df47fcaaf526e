// SPDX-License-Identifier: Apache-2.0
// Every malformed safetensors file of reliability.md 2.3 with its exact message, and the upstream project's own hostile cases
// (safetensors/src/tensor.rs and attacks/), with F32 where they say I32.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nn/safetensors_bytes.h"
#include "support/rows.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::nn {
namespace {
using safetensors_bytes::file;
using safetensors_bytes::in_memory;
using safetensors_bytes::length_bytes;
using safetensors_bytes::tensor;

std::string error_of(const std::string& bytes) {
  return support::error_of([&] { parse_safetensors(in_memory(bytes)); });
}
/// The error of a header with `data` bytes behind it.
std::string header_error(const std::string& header, std::size_t data = 0) { return error_of(file(header, data)); }

TEST(SafetensorsRefusals, StopAtALengthThatCannotBe) {
  EXPECT_EQ(error_of(""), "f: offset 0: the length of the header needs 8 bytes, the data end after 0; the file is cut short");
  EXPECT_EQ(error_of("1234567"),
            "f: offset 0: the length of the header needs 8 bytes, the data end after 7; the file is cut short");
  EXPECT_EQ(error_of(length_bytes(1) + "{"),
            "f: offset 0: the length of the header is 1, a header has at least 2 bytes; is this a safetensors file?");
  EXPECT_EQ(error_of(length_bytes(60)), "f: offset 0: the length of the header is 60, 0 bytes follow; is this a safetensors file?");
  EXPECT_EQ(error_of(length_bytes(9) + "{\"a\":{}}"),
            "f: offset 0: the length of the header is 9, 8 bytes follow; is this a safetensors file?");
  EXPECT_EQ(error_of(length_bytes((8 << 20) + 1) + std::string((8 << 20) + 1, ' ')),
            "f: offset 0: the length of the header is 8388609, at most 8388608 are read; is this a safetensors file?");
  EXPECT_EQ(error_of(length_bytes(~std::uint64_t{0}) + "{}"),
            "f: offset 0: the length of the header is 18446744073709551615, at most 8388608 are read; is this a safetensors file?");
}

TEST(SafetensorsRefusals, NeedABrace) {
  EXPECT_EQ(header_error(" {}"), "f: offset 8: the header must begin with '{', found byte 0x20; is this a safetensors file?");
  EXPECT_EQ(header_error("[1]"), "f: offset 8: the header must begin with '{', found byte 0x5b; is this a safetensors file?");
  EXPECT_EQ(header_error("\xef\xbb\xbf{}"),
            "f: offset 8: the header must begin with '{', found byte 0xef; is this a safetensors file?");
}

TEST(SafetensorsRefusals, NeedUtf8) {
  for (const char* bad :
       {"\xff", "\xc3(", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    EXPECT_EQ(header_error(std::string("{\"") + bad + "\":1}"), "f: offset 10: the header is not UTF-8 from here on") << bad;
  EXPECT_EQ(header_error("{" + tensor("\xf0\x9f\x94\x94 \u00fc \u20ac", "F32", "[0]", "[0,0]") + "}"), "no exception");
}

TEST(SafetensorsRefusals, NeedJson) {
  EXPECT_EQ(header_error("{\"a\""), "f: offset 12: the header is not valid JSON from here on; the file is damaged");
  EXPECT_EQ(header_error("{\"__metadata__\":{},}"), "f: offset 27: the header is not valid JSON from here on; the file is damaged");
  EXPECT_EQ(header_error("{}{}"), "f: offset 10: the header is not valid JSON from here on; the file is damaged");
  EXPECT_EQ(header_error("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e999]}}"),
            "f: offset 41: the header is not valid JSON from here on; the file is damaged");
  EXPECT_EQ(header_error("{\"\n\":1}"), "f: offset 10: the header is not valid JSON from here on; the file is damaged");
}

TEST(SafetensorsRefusals, PadWithSpacesOnly) {
  EXPECT_EQ(header_error("{}   "), "no exception");
  EXPECT_EQ(header_error(std::string("{}\0\0", 4)), "f: offset 11: the header is padded with byte 0x00, only spaces are allowed");
  EXPECT_EQ(header_error("{}\n "), "f: offset 10: the header is padded with byte 0x0a, only spaces are allowed");
  EXPECT_EQ(header_error("{}\r\x20\t\n"), "f: offset 13: the header is padded with byte 0x0a, only spaces are allowed")
      << "upstream accepts this one";
}

TEST(SafetensorsRefusals, NeedKnownFieldsEachOnce) {
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}})"),
            "f: offset 8: header: tensor 'a' has the unknown field 'x'; known: dtype, shape, data_offsets");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}})"),
            "f: offset 8: header: tensor 'a' has 'dtype' twice");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","shape":[0]}})"), "f: offset 8: header: tensor 'a' has no data_offsets");
  EXPECT_EQ(header_error(R"({"a":{"shape":[0],"data_offsets":[0,0]}})"), "f: offset 8: header: tensor 'a' has no dtype");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","data_offsets":[0,0]}})"), "f: offset 8: header: tensor 'a' has no shape");
  EXPECT_EQ(header_error(R"({"a":{}})"), "f: offset 8: header: tensor 'a' has no dtype");
}

TEST(SafetensorsRefusals, NeedNamesThatDiffer) {
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[0]", "[0,0]") + "," + tensor("a", "F32", "[1]", "[0,4]") + "}", 4),
            "f: offset 8: header: the name 'a' occurs twice");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[0]", "[0,0]") + "," + tensor("\\u0061", "F32", "[1]", "[0,4]") + "}", 4),
            "f: offset 8: header: the name 'a' occurs twice")
      << "also when one of them is written with an escape";
  EXPECT_EQ(header_error(R"({"__metadata__":{},"__metadata__":{}})"), "f: offset 8: header: the name '__metadata__' occurs twice");
  EXPECT_EQ(header_error(R"({"__metadata__":{"k":"1","k":"2"}})"), "f: offset 8: header: __metadata__ has 'k' twice");
}

TEST(SafetensorsRefusals, NeedAnElementTypeTheyCanRead) {
  EXPECT_EQ(header_error("{" + tensor("a", "F31", "[0]", "[0,0]") + "}"),
            "f: offset 8: header: tensor 'a' has dtype 'F31'; F32 and F64 can be read; convert it to float32");
  EXPECT_EQ(header_error("{" + tensor("a", "BF16", "[2]", "[0,4]") + "}", 4),
            "f: offset 8: header: tensor 'a' has dtype 'BF16'; F32 and F64 can be read; convert it to float32");
  EXPECT_EQ(header_error(R"({"a":{"dtype":7,"shape":[0],"data_offsets":[0,0]}})"),
            "f: offset 8: header: tensor 'a': dtype must be a string, found 7");
}

TEST(SafetensorsRefusals, NeedShapesOfUnsignedIntegers) {
  for (const char* bad : {"[-1]", "[1.0]", "[1e2]", "[\"1\"]", "[null]", "[true]", "[[1]]", "[{}]", "7", "null", "\"[1]\"", "{}",
                          "[18446744073709551616]"})
    EXPECT_THAT(header_error("{" + tensor("a", "F32", bad, "[0,4]") + "}", 4),
                testing::HasSubstr("tensor 'a': shape must be a list of unsigned integers, found "))
        << bad;
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[-1]", "[0,4]") + "}", 4),
            "f: offset 8: header: tensor 'a': shape must be a list of unsigned integers, found -1");
}

TEST(SafetensorsRefusals, NeedTwoOffsetsInOrder) {
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[1]", "[0]") + "}", 4),
            "f: offset 8: header: tensor 'a': data_offsets must be two unsigned integers, found a list of 1");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[1]", "[0,4,8]") + "}", 4),
            "f: offset 8: header: tensor 'a': data_offsets must be two unsigned integers, found a list of 3");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[1]", "[0,-4]") + "}", 4),
            "f: offset 8: header: tensor 'a': data_offsets must be two unsigned integers, found -4");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[1]", "4") + "}", 4),
            "f: offset 8: header: tensor 'a': data_offsets must be two unsigned integers, found 4");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[1]", "[8,4]") + "}", 8),
            "f: offset 8: header: tensor 'a' begins at 8 and ends at 4");
}

TEST(SafetensorsRefusals, NeedBytesThatFitShapeAndType) {
  EXPECT_EQ(header_error("{" + tensor("test", "F32", "[2,2]", "[0,4]") + "}", 4),
            "f: offset 8: header: tensor 'test' of shape [2, 2] and dtype F32 takes 16 bytes, its offsets span 4");
  EXPECT_EQ(header_error("{" + tensor("a", "F64", "[3]", "[0,12]") + "}", 12),
            "f: offset 8: header: tensor 'a' of shape [3] and dtype F64 takes 24 bytes, its offsets span 12");
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[]", "[0,4]") + "}", 4), "no exception") << "no extents: one number";
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[2,0]", "[0,0]") + "}"), "no exception") << "empty tensors are valid";
}

TEST(SafetensorsRefusals, NeedSizesWithin64Bits) {
  EXPECT_EQ(header_error("{" + tensor("test", "F32", "[2,18446744073709551614]", "[0,16]") + "}", 16),
            "f: offset 8: header: tensor 'test' has a shape [2, 18446744073709551614] beyond 64 bits");
  EXPECT_EQ(header_error("{" + tensor("test", "F32", "[2,9223372036854775807]", "[0,16]") + "}", 16),
            "f: offset 8: header: tensor 'test' has a shape [2, 9223372036854775807] beyond 64 bits");
}

TEST(SafetensorsRefusals, NeedTensorsWithoutHoleOverlapOrTail) {
  const std::string a = tensor("a", "F32", "[2]", "[0,8]");
  EXPECT_EQ(header_error("{" + a + "," + tensor("b", "F32", "[1]", "[12,16]") + "}", 16),
            "f: offset 125: 4 bytes before tensor 'b' belong to no tensor");
  EXPECT_EQ(header_error("{" + a + "," + tensor("b", "F32", "[1]", "[4,8]") + "}", 8),
            "f: offset 119: tensor 'b' overlaps the tensor before it by 4 bytes");
  EXPECT_EQ(header_error("{" + tensor("b", "F32", "[1]", "[4,8]") + "}", 8),
            "f: offset 62: 4 bytes before tensor 'b' belong to no tensor");
  EXPECT_EQ(header_error("{" + a + "}", 11), "f: offset 70: 3 bytes behind the last tensor belong to none");
  EXPECT_EQ(header_error("{" + a + "}", 6), "f: offset 68: the tensors need 8 bytes, the file holds 6; the file is cut short");
  EXPECT_EQ(header_error("{}", 1), "f: offset 10: 1 bytes behind the last tensor belong to none");
  EXPECT_EQ(header_error("{" + tensor("b", "F32", "[1]", "[8,12]") + "," + a + "}", 12), "no exception")
      << "the header may be in any order";
  EXPECT_EQ(header_error("{" + tensor("a", "F32", "[4]", "[0,16]") + "," + tensor("b", "F32", "[1]", "[12,16]") + "}", 8),
            "f: offset 126: tensor 'b' overlaps the tensor before it by 4 bytes")
      << "no offset lies outside the file";
}

TEST(SafetensorsRefusals, NeedMetadataOfStrings) {
  EXPECT_EQ(header_error(R"({"__metadata__":{"a":1}})"), "f: offset 8: header: __metadata__ 'a' must be a string, found 1");
  EXPECT_EQ(header_error(R"({"__metadata__":{"a":{"b":"c"}}})"),
            "f: offset 8: header: __metadata__ 'a' must be a string, found an object");
  EXPECT_EQ(header_error(R"({"__metadata__":"pt"})"),
            "f: offset 8: header: __metadata__ must be an object of strings, found a string");
  EXPECT_EQ(header_error(R"({"__metadata__":null})"), "f: offset 8: header: __metadata__ must be an object of strings, found null");
}

TEST(SafetensorsRefusals, NeedTensorsThatAreObjects) {
  EXPECT_EQ(header_error(R"({"a":1})"), "f: offset 8: header: tensor 'a' must be an object, found 1");
  EXPECT_EQ(header_error(R"({"a":[]})"), "f: offset 8: header: tensor 'a' must be an object, found a list");
}

TEST(SafetensorsRefusals, EndNamesAt256Bytes) {
  EXPECT_EQ(header_error("{" + tensor(std::string(256, 'n'), "F32", "[0]", "[0,0]") + "}"), "no exception");
  EXPECT_EQ(header_error("{" + tensor(std::string(257, 'n'), "F32", "[0]", "[0,0]") + "}"),
            "f: offset 8: header: the name 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...' has 257 bytes, at most 256 are allowed");
}

TEST(SafetensorsRefusals, EndAt65536Tensors) {
  std::string header = "{";
  for (int i = 0; i < 65536; ++i) header += tensor(std::to_string(i), "F32", "[0]", "[0,0]") + ",";
  EXPECT_EQ(header_error(header.substr(0, header.size() - 1) + "}"), "no exception");
  EXPECT_EQ(header_error(header + tensor("last", "F32", "[0]", "[0,0]") + "}"), "f: offset 8: header: more than 65536 tensors");
}

TEST(SafetensorsRefusals, DoNotFollowANestingBomb) {
  const std::string deep(1000000, '[');
  EXPECT_EQ(header_error("{\"a\":{\"dtype\":\"F32\",\"shape\":" + deep),
            "f: offset 8: header: tensor 'a': shape must be a list of unsigned integers, found a list");
  std::string objects = "{";
  for (int i = 0; i < 100000; ++i) objects += "\"a\":{";
  EXPECT_EQ(header_error(objects), "f: offset 8: header: tensor 'a' has the unknown field 'a'; known: dtype, shape, data_offsets");
}

TEST(SafetensorsRefusals, MirrorTheUpstreamAttacks) {
  // tensor.rs test_json_attack, attacks/safetensors_abuse_attempt_2 and _3: many names for the same bytes
  std::string header = "{";
  for (int i = 0; i < 10; ++i) header += (i > 0 ? "," : "") + tensor("weight_" + std::to_string(i), "F32", "[2,2]", "[0,16]");
  EXPECT_EQ(header_error(header + "}", 16), "f: offset 639: tensor 'weight_1' overlaps the tensor before it by 16 bytes");
  // test_metadata_incomplete_buffer: a polyglot's tail, missing bytes
  const std::string whole = file("{" + tensor("test", "F32", "[2,2]", "[0,16]") + "}", 16);
  EXPECT_EQ(error_of(whole), "no exception");
  EXPECT_EQ(error_of(whole + "extra_bogus_data_for_polyglot_file"), "f: offset 84: 34 bytes behind the last tensor belong to none");
  EXPECT_EQ(error_of(whole.substr(0, whole.size() - 2)),
            "f: offset 82: the tensors need 16 bytes, the file holds 14; the file is cut short");
  // test_header_too_large, attacks/safetensors_abuse_attempt_1
  EXPECT_EQ(error_of(std::string("<\0\0\0\0\xff\xff\xff", 8) + whole.substr(8)),
            "f: offset 0: the length of the header is 18446742974197923900, at most 8388608 are read; is this a safetensors file?");
  EXPECT_EQ(error_of(length_bytes(1000) + whole.substr(8)),
            "f: offset 0: the length of the header is 1000, 76 bytes follow; is this a safetensors file?");
  // test_invalid_header_non_utf8 and _not_json: one byte is too short for any header
  EXPECT_EQ(error_of(length_bytes(1) + "\xff"),
            "f: offset 0: the length of the header is 1, a header has at least 2 bytes; is this a safetensors file?");
  // test_whitespace_leading_padded_header: upstream accepts it now, the format's text does not
  EXPECT_EQ(error_of(length_bytes(6) + "\t\n{}\r "),
            "f: offset 8: the header must begin with '{', found byte 0x09; is this a safetensors file?");
}

TEST(SafetensorsRefusals, CutAtEveryByteIsRefused) {
  const std::string whole =
      file("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F64", "[1,1]", "[8,16]") + "}  ", 16);
  EXPECT_EQ(error_of(whole), "no exception");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(error_of(whole.substr(0, length)), "no exception") << length;
}

}  // namespace
}  // namespace tocsin::nn
