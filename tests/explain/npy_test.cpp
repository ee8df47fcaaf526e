// SPDX-License-Identifier: Apache-2.0
// Files that NumPy 2.4 wrote (numpy.save; the second format by numpy.lib.format.write_array), and what is written read again.
#include "tocsin/explain/npy.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "explain/npy_bytes.h"
#include "support/rows.h"

namespace tocsin::explain {
namespace {
using npy_bytes::in_memory;
using namespace std::string_literals;

std::string blanks(std::size_t count) { return std::string(count, ' '); }
template <class T>
std::vector<T> values_of(const Npy& array) {
  return std::get<std::vector<T>>(array.values);
}

TEST(Npy, ReadsFloatsOfNumPyBitByBit) {
  const Npy array =
      parse_npy(in_memory("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"s + blanks(58) +
                          "\n\x00\x00\x80?\x00\x00 \xc0\x00\x00\x00\x00\x00\x00\x80\x7f\x00\x00\xc0\x7f\x02\x00\x00\x00"s));
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 3}));
  std::vector<std::uint32_t> bits;
  for (const float value : values_of<float>(array)) bits.push_back(std::bit_cast<std::uint32_t>(value));
  EXPECT_EQ(bits, (std::vector<std::uint32_t>{0x3f800000, 0xc0200000, 0, 0x7f800000, 0x7fc00000, 2}));
}
TEST(Npy, ReadsANumberWithoutDimensions) {
  const Npy array = parse_npy(in_memory("\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (), }"s +
                                        blanks(62) + "\n\x9a\x99\x99\x99\x99\x99\xb9?"s));
  EXPECT_TRUE(array.shape.empty());
  EXPECT_EQ(values_of<double>(array), (std::vector<double>{0.1}));
}
TEST(Npy, ReadsIntegersOfNumPy) {
  const Npy bytes = parse_npy(
      in_memory("\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"s + blanks(60) + "\n\x07\xff"s));
  EXPECT_EQ(bytes.shape, (std::vector<std::size_t>{2}));
  EXPECT_EQ(values_of<std::uint8_t>(bytes), (std::vector<std::uint8_t>{7, 255}));
  const Npy wide = parse_npy(in_memory("\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1, 1), }"s +
                                       blanks(55) + "\n\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x01\x00\x00"s));
  EXPECT_EQ(wide.shape, (std::vector<std::size_t>{2, 1, 1}));
  EXPECT_EQ(values_of<std::int64_t>(wide), (std::vector<std::int64_t>{-1, std::int64_t{1} << 40}));
  const Npy none = parse_npy(
      in_memory("\x93NUMPY\x01\x00v\x00{'descr': '<i4', 'fortran_order': False, 'shape': (0, 3), }"s + blanks(58) + "\n"));
  EXPECT_EQ(none.shape, (std::vector<std::size_t>{0, 3}));
  EXPECT_TRUE(values_of<std::int32_t>(none).empty());
}
TEST(Npy, ReadsTruthsOfNumPyAsNoughtAndOne) {
  const Npy truths = parse_npy(in_memory("\x93NUMPY\x01\x00v\x00{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }"s +
                                         blanks(60) + "\n\x01\x00\x01"s));
  EXPECT_EQ(values_of<std::uint8_t>(truths), (std::vector<std::uint8_t>{1, 0, 1}));
}
TEST(Npy, ReadsTheSecondAndThirdFormat) {
  const std::string rest =
      "\x00t\x00\x00\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"s + blanks(58) + "\n\x00\x00\x80?"s;
  EXPECT_EQ(values_of<float>(parse_npy(in_memory("\x93NUMPY\x02" + rest))), (std::vector<float>{1}));
  EXPECT_EQ(values_of<float>(parse_npy(in_memory("\x93NUMPY\x03" + rest))), (std::vector<float>{1}));
}
TEST(Npy, ReadsAnyOrderOfKeysAndEitherQuote) {
  const Npy array = parse_npy(in_memory(npy_bytes::file("{ \"shape\" :( 1 ,2, ),'fortran_order':False,'descr':\"|u1\"}\n", "ab")));
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(values_of<std::uint8_t>(array), (std::vector<std::uint8_t>{'a', 'b'}));
}

TEST(Npy, WritesWhatNumPyWrites) {
  EXPECT_EQ(format_npy({2, 3}, std::vector<float>{1, -2.5, 0, HUGE_VALF, std::bit_cast<float>(0x7fc00000), 3e-45f}),
            "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"s + blanks(58) +
                "\n\x00\x00\x80?\x00\x00 \xc0\x00\x00\x00\x00\x00\x00\x80\x7f\x00\x00\xc0\x7f\x02\x00\x00\x00"s);
  EXPECT_EQ(format_npy({}, std::vector<double>{0.1}),
            "\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (), }"s + blanks(62) +
                "\n\x9a\x99\x99\x99\x99\x99\xb9?"s);
}
TEST(Npy, ReadsBackWhatItWrites) {
  const std::vector<Npy> arrays = {{{2, 2}, std::vector<float>{1, -0.0f, 3.5f, 1e38f}},
                                   {{3}, std::vector<double>{1e300, -1, 0}},
                                   {{1, 1, 1, 1, 1, 1, 1, 1}, std::vector<std::uint8_t>{9}},
                                   {{2}, std::vector<std::int32_t>{-5, 1 << 30}},
                                   {{0, 7}, std::vector<std::int64_t>{}}};
  for (const Npy& array : arrays) {
    const std::string bytes = format_npy(array);
    EXPECT_EQ((bytes.size() - std::visit([](const auto& v) { return v.size() * sizeof(v[0]); }, array.values)) % 64, 0u);
    const Npy again = parse_npy(in_memory(bytes));
    EXPECT_EQ(again.shape, array.shape);
    EXPECT_EQ(again.values, array.values);
  }
}
TEST(Npy, GoesThroughAFile) {
  const std::string path = std::string(TOCSIN_BINARY_DIR) + "/map.npy";
  write_npy(path, {1, 2}, std::vector<float>{4, 5});
  EXPECT_EQ(values_of<float>(read_npy(path)), (std::vector<float>{4, 5}));
}
TEST(Npy, WritesNoShapeThatLies) {
  EXPECT_EQ(support::error_of([] { format_npy({2, 3}, std::vector<float>(5)); }), "npy: the shape (2, 3) does not hold 5 values");
  EXPECT_EQ(support::error_of([] {
              format_npy({std::size_t{1} << 63, 2}, std::vector<float>{});
            }),
            "npy: the shape (9223372036854775808, 2) does not hold 0 values");
  EXPECT_EQ(support::error_of([] { format_npy(std::vector<std::size_t>(9, 1), std::vector<float>{1}); }), "npy: rank 9 is above 8");
}

}  // namespace
}  // namespace tocsin::explain
