// SPDX-License-Identifier: Apache-2.0
// SHA-256 and the cursor over bytes.
#include "tocsin/core/bytes.h"

#include <gtest/gtest.h>

#include "support/rows.h"

namespace tocsin {
namespace {

std::vector<unsigned char> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(bytes_of("abc"))[0], 0xba);
}

TEST(ByteReader, ReadsBothByteOrders) {
  const auto bytes = bytes_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\xf0\xf1\xf2\xf3\xf4");
  ByteReader reader("x", bytes);
  EXPECT_EQ(reader.u8("a"), 0x01u);
  EXPECT_EQ(reader.u16_little("b"), 0x0302u);
  EXPECT_EQ(reader.u32_big("c"), 0x04050607u);
  EXPECT_EQ(reader.u32_little("d"), 0x0b0a0908u);
  EXPECT_EQ(reader.offset(), 11u);
  EXPECT_EQ(reader.left(), 9u);
  EXPECT_EQ(reader.u64_little("e"), 0xf3f2f1f00f0e0d0cu);
  EXPECT_EQ(reader.take(1, "f")[0], 0xf4);
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_TRUE(reader.take(0, "g").empty());
}

TEST(ByteReader, NamesFileOffsetAndFieldOfWhatIsMissing) {
  const auto bytes = bytes_of("abcdef");
  using support::error_of;
  ByteReader reader("labels.gz", bytes);
  (void)reader.u32_big("the magic");
  EXPECT_EQ(error_of([&] { (void)reader.u32_big("the count"); }),
            "labels.gz: offset 4: the count needs 4 bytes, the data end after 2; the file is cut short");
  EXPECT_EQ(reader.offset(), 4u);  // a failed read moves nothing
  EXPECT_EQ(error_of([&] { (void)reader.take(~std::uint64_t{0}, "the pixels"); }),
            "labels.gz: offset 4: the pixels needs 18446744073709551615 bytes, the data end after 2; the file is cut short");
  EXPECT_EQ(error_of([&] { reader.fail("bad count", "fetch it again"); }), "labels.gz: offset 4: bad count; fetch it again");
  EXPECT_EQ(error_of([&] { reader.fail_at(0, "bad magic"); }), "labels.gz: offset 0: bad magic");
  const ByteReader inside("labels.gz", bytes, " of the decompressed data");
  EXPECT_EQ(error_of([&] { inside.fail("bad"); }), "labels.gz: offset 0 of the decompressed data: bad");
}

}  // namespace
}  // namespace tocsin
