// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/narrow.h"

#include <algorithm>
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

/// Accumulators that fit into the registers: 20 of 32, or 10 of 16.
constexpr bool kManyRegisters = HWY_CAP_GE512 || HWY_ARCH_ARM_A64;
constexpr std::size_t kOutputs = kManyRegisters ? 10 : 5;  ///< outputs a tile of dot products
constexpr std::size_t kColumns = kManyRegisters ? 2 : 1;   ///< vectors of columns a tile of weights

/// Inputs that are floats already.
struct Floats {
  const float* at;
  float scale = 1.0F;
  HWY_INLINE Vector load(std::size_t i) const { return hn::LoadU(Float(), at + i); }
  HWY_INLINE Vector load_first(std::size_t i, std::size_t n) const {
    return hn::MaskedLoad(hn::FirstN(Float(), n), Float(), at + i);
  }
};
/// Bytes, widened on the way; what is made of them is scaled.
struct Bytes {
  const std::uint8_t* at;
  float scale;
  HWY_INLINE Vector load(std::size_t i) const {
    const Float d;
    const hn::Rebind<std::uint8_t, Float> bytes;
    const hn::Rebind<std::int32_t, Float> words;
    return hn::ConvertTo(d, hn::PromoteTo(words, hn::LoadU(bytes, at + i)));
  }
  HWY_INLINE Vector load_first(std::size_t i, std::size_t n) const {
    HWY_ALIGN std::uint8_t few[HWY_MAX_BYTES] = {};
    std::copy_n(at + i, n, few);
    return Bytes{few, scale}.load(0);
  }
};

#if HWY_TARGET != HWY_SCALAR
/// Writes four sums, each over the lanes of one place in a block of four.
template <class D>
HWY_INLINE void StoreSumOfBlocks(D d, hn::Vec<D> v, float* y) {
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    StoreSumOfBlocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), y);
  } else {
    hn::StoreU(v, d, y);
  }
}
#endif
/// y[k] = scale times the sum of the lanes of sums[k].
template <std::size_t N>
HWY_INLINE void SumLanes(const Vector (&sums)[N], float scale, float* HWY_RESTRICT y) {
  const Float d;
  std::size_t k = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::Repartition<double, Float> pairs;
#pragma GCC unroll 16
  for (; k + 4 <= N; k += 4) {  // four at a time, transposed within blocks of four lanes
    const Vector a = hn::Add(hn::InterleaveLower(d, sums[k], sums[k + 1]), hn::InterleaveUpper(d, sums[k], sums[k + 1]));
    const Vector b = hn::Add(hn::InterleaveLower(d, sums[k + 2], sums[k + 3]), hn::InterleaveUpper(d, sums[k + 2], sums[k + 3]));
    const auto a2 = hn::BitCast(pairs, a), b2 = hn::BitCast(pairs, b);
    const Vector four =
        hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, a2, b2)), hn::BitCast(d, hn::InterleaveUpper(pairs, a2, b2)));
    StoreSumOfBlocks(d, hn::Mul(four, hn::Set(d, scale)), y + k);
  }
#endif
#pragma GCC unroll 16
  for (; k < N; ++k) y[k] = scale * hn::GetLane(hn::SumOfLanes(d, sums[k]));
}

/// Dot products of S rows of x with C rows of w, all S * C sums in registers.
template <std::size_t S, std::size_t C, class Input>
HWY_INLINE void Dots(std::size_t in, std::size_t out, const Input& x, std::size_t first, const float* HWY_RESTRICT w,
                     float* HWY_RESTRICT y) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[S * C];
