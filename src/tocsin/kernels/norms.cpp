// SPDX-License-Identifier: Apache-2.0
// Norms and the scan for NaN and Inf, both one pass at the speed of memory.
#include "tocsin/kernels/norms.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tocsin/kernels/tree.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/norms.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kLanes = 16;  // interleaved sums, whatever the width of a vector
using Double = hn::CappedTag<double, kLanes>;
using Vector = hn::Vec<Double>;

HWY_INLINE Vector LoadDouble(Double d, const double* p) { return hn::LoadU(d, p); }
HWY_INLINE Vector LoadDouble(Double d, const float* p) { return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Double>(), p)); }

/// Sum of squares in 16 lanes: lane l takes coordinates l, l + 16, ... in order; products and sums rounded one by one.
template <class T>
double SumOfSquares(const T* HWY_RESTRICT x, std::size_t count) {
  const Double d;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN double sums[kLanes] = {};
  const std::size_t whole = count - count % kLanes;
  for (std::size_t l = 0; l < kLanes; l += 2 * lanes) {  // two vectors at a time hide the latency of an addition
    Vector s = hn::Zero(d), t = hn::Zero(d);
    for (std::size_t c = l; c < whole; c += kLanes) {
      const Vector a = LoadDouble(d, x + c), b = LoadDouble(d, x + c + lanes);
      s = hn::Add(s, hn::Mul(a, a));
      t = hn::Add(t, hn::Mul(b, b));
    }
    hn::Store(s, d, sums + l);
    hn::Store(t, d, sums + l + lanes);
  }
  for (std::size_t c = whole; c < count; ++c) sums[c - whole] += static_cast<double>(x[c]) * static_cast<double>(x[c]);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  return sums[0];
}

/// How many of x are NaN or infinite: all bits of the exponent are set.
template <class T, class Bits>
std::size_t CountNonFinite(const T* HWY_RESTRICT x, std::size_t count) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  T infinity_value = std::numeric_limits<T>::infinity();
  Bits infinity;
  hwy::CopySameSize(&infinity_value, &infinity);
  const auto exponent = hn::Set(di, infinity);
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0, found = 0;
  for (; c + lanes <= count; c += lanes)
    found += hn::CountTrue(di, hn::Eq(hn::And(hn::BitCast(di, hn::LoadU(d, x + c)), exponent), exponent));
  for (; c < count; ++c) found += std::isfinite(x[c]) ? 0U : 1U;
  return found;
}

double SquaresFloat(const float* x, std::size_t count) { return SumOfSquares(x, count); }
double SquaresDouble(const double* x, std::size_t count) { return SumOfSquares(x, count); }
std::size_t NonFiniteFloat(const float* x, std::size_t count) { return CountNonFinite<float, std::int32_t>(x, count); }
std::size_t NonFiniteDouble(const double* x, std::size_t count) { return CountNonFinite<double, std::int64_t>(x, count); }

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {
HWY_EXPORT(SquaresFloat);
HWY_EXPORT(SquaresDouble);
HWY_EXPORT(NonFiniteFloat);
HWY_EXPORT(NonFiniteDouble);
namespace {
double squares(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(SquaresFloat)(x.data(), x.size()); }
double squares(std::span<const double> x) { return HWY_DYNAMIC_DISPATCH(SquaresDouble)(x.data(), x.size()); }
std::size_t bad(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(NonFiniteFloat)(x.data(), x.size()); }
std::size_t bad(std::span<const double> x) { return HWY_DYNAMIC_DISPATCH(NonFiniteDouble)(x.data(), x.size()); }
}  // namespace

std::vector<double> norms(ConstRows rows, Workers* workers) {
  const std::size_t d = rows.coordinates(), blocks = (d + kBlockColumns - 1) / kBlockColumns;
  if (blocks == 0) return std::vector<double>(rows.clients(), 0.0);
  detail::TreeSum sum(blocks);
  for_each(workers, blocks, [&](std::size_t, std::size_t block) {
    std::vector<double> partial(rows.clients());
    const std::size_t begin = block * kBlockColumns, count = std::min(kBlockColumns, d - begin);
    rows.visit([&](auto typed) {
      for (std::size_t i = 0; i < partial.size(); ++i) partial[i] = squares(typed[i].subspan(begin, count));
    });
    sum.add(block, std::move(partial));
  });
  std::vector<double> result = sum.take();
  for (double& value : result) value = std::sqrt(value);
  return result;
}

std::vector<NonFinite> non_finite(ConstRows rows, Workers* workers) {
  std::vector<NonFinite> result(rows.clients());
  for_each(workers, rows.clients(), [&](std::size_t, std::size_t i) {
    rows.visit([&](auto typed) {
      const auto row = typed[i];
      result[i].count = bad(row);
      if (result[i].count == 0) return;
      const auto first = std::find_if(row.begin(), row.end(), [](auto x) { return !std::isfinite(x); });
      result[i].first = static_cast<std::size_t>(first - row.begin());
    });
  });
  return result;
}

}  // namespace tocsin::kernels
#endif  // HWY_ONCE
