// SPDX-License-Identifier: Apache-2.0
#include "tocsin/data/packed.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tocsin::data {

bool is_gzip(std::span<const unsigned char> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

FileBytes read_maybe_packed(const std::string& path, std::uint64_t limit) {
  // Deflate makes nothing longer than by 5 bytes a block of 16 KiB, and a header has at most a few names.
  const std::uint64_t slack = limit / 1024 + std::uint64_t{64} * 1024;
  return read_file(path, limit + std::min(slack, std::numeric_limits<std::uint64_t>::max() - limit));
}

std::vector<unsigned char> unpacked(FileBytes file, std::uint64_t limit) {
  if (is_gzip(file.bytes)) return gunzip(file.bytes, file.path, limit);
  if (file.bytes.size() > limit)
    throw DataError(file.path, {}, fmt::format("is {} bytes long, the limit is {}", file.bytes.size(), limit));
  return std::move(file.bytes);
}

}  // namespace tocsin::data
