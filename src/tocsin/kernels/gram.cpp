// SPDX-License-Identifier: Apache-2.0
// The Gram matrix by tiles of 512 columns: a tile is widened to double (and centred) once, then all pairs are made from it in
// blocks of rows whose sums stay in registers.
#include "tocsin/kernels/gram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/middle.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/gram.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/aligned_allocator.h>
#include <hwy/highway.h>

#ifndef TOCSIN_GRAM_SIZES
#define TOCSIN_GRAM_SIZES
namespace tocsin::kernels {
constexpr std::size_t kTile = 512;          // columns
constexpr std::size_t kStride = kTile + 8;  // doubles a row of a tile: rows must not fall on the same cache lines
constexpr std::size_t kRowsAtOnce = 4;      // a tile has rows of zero up to a multiple of it
constexpr std::size_t kLanes = 8;           // interleaved sums, whatever the width of a vector
}  // namespace tocsin::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Double = hn::CappedTag<double, kLanes>;
using Vector = hn::Vec<Double>;
constexpr std::size_t kOthersAtOnce = HWY_MAX_BYTES >= 64 ? 4 : 2;  // 16 or 8 sums: what the registers hold

HWY_INLINE Vector LoadDouble(Double d, const double* p) { return hn::LoadU(d, p); }
HWY_INLINE Vector LoadDouble(Double d, const float* p) { return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Double>(), p)); }

/// out[c] = row[c] - center[c] in double (center may be null), then zeros up to a multiple of 8.
template <class T>
void Widen(const T* HWY_RESTRICT row, const double* HWY_RESTRICT center, std::size_t count, double* HWY_RESTRICT out) {
  const Double d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const Vector x = LoadDouble(d, row + c);
    hn::Store(center == nullptr ? x : hn::Sub(x, hn::LoadU(d, center + c)), d, out + c);
  }
  for (; c < count; ++c) out[c] = static_cast<double>(row[c]) - (center == nullptr ? 0.0 : center[c]);
  for (; c % kLanes != 0; ++c) out[c] = 0.0;
}

/// lanes[(i * kOthersAtOnce + j) * 8 + l] = sum over columns l, l + 8, ... of a_i b_j for 4 rows a and 2 or 4 rows b.
HWY_INLINE void Products(const double* HWY_RESTRICT a, const double* HWY_RESTRICT b, std::size_t width,
                         double* HWY_RESTRICT lanes) {
  const Double d;
  for (std::size_t l = 0; l < kLanes; l += hn::Lanes(d)) {
    Vector sums[kRowsAtOnce][kOthersAtOnce];
    for (auto& row : sums)
      for (Vector& sum : row) sum = hn::Zero(d);
    for (std::size_t c = l; c < width; c += kLanes) {
      const Vector a0 = hn::Load(d, a + c), a1 = hn::Load(d, a + kStride + c), a2 = hn::Load(d, a + 2 * kStride + c),
                   a3 = hn::Load(d, a + 3 * kStride + c);
      for (std::size_t j = 0; j < kOthersAtOnce; ++j) {
        const Vector other = hn::Load(d, b + j * kStride + c);
        sums[0][j] = hn::MulAdd(a0, other, sums[0][j]);
        sums[1][j] = hn::MulAdd(a1, other, sums[1][j]);
        sums[2][j] = hn::MulAdd(a2, other, sums[2][j]);
        sums[3][j] = hn::MulAdd(a3, other, sums[3][j]);
      }
    }
    for (std::size_t i = 0; i < kRowsAtOnce; ++i)
      for (std::size_t j = 0; j < kOthersAtOnce; ++j) hn::Store(sums[i][j], d, lanes + (i * kOthersAtOnce + j) * kLanes + l);
  }
}

/// partial[i * n + j] += x_i . x_j over one tile, for i <= j.
void AddProducts(const double* tile, std::size_t width, std::size_t n, double* partial) {
  HWY_ALIGN double lanes[kRowsAtOnce * kOthersAtOnce * kLanes];
  for (std::size_t i = 0; i < n; i += kRowsAtOnce)
    for (std::size_t j = i; j < n; j += kOthersAtOnce) {
      Products(tile + i * kStride, tile + j * kStride, width, lanes);
      for (std::size_t k = 0; k < kRowsAtOnce * kOthersAtOnce; ++k) {
        const std::size_t row = i + k / kOthersAtOnce, other = j + k % kOthersAtOnce;
        if (row > other || other >= n) continue;
        const double* s = lanes + k * kLanes;
        partial[row * n + other] += ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
      }
    }
}

