// SPDX-License-Identifier: Apache-2.0
// parse_npy: the bytes as they are, and again with the length of the header put right, since few mutations would get past it. What
// is accepted, written again from what was read, is accepted and equal, bit by bit.
#include "tocsin/explain/npy.h"

#include <algorithm>
#include <vector>

#include "targets.h"

namespace {
using tocsin::explain::Npy;
using Bytes = std::vector<unsigned char>;

void run(Bytes bytes) {
  const std::size_t size = bytes.size();
  try {
    const Npy array = tocsin::explain::parse_npy({"fuzz.npy", std::move(bytes), ""});
    std::visit([&](const auto& values) { tocsin::fuzz::check(values.size() * sizeof(values[0]) < size); }, array.values);
    const std::string written = tocsin::explain::format_npy(array);
    const Npy again = tocsin::explain::parse_npy({"again", Bytes(written.begin(), written.end()), ""});
    tocsin::fuzz::check(again.shape == array.shape && tocsin::explain::format_npy(again) == written);
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(!error.message().empty() && error.file() == "fuzz.npy" && error.offset().value_or(size + 1) <= size);
  }
}

}  // namespace

int fuzz_npy(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kVersionAt = 6, kLengthAt = 8, kHeaderAt = 10;
  Bytes bytes(data, data + size);
  run(bytes);
  if (size < kHeaderAt || bytes[kVersionAt] != 1) return 0;
  const auto header = bytes.begin() + static_cast<std::ptrdiff_t>(kHeaderAt);
  const auto end = std::find(header, bytes.end(), '\n');
  const std::size_t length = static_cast<std::size_t>(end - header) + (end == bytes.end() ? 0 : 1);
  bytes[kLengthAt] = static_cast<unsigned char>(length & 0xFF);
  bytes[kLengthAt + 1] = static_cast<unsigned char>(length >> 8 & 0xFF);
  run(std::move(bytes));
  return 0;
}
