// SPDX-License-Identifier: Apache-2.0
// gzip: every malformed case of reliability.md 2.3 with its exact message, cuts at every byte, and honest files of all shapes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

#include "support/rows.h"
#include "tocsin/core/bytes.h"
#include "tocsin/core/random.h"

namespace tocsin {
namespace {

using Bytes = std::vector<unsigned char>;
using support::error_of;

constexpr std::uint64_t kLimit = 1 << 20;

Bytes deflated(const Bytes& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  Bytes result(deflateBound(&stream, data.size()));
  stream.next_in = const_cast<unsigned char*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = result.data();
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

void append_little(Bytes& bytes, std::size_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<unsigned char>(value >> (8 * i)));
}

/// A gzip member with the given flags and the fields behind the fixed header.
Bytes member(const Bytes& data, unsigned char flags = 0, const Bytes& fields = {}) {
  Bytes result{0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3};
  result.insert(result.end(), fields.begin(), fields.end());
  const Bytes body = deflated(data);
  result.insert(result.end(), body.begin(), body.end());
  append_little(result, crc32_z(0, data.data(), data.size()), 4);
  append_little(result, data.size(), 4);
  return result;
}

Bytes text(std::string_view characters) { return {characters.begin(), characters.end()}; }

const Bytes kData = text("federated federated federated");
const Bytes kGood = member(kData);

std::string fault_of(const Bytes& bytes, std::uint64_t limit = kLimit) {
  return error_of([&] { gunzip(bytes, "x.gz", limit); });
}

Bytes changed(std::size_t at, unsigned char value, Bytes bytes = kGood) {
  bytes.at(at) = value;
  return bytes;
}

TEST(Gunzip, ReadsAMember) {
  EXPECT_EQ(gunzip(kGood, "x.gz", kLimit), kData);
  EXPECT_EQ(gunzip(kGood, "x.gz", kData.size()), kData);  // exactly the limit
  EXPECT_EQ(gunzip(member({}), "x.gz", 0), Bytes());
}

TEST(Gunzip, ReadsEveryOptionalField) {
  EXPECT_EQ(gunzip(member(kData, 4, {3, 0, 'a', 'b', 'c'}), "x.gz", kLimit), kData);
  EXPECT_EQ(gunzip(member(kData, 8, text(std::string_view("name\0", 5))), "x.gz", kLimit), kData);
  EXPECT_EQ(gunzip(member(kData, 16, text(std::string_view("remark\0", 7))), "x.gz", kLimit), kData);
  Bytes all{0x1f, 0x8b, 8, 2 | 4 | 8 | 16 | 1, 0, 0, 0, 0, 0, 3, 0, 0, 'n', 0, 'c', 0};
  const auto check = crc32_z(0, all.data(), all.size());
  Bytes fields(all.begin() + 10, all.end());
  append_little(fields, check & 0xffff, 2);
  EXPECT_EQ(gunzip(member(kData, 31, fields), "x.gz", kLimit), kData);
  fields[0 + 6] ^= 1;
  EXPECT_EQ(fault_of(member(kData, 31, fields)).substr(0, 47),
            "x.gz: offset 16: the header's CRC-16 is 0x" + fmt::format("{:04x}", check & 0xffff) + ",");
}

TEST(Gunzip, RefusesAHeaderThatIsNotGzip) {
  EXPECT_EQ(fault_of({}), "x.gz: offset 0: the gzip signature needs 2 bytes, the data end after 0; the file is cut short");
  EXPECT_EQ(fault_of(text("PK\x03\x04")), "x.gz: offset 0: begins with 50 4b, a gzip file begins with 1f 8b");
  EXPECT_EQ(fault_of(changed(2, 7)), "x.gz: offset 2: compression method 7, expected 8 (deflate)");
  EXPECT_EQ(fault_of(changed(3, 0x20)), "x.gz: offset 3: reserved bits are set in the flags 0x20");
  EXPECT_EQ(fault_of(changed(3, 0x80)), "x.gz: offset 3: reserved bits are set in the flags 0x80");
}

TEST(Gunzip, RefusesHeaderFieldsPastTheEnd) {
  EXPECT_EQ(fault_of({0x1f, 0x8b, 8, 0, 0, 0}),
            "x.gz: offset 4: time, extra flags and system needs 6 bytes, the data end after 2; the file is cut short");
  EXPECT_EQ(fault_of({0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 200, 1, 7}),
            "x.gz: offset 12: the extra field needs 456 bytes, the data end after 1; the file is cut short");
  EXPECT_EQ(fault_of({0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 'a', 'b'}),
            "x.gz: offset 12: the file name needs 1 bytes, the data end after 0; the file is cut short");
  EXPECT_EQ(fault_of({0x1f, 0x8b, 8, 16, 0, 0, 0, 0, 0, 3, 'a'}),
            "x.gz: offset 11: the comment needs 1 bytes, the data end after 0; the file is cut short");
}

TEST(Gunzip, RefusesEveryCutOfAFile) {
  for (std::size_t length = 0; length < kGood.size(); ++length) {
    const Bytes cut(kGood.begin(), kGood.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THROW(gunzip(cut, "x.gz", kLimit), DataError) << length;
  }
  const std::size_t body = kGood.size() - 8;
  Bytes cut(kGood.begin(), kGood.begin() + static_cast<std::ptrdiff_t>(body) - 3);
  EXPECT_EQ(
      fault_of(cut),
      fmt::format("x.gz: offset {}: the data end within the deflate stream; the file is cut short, fetch it again", body - 3));
  cut.assign(kGood.begin(), kGood.end() - 2);
  EXPECT_EQ(fault_of(cut),
            fmt::format("x.gz: offset {}: the length in the trailer needs 4 bytes, the data end after 2; the file is cut short",
                        body + 4));
}

TEST(Gunzip, RefusesInvalidDeflateInZlibsWords) {
  EXPECT_EQ(fault_of(changed(10, 0x07)), "x.gz: offset 11: invalid deflate data: invalid block type");
  const Bytes stored{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 5, 0, 5, 0, 'a'};
  EXPECT_EQ(fault_of(stored), "x.gz: offset 15: invalid deflate data: invalid stored block lengths");
}

TEST(Gunzip, RefusesATrailerThatDiffers) {
  const std::size_t trailer = kGood.size() - 8;
  const auto check = static_cast<std::uint32_t>(crc32_z(0, kData.data(), kData.size()));
  EXPECT_EQ(fault_of(changed(trailer, static_cast<unsigned char>(kGood[trailer] ^ 0x10))),
            fmt::format("x.gz: offset {}: the data's CRC-32 is 0x{:08x}, the trailer says 0x{:08x}", trailer, check, check ^ 0x10));
  EXPECT_EQ(fault_of(changed(trailer + 4, 30)),
            fmt::format("x.gz: offset {}: inflated to 29 bytes, the trailer says 30", trailer + 4));
}

TEST(Gunzip, RefusesWhatFollowsTheTrailer) {
  Bytes two = kGood;
  two.insert(two.end(), kGood.begin(), kGood.end());
  EXPECT_EQ(fault_of(two),
            fmt::format("x.gz: offset {}: a second gzip member begins here, expected the end of the file", kGood.size()));
  Bytes padded = kGood;
  padded.resize(padded.size() + 5);
  EXPECT_EQ(fault_of(padded),
            fmt::format("x.gz: offset {}: 5 bytes follow the trailer, expected the end of the file", kGood.size()));
}

TEST(Gunzip, RefusesMoreThanTheLimitWithoutUnpackingIt) {
  const Bytes bomb = member(Bytes(50'000'000, 0));
  const std::string fault = fault_of(bomb, 1000);
  EXPECT_TRUE(fault.ends_with("inflates to more than the 1000 bytes expected")) << fault;
  EXPECT_EQ(fault_of(kGood, 28), fault_of(kGood, 28));
  EXPECT_TRUE(fault_of(kGood, 28).ends_with("inflates to more than the 28 bytes expected"));
  EXPECT_TRUE(fault_of(kGood, 0).ends_with("inflates to more than the 0 bytes expected"));
}

TEST(Gunzip, DoesNotBelieveALengthThatLies) {
  Bytes liar = kGood;
  for (std::size_t i = liar.size() - 4; i < liar.size(); ++i) liar[i] = 0xff;
  EXPECT_TRUE(fault_of(liar, ~std::uint64_t{0}).ends_with("inflated to 29 bytes, the trailer says 4294967295"));
}

TEST(GunzipStart, UnpacksOnlyTheBeginning) {
  EXPECT_EQ(gunzip_start(kGood, "x.gz", 9), text("federated"));
  EXPECT_EQ(gunzip_start(kGood, "x.gz", 1000), kData);
  EXPECT_THROW(gunzip_start(text("no gzip"), "x.gz", 9), DataError);
}

RC_GTEST_PROP(Gunzip, ReturnsWhatWasDeflated, (std::uint64_t seed)) {
  const auto size = *rc::gen::inRange<std::size_t>(0, 300000);
  const auto values = *rc::gen::inRange<std::uint64_t>(1, 257);  // few values compress well
  Draws draws{Stream(seed)};
  Bytes data(size);
  for (unsigned char& byte : data) byte = static_cast<unsigned char>(draws.below(values));
  RC_ASSERT(gunzip(member(data), "x.gz", kLimit) == data);
}

}  // namespace
}  // namespace tocsin
