// SPDX-License-Identifier: Apache-2.0
// One file: everything that can be wrong with it, plain and packed, with the exact text of each error.
#include <gtest/gtest.h>

#include "idx_files.h"
#include "support/rows.h"

namespace tocsin::data {
namespace {

using support::Bytes;
using support::counting;
using support::error_of;
using support::gzip;
using support::idx_bytes;
using support::in_memory;

constexpr std::uint64_t kCap = 1'000'000;

Bytes with(Bytes bytes, std::size_t at, unsigned char value) {
  bytes.at(at) = value;
  return bytes;
}
Bytes cut(Bytes bytes, std::size_t length) {
  bytes.resize(length);
  return bytes;
}

const Bytes kLabels = idx_bytes({3}, {0, 1, 2});
const Bytes kImages = idx_bytes({2, 2, 3}, counting(12));

std::string error(const Bytes& bytes, std::size_t rank, std::uint64_t cap = kCap) {
  return error_of([&] { parse_idx(in_memory(bytes), rank, cap); });
}

TEST(Idx, ReadsLabels) {
  for (const Bytes& bytes : {kLabels, gzip(kLabels)}) {
    const Idx idx = parse_idx(in_memory(bytes), 1, kCap);
    EXPECT_EQ(idx.dimensions, (std::vector<std::size_t>{3}));
    EXPECT_EQ(idx.values, (std::vector<std::uint8_t>{0, 1, 2}));
  }
}

TEST(Idx, ReadsImagesOfThreeOrFourDimensions) {
  for (const std::vector<std::uint32_t>& dimensions : {std::vector<std::uint32_t>{2, 2, 3}, {2, 1, 2, 3}}) {
    const Bytes plain = idx_bytes(dimensions, counting(12));
    for (const Bytes& bytes : {plain, gzip(plain)}) {
      const Idx idx = parse_idx(in_memory(bytes), 3, kCap);
      EXPECT_EQ(idx.dimensions, std::vector<std::size_t>(dimensions.begin(), dimensions.end()));
      EXPECT_EQ(idx.values, counting(12));
    }
  }
}

TEST(Idx, KnowsTheKindByContentNotByName) {
  EXPECT_FALSE(parse_idx(in_memory(kLabels, "labels.gz"), 1, kCap).gzip);
  EXPECT_TRUE(parse_idx(in_memory(gzip(kLabels), "labels.idx"), 1, kCap).gzip);
}

TEST(Idx, RemembersWhereItCameFrom) {
  const support::Folder folder;
  const std::string path = folder.put("labels", gzip(kLabels));
  const Idx idx = read_idx(path, 1, kCap);
  EXPECT_EQ(idx.source.path, path);
  EXPECT_EQ(idx.source.size, gzip(kLabels).size());
  EXPECT_EQ(idx.source.sha256, sha256_hex(gzip(kLabels)));
}

struct Malformed {
  const char* what;
  Bytes bytes;
  std::size_t rank;
  int offset;  ///< into the plain bytes, also where they come packed
  std::string message;
};

std::vector<Malformed> malformed() {
  const char* const short_header = "; the file is cut short";
  return {
      {"empty", {}, 1, 0, fmt::format("the magic number needs 4 bytes, the data end after 0{}", short_header)},
      {"three bytes", {0, 0, 8}, 1, 0, fmt::format("the magic number needs 4 bytes, the data end after 3{}", short_header)},
      {"text", {'5', ',', '0', ','}, 1, 0, "expected an IDX file, which begins 00 00 08, found 35 2c 30 2c; is this CSV?"},
      {"no zeros", with(kLabels, 1, 7), 1, 0, "expected an IDX file, which begins 00 00 08, found 00 07 08 01"},
      {"signed bytes", with(kLabels, 2, 9), 1, 2, "expected type 08 (unsigned bytes), found 09 (signed bytes)"},
      {"shorts", with(kLabels, 2, 0x0b), 1, 2, "expected type 08 (unsigned bytes), found 0b (16-bit integers)"},
      {"integers", with(kLabels, 2, 0x0c), 1, 2, "expected type 08 (unsigned bytes), found 0c (32-bit integers)"},
      {"floats", with(kImages, 2, 0x0d), 3, 2, "expected type 08 (unsigned bytes), found 0d (32-bit floats)"},
      {"doubles", with(kImages, 2, 0x0e), 3, 2, "expected type 08 (unsigned bytes), found 0e (64-bit floats)"},
      {"no type", with(kImages, 2, 0), 3, 2, "expected type 08 (unsigned bytes), found 00 (no type of the format)"},
      {"images as labels", kImages, 1, 3, "expected 1 dimension (labels), found 3; this looks like the image file"},
      {"labels as images", kLabels, 3, 3, "expected 3 or 4 dimensions (images), found 1; this looks like the label file"},
      {"rank 0", {0, 0, 8, 0}, 1, 3, "expected 1 dimension (labels), found 0"},
      {"rank 2", idx_bytes({3, 1}, {0, 1, 2}), 1, 3, "expected 1 dimension (labels), found 2"},
      {"rank 5", idx_bytes({1, 1, 1, 1, 1}, {0}), 3, 3, "expected 3 or 4 dimensions (images), found 5"},
      {"rank 255", with(kImages, 3, 255), 3, 3, "expected 3 or 4 dimensions (images), found 255"},
      {"no samples", idx_bytes({0}, {}), 1, 4, "dimension 1 of 1 is 0; a data set needs samples"},
      {"no width", idx_bytes({2, 2, 0}, {}), 3, 12, "dimension 3 of 3 is 0; a data set needs samples"},
      {"cut in a dimension", cut(kImages, 14), 3, 12,
       fmt::format("dimension 3 needs 4 bytes, the data end after 2{}", short_header)},
      {"overflow", idx_bytes({4294967295, 4294967295, 4294967295}, counting(4)), 3, 4,
       "4,294,967,295 x 4,294,967,295 x 4,294,967,295 values are more than any file holds"},
      {"wraps to 0", idx_bytes({65536, 65536, 65536, 65536}, counting(4)), 3, 4,
       "65,536 x 65,536 x 65,536 x 65,536 values are more than any file holds"},
      {"beyond the cap", idx_bytes({65535, 1, 65535}, counting(64)), 3, 4,
       "65,535 x 1 x 65,535 = 4,294,836,225 bytes, 1,000,000 are allowed; raise [data] max_bytes if the file is right"},
      {"short data", idx_bytes({2, 2, 3}, counting(11)), 3, 16,
       "expected 12 bytes (2 x 2 x 3), found 11; the file is cut short, fetch it again"},
      {"no data", idx_bytes({3}, {}), 1, 8, "expected 3 bytes (3), found 0; the file is cut short, fetch it again"},
  };
}

TEST(Idx, RefusesEveryMalformedFile) {
  for (const Malformed& one : malformed())
    EXPECT_EQ(error(one.bytes, one.rank), fmt::format("f.idx: offset {}: {}", one.offset, one.message)) << one.what;
}

TEST(Idx, RefusesEveryMalformedFileInGzipAsWell) {
  for (const Malformed& one : malformed())
    EXPECT_EQ(error(gzip(one.bytes), one.rank),
              fmt::format("f.idx: offset {} of the decompressed data: {}", one.offset, one.message))
        << one.what;
}

TEST(Idx, RefusesMoreThanTheHeaderSays) {
  const Bytes longer = idx_bytes({3}, counting(1003));
  EXPECT_EQ(error(longer, 1), "f.idx: offset 8: expected 3 bytes (3), found 1,003; the file is longer than its header says");
  // The inflater stops one byte past the declared size; how many follow nobody knows, and where it stood is up to zlib.
  const std::string packed = error(gzip(longer), 1);
  EXPECT_TRUE(packed.ends_with(": inflates to more than the 11 bytes expected")) << packed;
}

TEST(Idx, SaysTheOffsetApartFromTheText) {
  try {
    parse_idx(in_memory(gzip(idx_bytes({3}, {1, 2}))), 1, kCap);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_EQ(error.file(), "f.idx");
    EXPECT_EQ(error.offset(), 8u);
    EXPECT_EQ(error.message(), "expected 3 bytes (3), found 2");
    EXPECT_EQ(error.hint(), "the file is cut short, fetch it again");
  }
}

TEST(Idx, RefusesAHeaderThatItsBytesCannotJustify) {
  // 65,535 x 65,535 in a file of 100 bytes: refused from the header, although the cap would allow it.
  const Bytes lie = idx_bytes({65535, 1, 65535}, counting(84));
  constexpr std::uint64_t kLarge = std::uint64_t{1} << 40;
  EXPECT_EQ(
      error(lie, 3, kLarge),
      "f.idx: offset 16: expected 4,294,836,225 bytes (65,535 x 1 x 65,535), found 84; the file is cut short, fetch it again");
  const Bytes packed = gzip(lie);
  EXPECT_EQ(
      error(packed, 3, kLarge),
      fmt::format("f.idx: offset 4 of the decompressed data: 65,535 x 1 x 65,535 = 4,294,836,225 bytes, but {} compressed bytes "
                  "cannot hold so many",
                  packed.size()));
}

TEST(Idx, RefusesEveryCut) {
  for (const Bytes& whole : {kImages, gzip(kImages)})
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_THROW(parse_idx(in_memory(cut(whole, length)), 3, kCap), DataError) << length;
}

TEST(Idx, RefusesEveryChangedHeaderByte) {
  for (std::size_t at = 0; at < 16; ++at)
    for (unsigned change = 1; change < 256; ++change) {
      const auto value = static_cast<unsigned char>(kImages[at] ^ change);
      EXPECT_THROW(parse_idx(in_memory(with(kImages, at, value)), 3, kCap), DataError) << at << ' ' << change;
    }
}

TEST(Idx, NeverTakesAChangedGzipByteForOtherData) {
  const Bytes whole = gzip(kImages);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (unsigned change = 1; change < 256; ++change) {
      const Bytes changed = with(whole, at, static_cast<unsigned char>(whole[at] ^ change));
      try {  // a few bits are no part of the data: time, system, padding behind the last deflate block
        EXPECT_EQ(parse_idx(in_memory(changed), 3, kCap).values, counting(12)) << at << ' ' << change;
      } catch (const DataError&) {
      }
    }
}

TEST(Idx, RefusesFaultsOfTheGzipFile) {
  const Bytes good = gzip(kLabels);
  Bytes two = good, trailing = good;
  two.insert(two.end(), good.begin(), good.end());
  trailing.push_back('x');
  const std::size_t end = good.size();
  EXPECT_EQ(error(two, 1), fmt::format("f.idx: offset {}: a second gzip member begins here, expected the end of the file", end));
  EXPECT_EQ(error(trailing, 1), fmt::format("f.idx: offset {}: 1 bytes follow the trailer, expected the end of the file", end));
  EXPECT_EQ(error(with(good, 3, 0xe0), 1), "f.idx: offset 3: reserved bits are set in the flags 0xe0");
  EXPECT_THROW(parse_idx(in_memory(with(good, end - 1, 1)), 1, kCap), DataError);
  EXPECT_THROW(parse_idx(in_memory(with(good, end - 8, static_cast<unsigned char>(good[end - 8] ^ 1u))), 1, kCap), DataError);
}

TEST(Idx, CountsHeaderAndValuesAgainstTheCap) {
  EXPECT_EQ(parse_idx(in_memory(kLabels), 1, 11).values.size(), 3u);
  EXPECT_EQ(error(kLabels, 1, 10), "f.idx: offset 4: 3 = 3 bytes, 10 are allowed; raise [data] max_bytes if the file is right");
}

TEST(Idx, RefusesWhatIsNoRegularFile) {
  const support::Folder folder;
  EXPECT_EQ(error_of([&] { read_idx(folder.path(), 1, kCap); }), folder.path() + ": is not a regular file");
  EXPECT_THROW(read_idx(folder.path("none"), 1, kCap), DataError);
}

}  // namespace
}  // namespace tocsin::data
