// SPDX-License-Identifier: Apache-2.0
// parse_idx: the first byte chooses labels (even) or images (odd), the rest is the file. What is accepted, written again from what
// was read, is accepted and equal.
#include "tocsin/data/idx.h"

#include <vector>

#include "targets.h"

namespace {

std::vector<unsigned char> written(const tocsin::data::Idx& idx) {
  std::vector<unsigned char> bytes{0, 0, 8, static_cast<unsigned char>(idx.dimensions.size())};
  for (const std::size_t dimension : idx.dimensions)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<unsigned char>(dimension >> shift & 0xff));
  bytes.insert(bytes.end(), idx.values.begin(), idx.values.end());
  return bytes;
}

}  // namespace

int fuzz_idx(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kCap = 1 << 18;
  if (size == 0) return 0;
  const std::size_t rank = data[0] % 2 == 0 ? 1 : 3;
  try {
    const tocsin::data::Idx idx = tocsin::data::parse_idx({"fuzz.idx", {data + 1, data + size}, ""}, rank, kCap);
    std::size_t product = 1;
    for (const std::size_t dimension : idx.dimensions) product *= dimension;
    tocsin::fuzz::check(product == idx.values.size() && product > 0 && product <= kCap);
    const tocsin::data::Idx again = tocsin::data::parse_idx({"again.idx", written(idx), ""}, rank, kCap);
    tocsin::fuzz::check(again.dimensions == idx.dimensions && again.values == idx.values);
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(!error.message().empty() && error.file() == "fuzz.idx" && error.offset().has_value());
  }
  return 0;
}
