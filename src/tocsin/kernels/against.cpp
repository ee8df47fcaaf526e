// SPDX-License-Identifier: Apache-2.0
// Eight interleaved sums a block whatever the width of a vector, products and sums rounded one by one: every target gives the same
// bits, and they depend on d alone.
#include "tocsin/kernels/against.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/tree.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/against.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kLanes = 8;
using Double = hn::CappedTag<double, kLanes>;
using Vector = hn::Vec<Double>;

HWY_INLINE Vector LoadDouble(Double d, const double* p) { return hn::LoadU(d, p); }
HWY_INLINE Vector LoadDouble(Double d, const float* p) { return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Double>(), p)); }

HWY_INLINE double Total(double* sums) {
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}

/// {||x - v||^2, x . v} of a piece; lane l takes coordinates l, l + 8, ... in order.
template <class T>
std::pair<double, double> Piece(const T* HWY_RESTRICT x, const double* HWY_RESTRICT v, std::size_t count) {
  const Double d;
  const std::size_t lanes = hn::Lanes(d), whole = count - count % kLanes;
  HWY_ALIGN double squares[kLanes] = {}, products[kLanes] = {};
  for (std::size_t l = 0; l < kLanes; l += lanes) {
    Vector square = hn::Zero(d), product = hn::Zero(d);
    for (std::size_t c = l; c < whole; c += kLanes) {
      const Vector a = LoadDouble(d, x + c), b = hn::LoadU(d, v + c), away = hn::Sub(a, b);
      square = hn::Add(square, hn::Mul(away, away));
      product = hn::Add(product, hn::Mul(a, b));
    }
    hn::Store(square, d, squares + l);
    hn::Store(product, d, products + l);
  }
  for (std::size_t c = whole; c < count; ++c) {
    const double a = static_cast<double>(x[c]), away = a - v[c];
    squares[c - whole] += away * away;
    products[c - whole] += a * v[c];
  }
  return {Total(squares), Total(products)};
}

std::pair<double, double> PieceFloat(const float* x, const double* v, std::size_t count) { return Piece(x, v, count); }
std::pair<double, double> PieceDouble(const double* x, const double* v, std::size_t count) { return Piece(x, v, count); }

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {
HWY_EXPORT(PieceFloat);
HWY_EXPORT(PieceDouble);
namespace {
std::pair<double, double> piece(const float* x, const double* v, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(PieceFloat)(x, v, count);
}
std::pair<double, double> piece(const double* x, const double* v, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(PieceDouble)(x, v, count);
}
void check(ConstRows rows, std::span<const double> vector) {
  require(vector.size() == rows.coordinates(), "against: a vector of {} for rows of {} coordinates", vector.size(),
          rows.coordinates());
}
}  // namespace

Against against(ConstRows rows, std::span<const double> vector, Workers* workers) {
  check(rows, vector);
  const std::size_t n = rows.clients(), d = rows.coordinates(), blocks = (d + kBlockColumns - 1) / kBlockColumns;
  if (blocks == 0) return {std::vector<double>(n, 0.0), std::vector<double>(n, 0.0)};
  detail::TreeSum sum(blocks);
  for_each(workers, blocks, [&](std::size_t, std::size_t block) {
    std::vector<double> partial(2 * n);
    const std::size_t begin = block * kBlockColumns, count = std::min(kBlockColumns, d - begin);
    rows.visit([&](auto typed) {
      for (std::size_t i = 0; i < n; ++i)
        std::tie(partial[i], partial[n + i]) = piece(typed[i].data() + begin, vector.data() + begin, count);
    });
    sum.add(block, std::move(partial));
  });
  std::vector<double> result = sum.take();
  const auto middle = result.begin() + static_cast<std::ptrdiff_t>(n);
  return {std::vector<double>(result.begin(), middle), std::vector<double>(middle, result.end())};
}

Against against_reference(ConstRows rows, std::span<const double> vector) {
  check(rows, vector);
  Against result{std::vector<double>(rows.clients(), 0.0), std::vector<double>(rows.clients(), 0.0)};
  for (std::size_t i = 0; i < rows.clients(); ++i)
    for (std::size_t j = 0; j < vector.size(); ++j) {
      const double away = rows.at(i, j) - vector[j];
      result.distance2[i] += away * away;
      result.product[i] += rows.at(i, j) * vector[j];
    }
  return result;
}

}  // namespace tocsin::kernels
#endif  // HWY_ONCE
