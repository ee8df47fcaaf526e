// SPDX-License-Identifier: Apache-2.0
// Weighted sums and squares of pieces of rows: four rows a pass, each coordinate still in row order.
#include "tocsin/kernels/row_kernels.h"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/row_kernels.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Double = hn::ScalableTag<double>;
using Vector = hn::Vec<Double>;

HWY_INLINE Vector LoadDouble(Double d, const double* p) { return hn::LoadU(d, p); }
HWY_INLINE Vector LoadDouble(Double d, const float* p) { return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Double>(), p)); }

template <class T>
void AddRows(double* HWY_RESTRICT sum, std::size_t count, const double* weights, const T* const* rows, std::size_t n) {
  const Double d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const T *r0 = rows[i], *r1 = rows[i + 1], *r2 = rows[i + 2], *r3 = rows[i + 3];
    const double* w = weights + i;
    const Vector w0 = hn::Set(d, w[0]), w1 = hn::Set(d, w[1]), w2 = hn::Set(d, w[2]), w3 = hn::Set(d, w[3]);
    std::size_t c = 0;
    for (; c + lanes <= count; c += lanes) {
      Vector s = hn::Add(hn::LoadU(d, sum + c), hn::Mul(w0, LoadDouble(d, r0 + c)));
      s = hn::Add(s, hn::Mul(w1, LoadDouble(d, r1 + c)));
      s = hn::Add(s, hn::Mul(w2, LoadDouble(d, r2 + c)));
      hn::StoreU(hn::Add(s, hn::Mul(w3, LoadDouble(d, r3 + c))), d, sum + c);
    }
    for (; c < count; ++c)
      for (std::size_t k = i; k < i + 4; ++k) sum[c] += weights[k] * static_cast<double>(rows[k][c]);
  }
  for (; i < n; ++i) {
    const T* row = rows[i];
    const Vector w = hn::Set(d, weights[i]);
    std::size_t c = 0;
    for (; c + lanes <= count; c += lanes)
      hn::StoreU(hn::Add(hn::LoadU(d, sum + c), hn::Mul(w, LoadDouble(d, row + c))), d, sum + c);
    for (; c < count; ++c) sum[c] += weights[i] * static_cast<double>(row[c]);
  }
}

/// sum + rest += term without an error in the first order: Knuth's TwoSum.
template <class D>
HWY_INLINE void AddTwofold(D, hn::Vec<D>& sum, hn::Vec<D>& rest, hn::Vec<D> term) {
  const hn::Vec<D> next = hn::Add(sum, term), part = hn::Sub(next, sum);
  rest = hn::Add(rest, hn::Add(hn::Sub(sum, hn::Sub(next, part)), hn::Sub(term, part)));
  sum = next;
}

/// sum + rest += weight * row over `lanes` coordinates. A float times either half of a weight is exact in double.
template <class D>
HWY_INLINE void AddProduct(D d, hn::Vec<D>& sum, hn::Vec<D>& rest, const HalvedWeight& weight, const float* row) {
  const hn::Vec<D> x = hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, D>(), row));
  AddTwofold(d, sum, rest, hn::Mul(hn::Set(d, weight.high), x));
  if (weight.low != 0.0) AddTwofold(d, sum, rest, hn::Mul(hn::Set(d, weight.low), x));
}
/// A double is halved too: 26 and 27 bits; with values that are floats this does what the above does.
template <class D>
HWY_INLINE void AddProduct(D d, hn::Vec<D>& sum, hn::Vec<D>& rest, const HalvedWeight& weight, const double* row) {
  const hn::Vec<D> x = hn::LoadU(d, row), high_bits = hn::BitCast(d, hn::Set(hn::RebindToUnsigned<D>(), kHighBits));
  const hn::Vec<D> x_high = hn::And(x, high_bits), x_low = hn::Sub(x, x_high);
  const hn::Vec<D> high = hn::Set(d, weight.high), low = hn::Set(d, weight.low);
  AddTwofold(d, sum, rest, hn::Mul(high, x_high));
  AddTwofold(d, sum, rest, hn::Add(hn::Mul(high, x_low), hn::Mul(low, x_high)));
  rest = hn::Add(rest, hn::Mul(low, x_low));
}

template <class T>
void AddRowsTwofold(double* HWY_RESTRICT sum, double* HWY_RESTRICT rest, std::size_t count, const HalvedWeight* weights,
                    const T* const* rows, std::size_t n) {
  const auto columns = [&](auto d, std::size_t c, std::size_t first, std::size_t last) {
    auto s = hn::LoadU(d, sum + c), r = hn::LoadU(d, rest + c);
    for (std::size_t i = first; i < last; ++i) AddProduct(d, s, r, weights[i], rows[i] + c);
    hn::StoreU(s, d, sum + c);
    hn::StoreU(r, d, rest + c);
  };
  const Double d;
  const hn::CappedTag<double, 1> one;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < n; i += 4) {
    const std::size_t last = i + 4 < n ? i + 4 : n;
    std::size_t c = 0;
    for (; c + lanes <= count; c += lanes) columns(d, c, i, last);
    for (; c < count; ++c) columns(one, c, i, last);
  }
}

