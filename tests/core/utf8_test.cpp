// SPDX-License-Identifier: Apache-2.0
#include "tocsin/core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin {
namespace {

/// The shortest form of a code point, by RFC 3629, section 3.
std::string encoded(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  const auto tail = [&](std::uint32_t shift) { return byte(0x80u | (code >> shift & 0x3fu)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0u | code >> 6), tail(0)};
  if (code < 0x10000) return {byte(0xe0u | code >> 12), tail(6), tail(0)};
  return {byte(0xf0u | code >> 18), tail(12), tail(6), tail(0)};
}

TEST(Utf8, ReadsEveryCodePointButSurrogatesFromItsShortestForm) {
  for (std::uint32_t code = 0; code < 0x120000; ++code) {
    std::uint32_t found = 0;
    const std::string text = encoded(code);
    const bool exists = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    ASSERT_EQ(decode_utf8(text, found), exists ? text.size() : 0u) << code;
    if (!exists) continue;
    ASSERT_EQ(found, code);
  }
}

TEST(Utf8, RefusesOverlongFormsAndSequencesCutShort) {
  for (const std::string text :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\x80", "\xff", "\xc3", "\xe2\x82", "\xc3("}) {
    std::uint32_t code = 0;
    EXPECT_EQ(decode_utf8(text, code), 0u) << text;
  }
}

TEST(Utf8, SaysWhereTheFirstBadByteStands) {
  EXPECT_EQ(not_utf8(""), std::nullopt);
  EXPECT_EQ(not_utf8("caf\xc3\xa9 \xe2\x82\xac"), std::nullopt);
  EXPECT_EQ(not_utf8("caf\xe9 au lait"), 3u);
  EXPECT_EQ(not_utf8("\xe2\x82\xac\xe2\x82"), 3u) << "cut short behind a whole one";
}

}  // namespace
}  // namespace tocsin
