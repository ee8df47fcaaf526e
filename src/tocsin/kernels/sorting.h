// SPDX-License-Identifier: Apache-2.0
// Sorting networks over the rows of a tile of columns: what medians, and later trims, are made of.
// Batcher's merge exchange for any n (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M), comparators that cannot reach
// a wanted position left out. Values are compared by an integer key, a total order in which -0 comes before +0.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"

namespace tocsin::kernels::detail {

/// After it, position `low` holds the smaller of the two.
struct Comparator {
  std::uint32_t low, high;
};

/// A network over n wires that is right at positions [first, last]; the others hold the remaining values in no order.
class Network {
 public:
  Network(std::size_t wires, std::size_t first, std::size_t last);
  [[nodiscard]] std::size_t wires() const { return wires_; }
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t last() const { return last_; }
  [[nodiscard]] std::span<const Comparator> comparators() const { return comparators_; }

 private:
  std::size_t wires_, first_, last_;
  std::vector<Comparator> comparators_;
};

constexpr std::size_t kSortedColumns = 64;  ///< columns a tile: a row of it is a few vectors, the tile stays in the nearest cache

/// The wanted positions of up to 64 columns: out[(p - first) * 64 + c] is position p of column begin + c.
/// `scratch` holds wires * 64 keys (32 or 64 bits, as the rows). Columns beyond `count` are not defined.
void sorted_tile(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count, std::int32_t* scratch,
                 float* out);
void sorted_tile(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count, std::int64_t* scratch,
                 double* out);

/// The same, carrying along where each value came from: `owners` [wires * 64] are row numbers, in the order of `out`.
/// `scratch` holds wires * 64 keys. The network must want every position.
void sorted_tile_with_rows(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count,
                           std::int32_t* scratch, float* out, std::int32_t* owners);
void sorted_tile_with_rows(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count,
                           std::int64_t* scratch, double* out, std::int64_t* owners);

/// owners[i] += how many of the columns hold `wanted` [count] (at most 64) in row i and in no lower row whose `counts` is not zero.
/// Rows whose `counts` is zero are passed over. -0 and +0 are equal here.
void count_owners(TypedRows<const float> rows, std::size_t begin, std::size_t count, const float* wanted,
                  std::span<const unsigned char> counts, std::uint64_t* owners);
void count_owners(TypedRows<const double> rows, std::size_t begin, std::size_t count, const double* wanted,
                  std::span<const unsigned char> counts, std::uint64_t* owners);

}  // namespace tocsin::kernels::detail
