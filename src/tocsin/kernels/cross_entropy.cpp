// SPDX-License-Identifier: Apache-2.0
// Rows of at most one vector (ten classes, mostly) stay in a register; longer ones go through the stack.
#include "tocsin/kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;
using Vector = hn::Vec<Float>;

/// e^x for x <= 0 (0 below -87.3): range reduction by log 2 in two parts, degree-6 polynomial; relative error below 2e-7.
HWY_INLINE Vector Exp(Vector x) {
  const Float d;
  const hn::RebindToSigned<Float> words;
  const auto tiny = hn::Lt(x, hn::Set(d, -87.3F));
  const Vector k = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504F)));
  Vector r = hn::NegMulAdd(k, hn::Set(d, 0.693359375F), x);
  r = hn::NegMulAdd(k, hn::Set(d, -2.12194440e-4F), r);
  Vector p = hn::Set(d, 1.9875691500e-4F);
  for (const float c : {1.3981999507e-3F, 8.3334519073e-3F, 4.1665795894e-2F, 1.6666665459e-1F, 5.0000001201e-1F})
    p = hn::MulAdd(p, r, hn::Set(d, c));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0F));
  const auto power = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(words, k), hn::Set(words, 127))));
  return hn::IfThenZeroElse(tiny, hn::Mul(p, power));
}

/// The sum of lanes in double.
HWY_INLINE double WideSum(Vector v) {
#if HWY_TARGET == HWY_SCALAR
  return static_cast<double>(hn::GetLane(v));
#else
  const hn::Half<Float> half;
  const hn::Rebind<double, decltype(half)> wide;
  const auto low = hn::PromoteTo(wide, hn::LowerHalf(half, v)), high = hn::PromoteTo(wide, hn::UpperHalf(half, v));
  return hn::GetLane(hn::SumOfLanes(wide, hn::Add(low, high)));
#endif
}

/// The logarithm of a product of factors >= 1 (or NaN): one call of log for many factors.
class LogOfProduct {
 public:
  void take(double factor) {
    product_ *= factor;
    if (!(product_ < 1e290)) settle();
  }
  double total() {
    settle();
    return sum_;
  }

 private:
  void settle() {
    sum_ += std::log(product_);
    product_ = 1.0;
  }
  double product_ = 1.0, sum_ = 0.0;
};

/// Rows of at most one vector.
LossSums ShortRows(const float* logits, const std::int32_t* labels, std::size_t rows, std::size_t classes, float scale,
                   float* gradient, std::uint32_t* hits) {
  const Float d;
  const auto mask = hn::FirstN(d, classes);
  const Vector lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  HWY_ALIGN float row[HWY_MAX_BYTES / 4] = {};
  LossSums sums;
  LogOfProduct totals;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t label = static_cast<std::size_t>(labels[r]);
    const float* z = logits + r * classes;
    const Vector values = hn::MaskedLoad(mask, d, z);
    const Vector real = hn::IfThenElse(mask, values, lowest);
    const Vector top = hn::MaxOfLanes(d, real);
    const Vector exponentials = hn::IfThenElseZero(mask, Exp(hn::Sub(values, top)));
    const double total = WideSum(exponentials);
    if (hn::FindFirstTrue(d, hn::Eq(real, top)) == static_cast<std::intptr_t>(label) && !std::isnan(total)) {
      ++sums.correct;
      if (hits != nullptr) ++hits[label];
    }
    totals.take(total);
    sums.loss -= static_cast<double>(z[label] - hn::GetLane(top));
    if (gradient == nullptr) continue;
    float* g = gradient + r * classes;
    hn::Store(hn::Mul(exponentials, hn::Set(d, scale / static_cast<float>(total))), d, row);
    std::copy_n(row, classes, g);
    g[label] -= scale;
  }
  sums.loss += totals.total();
  return sums;
}

LossSums SoftmaxCrossEntropy(const float* logits, const std::int32_t* labels, std::size_t rows, std::size_t classes, float scale,
                             float* gradient, std::uint32_t* hits) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  if (classes <= lanes) return ShortRows(logits, labels, rows, classes, scale, gradient, hits);
  constexpr std::size_t kChunk = 1024;  // classes handled at a time on the stack
  LossSums sums;
  HWY_ALIGN float exponentials[kChunk + HWY_MAX_BYTES / 4];
  for (std::size_t r = 0; r < rows; ++r) {
    const float* z = logits + r * classes;
    std::size_t best = 0;
    for (std::size_t c = 1; c < classes; ++c)
      if (z[c] > z[best]) best = c;
    const std::size_t label = static_cast<std::size_t>(labels[r]);
    const float top = z[best];
    double total = 0;
    for (std::size_t begin = 0; begin < classes; begin += kChunk) {
      const std::size_t n = std::min(kChunk, classes - begin);
      for (std::size_t c = 0; c < n; ++c) exponentials[c] = z[begin + c] - top;
      for (std::size_t c = n; c < n + lanes; ++c) exponentials[c] = -100.0F;
      for (std::size_t c = 0; c < n; c += lanes) hn::Store(Exp(hn::Load(d, exponentials + c)), d, exponentials + c);
      for (std::size_t c = 0; c < n; ++c) total += static_cast<double>(exponentials[c]);
      if (gradient != nullptr) std::copy(exponentials, exponentials + n, gradient + r * classes + begin);
    }
    if (best == label && !std::isnan(total)) {
      ++sums.correct;
      if (hits != nullptr) ++hits[label];
    }
    sums.loss += std::log(total) - static_cast<double>(z[label] - top);
    if (gradient == nullptr) continue;
    float* g = gradient + r * classes;
    const float share = scale / static_cast<float>(total);
    for (std::size_t c = 0; c < classes; ++c) g[c] *= share;
    g[label] -= scale;
  }
  return sums;
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(SoftmaxCrossEntropy);

LossSums softmax_cross_entropy(std::span<const float> logits, std::span<const std::int32_t> labels, std::size_t classes,
                               float scale, std::span<float> gradient, std::span<std::uint32_t> hits) {
  return HWY_DYNAMIC_DISPATCH(SoftmaxCrossEntropy)(logits.data(), labels.data(), labels.size(), classes, scale,
                                                   gradient.empty() ? nullptr : gradient.data(),
                                                   hits.empty() ? nullptr : hits.data());
}

}  // namespace tocsin::kernels
#endif