void DivideTwofold(double* HWY_RESTRICT sum, const double* HWY_RESTRICT rest, std::size_t count, double by, double by_rest) {
  const double share = 1.0 / by;
  const auto columns = [&](auto d, std::size_t c) {
    const auto quotient = hn::Div(hn::LoadU(d, sum + c), hn::Set(d, by));
    const auto left = hn::Sub(hn::LoadU(d, rest + c), hn::Mul(quotient, hn::Set(d, by_rest)));
    hn::StoreU(hn::Add(quotient, hn::Mul(left, hn::Set(d, share))), d, sum + c);
  };
  const Double d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + lanes <= count; c += lanes) columns(d, c);
  for (; c < count; ++c) columns(hn::CappedTag<double, 1>(), c);
}

template <class T>
void AddSquares(double* HWY_RESTRICT sum, std::size_t count, const double* HWY_RESTRICT center, const T* HWY_RESTRICT row) {
  const Double d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const Vector away = hn::Sub(LoadDouble(d, row + c), hn::LoadU(d, center + c));
    hn::StoreU(hn::Add(hn::LoadU(d, sum + c), hn::Mul(away, away)), d, sum + c);
  }
  for (; c < count; ++c) {
    const double away = static_cast<double>(row[c]) - center[c];
    sum[c] += away * away;
  }
}

void AddRowsFloat(double* sum, std::size_t count, const double* weights, const float* const* rows, std::size_t n) {
  AddRows(sum, count, weights, rows, n);
}
void AddRowsDouble(double* sum, std::size_t count, const double* weights, const double* const* rows, std::size_t n) {
  AddRows(sum, count, weights, rows, n);
}
void AddRowsTwofoldFloat(double* sum, double* rest, std::size_t count, const HalvedWeight* weights, const float* const* rows,
                         std::size_t n) {
  AddRowsTwofold(sum, rest, count, weights, rows, n);
}
void AddRowsTwofoldDouble(double* sum, double* rest, std::size_t count, const HalvedWeight* weights, const double* const* rows,
                          std::size_t n) {
  AddRowsTwofold(sum, rest, count, weights, rows, n);
}
void AddSquaresFloat(double* sum, std::size_t count, const double* center, const float* row) {
  AddSquares(sum, count, center, row);
}
void AddSquaresDouble(double* sum, std::size_t count, const double* center, const double* row) {
  AddSquares(sum, count, center, row);
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels::detail {
HWY_EXPORT(AddRowsFloat);
HWY_EXPORT(AddRowsDouble);
HWY_EXPORT(AddRowsTwofoldFloat);
HWY_EXPORT(AddRowsTwofoldDouble);
HWY_EXPORT(DivideTwofold);
HWY_EXPORT(AddSquaresFloat);
HWY_EXPORT(AddSquaresDouble);

void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const float* const> rows) {
  HWY_DYNAMIC_DISPATCH(AddRowsFloat)(sum.data(), sum.size(), weights.data(), rows.data(), rows.size());
}
void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const double* const> rows) {
  HWY_DYNAMIC_DISPATCH(AddRowsDouble)(sum.data(), sum.size(), weights.data(), rows.data(), rows.size());
}
void add_rows_twofold(std::span<double> sum, std::span<double> rest, std::span<const HalvedWeight> weights,
                      std::span<const float* const> rows) {
  HWY_DYNAMIC_DISPATCH(AddRowsTwofoldFloat)(sum.data(), rest.data(), sum.size(), weights.data(), rows.data(), rows.size());
}
void add_rows_twofold(std::span<double> sum, std::span<double> rest, std::span<const HalvedWeight> weights,
                      std::span<const double* const> rows) {
  HWY_DYNAMIC_DISPATCH(AddRowsTwofoldDouble)(sum.data(), rest.data(), sum.size(), weights.data(), rows.data(), rows.size());
}
void divide_twofold(std::span<double> sum, std::span<const double> rest, double by, double by_rest) {
  HWY_DYNAMIC_DISPATCH(DivideTwofold)(sum.data(), rest.data(), sum.size(), by, by_rest);
}
HalvedWeight halved(double weight) {
  const double high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(weight) & kHighBits);
  return {high, weight - high};
}
void add_squares(std::span<double> sum, const double* center, const float* row) {
  HWY_DYNAMIC_DISPATCH(AddSquaresFloat)(sum.data(), sum.size(), center, row);
}
void add_squares(std::span<double> sum, const double* center, const double* row) {
  HWY_DYNAMIC_DISPATCH(AddSquaresDouble)(sum.data(), sum.size(), center, row);
}

}  // namespace tocsin::kernels::detail
#endif  // HWY_ONCE