void WidenFloat(const float* row, const double* center, std::size_t count, double* out) { Widen(row, center, count, out); }
void WidenDouble(const double* row, const double* center, std::size_t count, double* out) { Widen(row, center, count, out); }

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {
HWY_EXPORT(WidenFloat);
HWY_EXPORT(WidenDouble);
HWY_EXPORT(AddProducts);
namespace {
void widen(const float* row, const double* center, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(WidenFloat)(row, center, count, out);
}
void widen(const double* row, const double* center, std::size_t count, double* out) {
  HWY_DYNAMIC_DISPATCH(WidenDouble)(row, center, count, out);
}

/// The partial Gram matrix [n * n] (upper triangle) of columns [begin, end), a block.
template <class T>
std::vector<double> block_gram(TypedRows<const T> rows, std::size_t begin, std::size_t end, const detail::Network* middle) {
  const std::size_t n = rows.clients(), padded = (n + kRowsAtOnce - 1) / kRowsAtOnce * kRowsAtOnce;
  const auto tile = hwy::AllocateAligned<double>(padded * kStride);
  std::fill_n(tile.get(), padded * kStride, 0.0);
  std::vector<double> center(middle == nullptr ? 0 : kTile), partial(n * n);
  detail::MiddleScratch<T> scratch(middle == nullptr ? 0 : n);
  for (std::size_t first = begin; first < end; first += kTile) {
    const std::size_t count = std::min(kTile, end - first);
    if (middle != nullptr) detail::middles(*middle, rows, first, std::span(center).first(count), scratch, detail::nearer_zero);
    for (std::size_t i = 0; i < n; ++i)
      widen(rows[i].data() + first, middle == nullptr ? nullptr : center.data(), count, tile.get() + i * kStride);
    HWY_DYNAMIC_DISPATCH(AddProducts)(tile.get(), (count + kLanes - 1) / kLanes * kLanes, n, partial.data());
  }
  return partial;
}

Gram make_gram(ConstRows rows, Workers* workers, bool centered) {
  const std::size_t n = rows.clients(), d = rows.coordinates(), blocks = (d + kBlockColumns - 1) / kBlockColumns;
  Gram result(n);
  if (n == 0 || blocks == 0) return result;
  const detail::Network middle(n, (n - 1) / 2, n / 2);
  detail::TreeSum sum(blocks);
  rows.visit([&](auto typed) {
    for_each(workers, blocks, [&](std::size_t, std::size_t block) {
      const std::size_t begin = block * kBlockColumns, end = std::min(d, begin + kBlockColumns);
      sum.add(block, block_gram(typed, begin, end, centered ? &middle : nullptr));
    });
  });
  const std::vector<double> total = sum.take();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i; j < n; ++j) result(i, j) = result(j, i) = total[i * n + j];
  return result;
}
}  // namespace

double Gram::distance2(std::size_t i, std::size_t j) const {
  if (i == j) return 0.0;
  const double distance = (*this)(i, i) + (*this)(j, j) - 2.0 * (*this)(i, j);
  return std::isnan(distance) ? std::numeric_limits<double>::infinity() : std::max(0.0, distance);
}

Gram gram(ConstRows rows, Workers* workers) { return make_gram(rows, workers, false); }
Gram centered_gram(ConstRows rows, Workers* workers) { return make_gram(rows, workers, true); }

Gram sub_gram(const Gram& gram, std::span<const std::size_t> rows) {
  Gram result(rows.size());
  for (const std::size_t row : rows) require(row < gram.clients(), "row {} does not exist, there are {}", row, gram.clients());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows.size(); ++j) result(i, j) = gram(rows[i], rows[j]);
  return result;
}

std::vector<double> nearest(const Gram& gram, std::size_t i, std::size_t k) {
  const std::size_t n = gram.clients();
  require(i < n, "nearest: row {} does not exist, there are {}", i, n);
  require(k < n, "nearest: {} neighbors wanted of {} other rows", k, n - 1);
  std::vector<double> distances;
  distances.reserve(n - 1);
  for (std::size_t j = 0; j < n; ++j)
    if (j != i) distances.push_back(gram.distance2(i, j));
  std::sort(distances.begin(), distances.end());
  distances.resize(k);
  return distances;
}

}  // namespace tocsin::kernels
#endif  // HWY_ONCE