#pragma GCC unroll 32
  for (std::size_t k = 0; k < S * C; ++k) sums[k] = hn::Zero(d);
  std::size_t j = 0;
  for (; j + lanes <= in; j += lanes) {
    Vector values[S];
#pragma GCC unroll 16
    for (std::size_t s = 0; s < S; ++s) values[s] = x.load(first + s * in + j);
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) {
      const Vector row = hn::LoadU(d, w + c * in + j);
#pragma GCC unroll 16
      for (std::size_t s = 0; s < S; ++s) sums[s * C + c] = hn::MulAdd(values[s], row, sums[s * C + c]);
    }
  }
  if (j < in) {
    const auto mask = hn::FirstN(d, in - j);
#pragma GCC unroll 16
    for (std::size_t s = 0; s < S; ++s) {
      const Vector value = x.load_first(first + s * in + j, in - j);
#pragma GCC unroll 16
      for (std::size_t c = 0; c < C; ++c)
        sums[s * C + c] = hn::MulAdd(value, hn::MaskedLoad(mask, d, w + c * in + j), sums[s * C + c]);
    }
  }
  if (C == out) {
    SumLanes(sums, x.scale, y);
  } else {
    float dots[S * C];
    SumLanes(sums, x.scale, dots);
    for (std::size_t s = 0; s < S; ++s) std::copy_n(dots + s * C, C, y + s * out);
  }
}

template <std::size_t C, class Input>
void ForwardTile(std::size_t batch, std::size_t in, std::size_t out, const Input& x, const float* w, float* y) {
  std::size_t b = 0;
  for (; b + 2 <= batch; b += 2) Dots<2, C>(in, out, x, b * in, w, y + b * out);
  if (b < batch) Dots<1, C>(in, out, x, b * in, w, y + b * out);
}

/// N vectors of columns of w [C, in] from column j, after all samples: in registers from first to last.
template <std::size_t C, std::size_t N, class Input>
HWY_INLINE void WeightColumns(std::size_t batch, std::size_t in, const float* HWY_RESTRICT coefficients, const Input& x,
                              std::size_t j, bool keep, float* HWY_RESTRICT w) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[C][N];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c)
#pragma GCC unroll 16
    for (std::size_t n = 0; n < N; ++n) sums[c][n] = keep ? hn::LoadU(d, w + c * in + j + n * lanes) : hn::Zero(d);
  for (std::size_t b = 0; b < batch; ++b) {
    Vector values[N];
#pragma GCC unroll 16
    for (std::size_t n = 0; n < N; ++n) values[n] = x.load(b * in + j + n * lanes);
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) {
      const Vector coefficient = hn::Set(d, coefficients[b * C + c]);
#pragma GCC unroll 16
      for (std::size_t n = 0; n < N; ++n) sums[c][n] = hn::MulAdd(coefficient, values[n], sums[c][n]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c)
#pragma GCC unroll 16
    for (std::size_t n = 0; n < N; ++n) hn::StoreU(sums[c][n], d, w + c * in + j + n * lanes);
}
/// The last columns, fewer than a vector.
template <std::size_t C, class Input>
HWY_INLINE void LastColumns(std::size_t batch, std::size_t in, const float* HWY_RESTRICT coefficients, const Input& x,
                            std::size_t j, bool keep, float* HWY_RESTRICT w) {
  const Float d;
  const std::size_t left = in - j;
  const auto mask = hn::FirstN(d, left);
  Vector sums[C];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c) sums[c] = keep ? hn::MaskedLoad(mask, d, w + c * in + j) : hn::Zero(d);
  for (std::size_t b = 0; b < batch; ++b) {
    const Vector value = x.load_first(b * in + j, left);
#pragma GCC unroll 16
    for (std::size_t c = 0; c < C; ++c) sums[c] = hn::MulAdd(hn::Set(d, coefficients[b * C + c]), value, sums[c]);
  }
  HWY_ALIGN float lane[HWY_MAX_BYTES / 4];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < C; ++c) {
    hn::Store(sums[c], d, lane);
    std::copy_n(lane, left, w + c * in + j);
  }
}

