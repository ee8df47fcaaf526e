// SPDX-License-Identifier: Apache-2.0
// Arrays in and out as NumPy's .npy: what numpy.save wrote is read, what is written numpy.load opens.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Refusals: reliability.md, section 2.3, row npy.
// Differs: little-endian numbers in C order alone, no Python objects, no structured types, rank 8 at most.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tocsin/core/bytes.h"

namespace tocsin::explain {

/// An array in C order; `values` holds the product of `shape` numbers, of the type as written: <f4, <f8, |u1, <i4 or <i8;
/// those of |b1 are 0 and 1, as |u1.
struct Npy {
  using Values = std::variant<std::vector<float>, std::vector<double>, std::vector<std::uint8_t>, std::vector<std::int32_t>,
                              std::vector<std::int64_t>>;
  std::vector<std::size_t> shape;  ///< empty: one number
  Values values;
};

/// Reads the formats 1.0, 2.0 and 3.0. Throws DataError with offset, finding and expectation for anything else.
Npy parse_npy(const FileBytes& file);
Npy read_npy(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 34);

/// The bytes of a file of format 1.0. Throws std::invalid_argument if the values are not as many as the shape says or the rank is
/// above 8.
std::string format_npy(const Npy& array);
std::string format_npy(const std::vector<std::size_t>& shape, std::span<const float> values);
std::string format_npy(const std::vector<std::size_t>& shape, std::span<const double> values);
/// Writes them. Throws RunError(Exit::io).
void write_npy(const std::string& path, const std::vector<std::size_t>& shape, std::span<const float> values);

}  // namespace tocsin::explain
