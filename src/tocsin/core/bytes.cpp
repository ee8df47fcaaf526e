// SPDX-License-Identifier: Apache-2.0
// SHA-256 by libcrypto, and the cursor whose every error names file, offset, field, expected and found.
#include "tocsin/core/bytes.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace tocsin {

std::array<unsigned char, 32> sha256(std::span<const unsigned char> bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("libcrypto cannot compute SHA-256");
  return digest;
}

std::string sha256_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const unsigned char byte : sha256(bytes)) {
    result += kDigits[byte >> 4];
    result += kDigits[byte & 0xf];
  }
  return result;
}

std::uint8_t ByteReader::u8(std::string_view field) { return take(1, field)[0]; }

std::uint16_t ByteReader::u16_little(std::string_view field) {
  const auto b = take(2, field);
  return static_cast<std::uint16_t>(b[0] | b[1] << 8);
}

std::uint32_t ByteReader::u32_little(std::string_view field) {
  std::uint32_t result = 0;
  const auto b = take(4, field);
  for (std::size_t i = 4; i-- > 0;) result = result << 8 | b[i];
  return result;
}

std::uint32_t ByteReader::u32_big(std::string_view field) {
  std::uint32_t result = 0;
  for (const unsigned char byte : take(4, field)) result = result << 8 | byte;
  return result;
}

std::uint64_t ByteReader::u64_little(std::string_view field) {
  std::uint64_t result = 0;
  const auto b = take(8, field);
  for (std::size_t i = 8; i-- > 0;) result = result << 8 | b[i];
  return result;
}

std::span<const unsigned char> ByteReader::take(std::uint64_t count, std::string_view field) {
  if (count > left()) fail(fmt::format("{} needs {} bytes, the data end after {}", field, count, left()), "the file is cut short");
  const auto result = bytes_.subspan(static_cast<std::size_t>(offset_), static_cast<std::size_t>(count));
  offset_ += count;
  return result;
}

void ByteReader::fail(const std::string& message, const std::string& hint) const { fail_at(offset_, message, hint); }

void ByteReader::fail_at(std::uint64_t at, const std::string& message, const std::string& hint) const {
  throw DataError(file_, at, message, hint, within_);
}

}  // namespace tocsin
