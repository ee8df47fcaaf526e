// SPDX-License-Identifier: Apache-2.0
// gunzip: what it accepts has the size it promised, and its start is its start.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "targets.h"
#include "tocsin/core/bytes.h"

int fuzz_gzip(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kLimit = 1 << 18, kStart = 20;
  const std::span<const unsigned char> bytes(data, size);
  try {
    const std::vector<unsigned char> whole = tocsin::gunzip(bytes, "fuzz.gz", kLimit);
    tocsin::fuzz::check(whole.size() <= kLimit && whole.size() <= 1032 * size);
    const std::vector<unsigned char> start = tocsin::gunzip_start(bytes, "fuzz.gz", kStart);
    tocsin::fuzz::check(start.size() == std::min<std::size_t>(whole.size(), kStart) &&
                        std::equal(start.begin(), start.end(), whole.begin()));
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(!error.message().empty() && error.file() == "fuzz.gz" && error.offset().value_or(0) <= size);
  }
  return 0;
}
