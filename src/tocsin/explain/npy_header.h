// SPDX-License-Identifier: Apache-2.0
// The header of a .npy file, a Python dictionary of three known keys, read strictly: no expression is evaluated.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tocsin::explain::detail {

inline constexpr std::size_t kMostDimensions = 8;

struct NpyHeader {
  std::string descr;  ///< the type, as written
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::uint64_t descr_at = 0, order_at = 0, shape_at = 0;  ///< offsets of the values in the file
};

/// Reads the header `text`, which begins at byte `start` of `file`. Throws DataError for all that is not such a header; whether
/// type, order and shape can be used is not its business.
NpyHeader parse_npy_header(const std::string& file, std::uint64_t start, std::span<const unsigned char> text);

/// "(2, 3)", "(2,)", "()", as Python writes a tuple.
std::string tuple_text(std::span<const std::uint64_t> shape);

}  // namespace tocsin::explain::detail