template <std::size_t C, class Input>
void Weights(std::size_t batch, std::size_t in, const float* dy, const Input& x, float scale, bool keep, float* w) {
  const std::size_t lanes = hn::Lanes(Float());
  constexpr std::size_t kStack = 1024;
  float few[kStack];
  std::vector<float> many;
  float* coefficients = few;
  if (batch * C > kStack) {
    many.resize(batch * C);
    coefficients = many.data();
  }
  for (std::size_t i = 0; i < batch * C; ++i) coefficients[i] = scale * x.scale * dy[i];
  std::size_t j = 0;
  for (; j + kColumns * lanes <= in; j += kColumns * lanes) WeightColumns<C, kColumns>(batch, in, coefficients, x, j, keep, w);
  for (; j + lanes <= in; j += lanes) WeightColumns<C, 1>(batch, in, coefficients, x, j, keep, w);
  if (j < in) LastColumns<C>(batch, in, coefficients, x, j, keep, w);
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

/// Calls use with the number of outputs, 1 to Most, as a constant.
template <std::size_t Most, class Use>
HWY_INLINE void WithOutputs(std::size_t out, Use use) {
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    (void)((out == C + 1 ? (use(std::integral_constant<std::size_t, C + 1>()), true) : false) || ...);
  }
  (std::make_index_sequence<Most>());
}
template <class Input>
HWY_INLINE void ForwardOf(std::size_t batch, std::size_t in, std::size_t out, const Input& x, const float* w, float* y) {
  std::size_t c = 0;
  for (; c + kOutputs <= out; c += kOutputs) ForwardTile<kOutputs>(batch, in, out, x, w + c * in, y + c);
  WithOutputs<kOutputs - 1>(out - c, [&](auto left) { ForwardTile<left()>(batch, in, out, x, w + c * in, y + c); });
}
void ForwardFloats(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  ForwardOf(batch, in, out, Floats{x}, w, y);
}
void ForwardBytes(std::size_t batch, std::size_t in, std::size_t out, ByteRows x, const float* w, float* y) {
  ForwardOf(batch, in, out, Bytes{x.data, x.scale}, w, y);
}
void WeightsFloats(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, bool keep,
                   float* w) {
  WithOutputs<kNarrowOutputs>(out, [&](auto c) { Weights<c()>(batch, in, dy, Floats{x}, scale, keep, w); });
}
void WeightsBytes(std::size_t batch, std::size_t in, std::size_t out, const float* dy, ByteRows x, float scale, bool keep,
                  float* w) {
  WithOutputs<kNarrowOutputs>(out, [&](auto c) { Weights<c()>(batch, in, dy, Bytes{x.data, x.scale}, scale, keep, w); });
}
void BackwardOf(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx) {
  WithOutputs<kNarrowOutputs>(out, [&](auto c) { Backward<c()>(batch, in, dy, w, dx); });
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(ForwardFloats);
HWY_EXPORT(ForwardBytes);
HWY_EXPORT(BackwardOf);
HWY_EXPORT(WeightsFloats);
HWY_EXPORT(WeightsBytes);

void narrow_forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  HWY_DYNAMIC_DISPATCH(ForwardFloats)(batch, in, out, x, w, y);
}
void narrow_forward(std::size_t batch, std::size_t in, std::size_t out, ByteRows x, const float* w, float* y) {
  HWY_DYNAMIC_DISPATCH(ForwardBytes)(batch, in, out, x, w, y);
}
void narrow_backward(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx) {
  HWY_DYNAMIC_DISPATCH(BackwardOf)(batch, in, out, dy, w, dx);
}
void narrow_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, float keep,
                    float* w) {
  HWY_DYNAMIC_DISPATCH(WeightsFloats)(batch, in, out, dy, x, scale, keep != 0.0F, w);
}
void narrow_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, ByteRows x, float scale, float keep,
                    float* w) {
  HWY_DYNAMIC_DISPATCH(WeightsBytes)(batch, in, out, dy, x, scale, keep != 0.0F, w);
}

}  // namespace tocsin::kernels
#endif
