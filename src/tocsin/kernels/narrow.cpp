// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/narrow.h"

#include <array>
#include <utility>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/narrow.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;
using Vector = hn::Vec<Float>;

/// Dot products of S rows of x with C rows of w, all S * C sums in registers.
template <std::size_t S, std::size_t C>
HWY_INLINE void Dots(std::size_t in, std::size_t out, const float* HWY_RESTRICT x, const float* HWY_RESTRICT w,
                     float* HWY_RESTRICT y) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[S][C];
#pragma GCC unroll 16
  for (std::size_t s = 0; s < S; ++s)
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) sums[s][c] = hn::Zero(d);
  std::size_t j = 0;
  for (; j + lanes <= in; j += lanes) {
    Vector rows[C];
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) rows[c] = hn::LoadU(d, w + c * in + j);
#pragma GCC unroll 16
    for (std::size_t s = 0; s < S; ++s) {
      const Vector value = hn::LoadU(d, x + s * in + j);
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) sums[s][c] = hn::MulAdd(value, rows[c], sums[s][c]);
    }
  }
  if (j < in) {
    const auto mask = hn::FirstN(d, in - j);
#pragma GCC unroll 16
    for (std::size_t s = 0; s < S; ++s) {
      const Vector value = hn::MaskedLoad(mask, d, x + s * in + j);
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) sums[s][c] = hn::MulAdd(value, hn::MaskedLoad(mask, d, w + c * in + j), sums[s][c]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t s = 0; s < S; ++s)
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) y[s * out + c] = hn::GetLane(hn::SumOfLanes(d, sums[s][c]));
}

template <std::size_t C>
void ForwardTile(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  constexpr std::size_t kRows = 4;
  std::size_t b = 0;
  for (; b + kRows <= batch; b += kRows) Dots<kRows, C>(in, out, x + b * in, w, y + b * out);
  for (; b < batch; ++b) Dots<1, C>(in, out, x + b * in, w, y + b * out);
}

void Forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  std::size_t c = 0;
  for (; c + 5 <= out; c += 5) ForwardTile<5>(batch, in, out, x, w + c * in, y + c);
  switch (out - c) {
    case 4:
      return ForwardTile<4>(batch, in, out, x, w + c * in, y + c);
    case 3:
      return ForwardTile<3>(batch, in, out, x, w + c * in, y + c);
    case 2:
      return ForwardTile<2>(batch, in, out, x, w + c * in, y + c);
    case 1:
      return ForwardTile<1>(batch, in, out, x, w + c * in, y + c);
    default:
      return;
  }
}

/// One vector of columns of w [C, in] after all samples: in registers from first to last.
template <std::size_t C, class Load, class Store>
HWY_INLINE void WeightColumns(std::size_t batch, std::size_t in, const float* HWY_RESTRICT coefficients,
                              const float* HWY_RESTRICT x, bool keep, float* HWY_RESTRICT w, Load load, Store store) {
  const Float d;
  Vector sums[C];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c) sums[c] = keep ? load(w + c * in) : hn::Zero(d);
  for (std::size_t b = 0; b < batch; ++b) {
    const Vector value = load(x + b * in);
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) sums[c] = hn::MulAdd(hn::Set(d, coefficients[b * C + c]), value, sums[c]);
  }
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c) store(sums[c], w + c * in);
}

template <std::size_t C>
void Weights(std::size_t batch, std::size_t in, const float* dy, const float* x, float scale, bool keep, float* w) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr std::size_t kStack = 1024;
  float few[kStack];
  std::vector<float> many;
  float* coefficients = few;
  if (batch * C > kStack) {
    many.resize(batch * C);
    coefficients = many.data();
  }
  for (std::size_t i = 0; i < batch * C; ++i) coefficients[i] = scale * dy[i];
  std::size_t j = 0;
  for (; j + lanes <= in; j += lanes)
    WeightColumns<C>(
        batch, in, coefficients, x + j, keep, w + j, [&](const float* at) { return hn::LoadU(d, at); },
        [&](Vector v, float* at) { hn::StoreU(v, d, at); });
  if (j == in) return;
  const auto mask = hn::FirstN(d, in - j);
  WeightColumns<C>(
      batch, in, coefficients, x + j, keep, w + j, [&](const float* at) { return hn::MaskedLoad(mask, d, at); },
      [&](Vector v, float* at) {
        HWY_ALIGN float lane[HWY_MAX_BYTES / 4];
        hn::Store(v, d, lane);
        for (std::size_t k = 0; k < in - j; ++k) at[k] = lane[k];
      });
}

template <std::size_t C>
void Backward(std::size_t batch, std::size_t in, const float* HWY_RESTRICT dy, const float* HWY_RESTRICT w,
              float* HWY_RESTRICT dx) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t j = 0;
  for (; j + lanes <= in; j += lanes) {
    Vector rows[C];
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) rows[c] = hn::LoadU(d, w + c * in + j);
    for (std::size_t b = 0; b < batch; ++b) {
      Vector sum = hn::Mul(hn::Set(d, dy[b * C]), rows[0]);
#pragma GCC unroll 16
      for (std::size_t c = 1; c < C; ++c) sum = hn::MulAdd(hn::Set(d, dy[b * C + c]), rows[c], sum);
      hn::StoreU(sum, d, dx + b * in + j);
    }
  }
  for (; j < in; ++j)
    for (std::size_t b = 0; b < batch; ++b) {
      float sum = 0;
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c) sum += dy[b * C + c] * w[c * in + j];
      dx[b * in + j] = sum;
    }
}

/// Calls use with the number of outputs as a constant.
template <class Use>
void WithOutputs(std::size_t out, Use use) {
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    (void)((out == C + 1 ? (use(std::integral_constant<std::size_t, C + 1>()), true) : false) || ...);
  }
  (std::make_index_sequence<kNarrowOutputs>());
}
void WeightsOf(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, bool keep,
               float* w) {
  WithOutputs(out, [&](auto c) { Weights<c()>(batch, in, dy, x, scale, keep, w); });
}
void BackwardOf(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx) {
  WithOutputs(out, [&](auto c) { Backward<c()>(batch, in, dy, w, dx); });
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(Forward);
HWY_EXPORT(BackwardOf);
HWY_EXPORT(WeightsOf);

void narrow_forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  HWY_DYNAMIC_DISPATCH(Forward)(batch, in, out, x, w, y);
}
void narrow_backward(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx) {
  HWY_DYNAMIC_DISPATCH(BackwardOf)(batch, in, out, dy, w, dx);
}
void narrow_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, float keep,
                    float* w) {
  HWY_DYNAMIC_DISPATCH(WeightsOf)(batch, in, out, dy, x, scale, keep != 0.0F, w);
}

}  // namespace tocsin::kernels
#endif
