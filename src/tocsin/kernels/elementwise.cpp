// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/elementwise.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;
using Vector = hn::Vec<Float>;

constexpr std::size_t kShortRow = 256;  ///< rows shorter than this may share vectors

/// Calls body(i) for whole vectors and tail(i, left) once for what is left.
template <class Body, class Tail>
HWY_INLINE void each_vector(std::size_t n, std::size_t lanes, Body body, Tail tail) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i);
  if (i < n) tail(i, n - i);
}
/// y[i] = f(y[i], x[i]) over n floats; the tail goes through a padded vector, so every element sees the same arithmetic.
template <class F>
HWY_INLINE void map2(float* HWY_RESTRICT y, const float* HWY_RESTRICT x, std::size_t n, F f) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, y + i);
  if (i == n) return;
  HWY_ALIGN float a[HWY_MAX_BYTES / 4] = {}, b[HWY_MAX_BYTES / 4] = {};
  std::copy(y + i, y + n, a);
  std::copy(x + i, x + n, b);
  hn::Store(f(hn::Load(d, a), hn::Load(d, b)), d, a);
  std::copy(a, a + (n - i), y + i);
}

void Widen(const std::uint8_t* HWY_RESTRICT in, float scale, float* HWY_RESTRICT out, std::size_t n) {
  const Float d;
  const hn::Rebind<std::uint8_t, Float> bytes;
  const hn::Rebind<std::int32_t, Float> words;
  const Vector factor = hn::Set(d, scale);
  each_vector(
      n, hn::Lanes(d),
      [&](std::size_t i) {
        hn::StoreU(hn::Mul(hn::ConvertTo(d, hn::PromoteTo(words, hn::LoadU(bytes, in + i))), factor), d, out + i);
      },
      [&](std::size_t i, std::size_t left) {
        for (std::size_t k = i; k < i + left; ++k) out[k] = static_cast<float>(in[k]) * scale;
      });
}

void AddScaled(float* y, float a, const float* x, std::size_t n) {
  const Vector factor = hn::Set(Float(), a);
  map2(y, x, n, [&](Vector old, Vector add) { return hn::MulAdd(factor, add, old); });
}
void DivideStabilised(float* r, const float* z, float epsilon, float at_zero, std::size_t n) {
  const Float d;
  const Vector zero = hn::Zero(d), up = hn::Set(d, epsilon), down = hn::Set(d, -epsilon), instead = hn::Set(d, at_zero);
  map2(r, z, n, [&](Vector relevance, Vector value) {
    const Vector moved = hn::Add(value, hn::IfThenElse(hn::Lt(value, zero), down, up));
    return hn::Div(relevance, hn::IfThenElse(hn::Eq(moved, zero), instead, moved));
  });
}
double SquaredDistance(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::size_t n) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(wide)> sums[4] = {hn::Zero(wide), hn::Zero(wide), hn::Zero(wide), hn::Zero(wide)};
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes)
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
      const auto difference = hn::PromoteTo(wide, hn::Sub(hn::LoadU(d, a + i + k * lanes), hn::LoadU(d, b + i + k * lanes)));
      sums[k] = hn::MulAdd(difference, difference, sums[k]);
    }
  double tail = 0.0;
  for (; i < n; ++i) {
    const double difference = static_cast<double>(a[i] - b[i]);
    tail += difference * difference;
  }
  return hn::GetLane(hn::SumOfLanes(wide, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])))) + tail;
}
void Multiply(float* y, const float* x, std::size_t n) {
  map2(y, x, n, [](Vector a, Vector b) { return hn::Mul(a, b); });
}
/// max(y, 0), but NaN stays NaN: a network that has blown up must not look like a dead one.
HWY_INLINE Vector Rectified(Vector y) { return hn::IfThenZeroElse(hn::Le(y, hn::Zero(Float())), y); }
HWY_INLINE float Rectified(float y) { return y <= 0.0F ? 0.0F : y; }

void Relu(float* y, std::size_t n) {
  const Float d;
  each_vector(
      n, hn::Lanes(d), [&](std::size_t i) { hn::StoreU(Rectified(hn::LoadU(d, y + i)), d, y + i); },
      [&](std::size_t i, std::size_t left) {
        for (std::size_t k = i; k < i + left; ++k) y[k] = Rectified(y[k]);
      });
}
void ReluGate(float* gradient, const float* output, std::size_t n) {
  const Vector zero = hn::Zero(Float());
  map2(gradient, output, n, [&](Vector g, Vector y) { return hn::IfThenElseZero(hn::Gt(y, zero), g); });
}
void ReluGateBf16(std::uint16_t* HWY_RESTRICT gradient, const std::uint16_t* HWY_RESTRICT output, std::size_t n) {
  const hn::ScalableTag<std::int16_t> d;
  const auto zero = hn::Zero(d);
  each_vector(
      n, hn::Lanes(d),
      [&](std::size_t i) {  // a bfloat16 is positive iff its bits are, as a signed integer
        const auto y = hn::LoadU(d, reinterpret_cast<const std::int16_t*>(output) + i);
        std::int16_t* g = reinterpret_cast<std::int16_t*>(gradient) + i;
        hn::StoreU(hn::IfThenElseZero(hn::Gt(y, zero), hn::LoadU(d, g)), d, g);
      },
      [&](std::size_t i, std::size_t left) {
        for (std::size_t k = i; k < i + left; ++k)
          if (static_cast<std::int16_t>(output[k]) <= 0) gradient[k] = 0;
      });
}

/// Rows that no number of whole vectors covers, taken as one long row: the bias repeats under it.
void BiasShortRows(float* y, std::size_t n, std::size_t width, const float* bias, bool rectify) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  float pattern[kShortRow + HWY_MAX_BYTES / 4];
  if (bias != nullptr)
    for (std::size_t k = 0, j = 0; k < width + lanes; ++k, j = j + 1 < width ? j + 1 : 0) pattern[k] = bias[j];
  const std::size_t shift = lanes % width;
  std::size_t phase = 0, i = 0;
  for (; i + lanes <= n; i += lanes) {
    Vector v = hn::LoadU(d, y + i);
    if (bias != nullptr) v = hn::Add(v, hn::LoadU(d, pattern + phase));
    if (rectify) v = Rectified(v);
    hn::StoreU(v, d, y + i);
    phase += shift;
    if (phase >= width) phase -= width;
  }
  for (; i < n; ++i, ++phase) {
    const float v = bias != nullptr ? y[i] + pattern[phase] : y[i];
    y[i] = rectify ? Rectified(v) : v;
  }
}
void BiasRows(float* y, std::size_t rows, std::size_t width, const float* bias, bool rectify) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  if (width < kShortRow && width % lanes != 0) return BiasShortRows(y, rows * width, width, bias, rectify);
  for (std::size_t r = 0; r < rows; ++r, y += width) {
    std::size_t j = 0;
    for (; j + lanes <= width; j += lanes) {
      Vector v = hn::LoadU(d, y + j);
      if (bias != nullptr) v = hn::Add(v, hn::LoadU(d, bias + j));
      if (rectify) v = Rectified(v);
      hn::StoreU(v, d, y + j);
    }
    for (; j < width; ++j) {
      const float v = bias != nullptr ? y[j] + bias[j] : y[j];
      y[j] = rectify ? Rectified(v) : v;
    }
  }
}

void ColumnSums(const float* HWY_RESTRICT y, std::size_t rows, std::size_t width, float scale, float keep,
                float* HWY_RESTRICT sums) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  const auto joined = [&](Vector total, Vector old) {
    total = hn::Mul(total, hn::Set(d, scale));
    return keep != 0.0F ? hn::MulAdd(hn::Set(d, keep), old, total) : total;
  };
  std::size_t j = 0;
  for (; j + lanes <= width; j += lanes) {
    Vector total = hn::Zero(d);
    for (std::size_t r = 0; r < rows; ++r) total = hn::Add(total, hn::LoadU(d, y + r * width + j));
    hn::StoreU(joined(total, hn::LoadU(d, sums + j)), d, sums + j);
  }
  if (j == width) return;
  const auto mask = hn::FirstN(d, width - j);
  Vector total = hn::Zero(d);
  for (std::size_t r = 0; r < rows; ++r) total = hn::Add(total, hn::MaskedLoad(mask, d, y + r * width + j));
  HWY_ALIGN float tail[HWY_MAX_BYTES / 4];
  hn::Store(joined(total, hn::MaskedLoad(mask, d, sums + j)), d, tail);
  std::copy_n(tail, width - j, sums + j);
}

/// w, gradient, anchor and up to two moments of `n` floats, a vector at a time: step(w, g, first moment, second moment) changes the
/// last three. With an anchor, factor (w - anchor) is added to the gradient before, and ||w - anchor||^2 after is the result.
template <class Step>
HWY_INLINE double Descend(float* HWY_RESTRICT w, const float* HWY_RESTRICT gradient, float* HWY_RESTRICT m, float* HWY_RESTRICT v,
                          std::size_t n, const float* HWY_RESTRICT anchor, float factor, Step step) {
  const Float d;
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> half;
  const Vector pull = hn::Set(d, factor);
  auto distance2 = hn::Zero(wide);
  const auto at = [&](float* weights, const float* slopes, float* first, float* second, const float* goal) {
    Vector weight = hn::LoadU(d, weights), g = hn::LoadU(d, slopes);
    Vector one = first != nullptr ? hn::LoadU(d, first) : hn::Zero(d), two = second != nullptr ? hn::LoadU(d, second) : hn::Zero(d);
    const Vector to = goal != nullptr ? hn::LoadU(d, goal) : hn::Zero(d);
    if (goal != nullptr) g = hn::MulAdd(pull, hn::Sub(weight, to), g);
    step(weight, g, one, two);
    hn::StoreU(weight, d, weights);
    if (first != nullptr) hn::StoreU(one, d, first);
    if (second != nullptr) hn::StoreU(two, d, second);
    if (goal == nullptr) return;
    for (std::size_t k = 0; k < hn::Lanes(d); k += hn::Lanes(half)) {  // still in the first cache
      const auto off = hn::PromoteTo(wide, hn::Sub(hn::LoadU(half, weights + k), hn::LoadU(half, goal + k)));
      distance2 = hn::MulAdd(off, off, distance2);
    }
  };
  std::size_t i = 0;
  for (const std::size_t lanes = hn::Lanes(d); i + lanes <= n; i += lanes)
    at(w + i, gradient + i, m == nullptr ? m : m + i, v == nullptr ? v : v + i, anchor == nullptr ? anchor : anchor + i);
  if (i < n) {
    HWY_ALIGN float tail[5][HWY_MAX_BYTES / 4] = {};
    const auto copy = [&](const float* from, float* to) {
      if (from != nullptr) std::copy(from + i, from + n, to);
    };
    copy(w, tail[0]), copy(gradient, tail[1]), copy(m, tail[2]), copy(v, tail[3]), copy(anchor, tail[4]);
    at(tail[0], tail[1], m == nullptr ? m : tail[2], v == nullptr ? v : tail[3], anchor == nullptr ? anchor : tail[4]);
    std::copy_n(tail[0], n - i, w + i);
    if (m != nullptr) std::copy_n(tail[2], n - i, m + i);
    if (v != nullptr) std::copy_n(tail[3], n - i, v + i);
  }
  return hn::GetLane(hn::SumOfLanes(wide, distance2));
}
double Sgd(float* w, const float* gradient, float* buffer, std::size_t n, const SgdStep& s, const float* anchor, float factor) {
  const Float d;
  const Vector decay = hn::Set(d, s.decay), momentum = hn::Set(d, s.momentum), rate = hn::Set(d, -s.rate);
  const auto step = [&](Vector& weight, Vector g, Vector& old, Vector&) {
    g = hn::MulAdd(decay, weight, g);
    if (buffer != nullptr) {
      old = s.first ? g : hn::MulAdd(momentum, old, g);
      g = s.nesterov ? hn::MulAdd(momentum, old, g) : old;
    }
    weight = hn::MulAdd(rate, g, weight);
  };
  return Descend(w, gradient, buffer, nullptr, n, anchor, factor, step);
}
double Adam(float* w, const float* gradient, float* m, float* v, std::size_t n, const AdamStep& s, const float* anchor,
            float factor) {
  const Float d;
  const Vector b1 = hn::Set(d, s.beta1), c1 = hn::Set(d, s.rest1), b2 = hn::Set(d, s.beta2), c2 = hn::Set(d, s.rest2);
  const Vector decay = hn::Set(d, s.decay), size = hn::Set(d, -s.step_size), root = hn::Set(d, s.root_scale),
               epsilon = hn::Set(d, s.epsilon);
  const auto step = [&](Vector& weight, Vector g, Vector& first, Vector& second) {
    g = hn::MulAdd(decay, weight, g);
    first = hn::MulAdd(b1, first, hn::Mul(c1, g));
    second = hn::MulAdd(b2, second, hn::Mul(c2, hn::Mul(g, g)));
    weight = hn::MulAdd(size, hn::Div(first, hn::MulAdd(hn::Sqrt(second), root, epsilon)), weight);
  };
  return Descend(w, gradient, m, v, n, anchor, factor, step);
}

/// Philox4x32-10 of blocks {w0, w1, w2, k}, ten rounds; a word at or above the threshold keeps its element. One block a 64-bit
/// lane.
void BernoulliMask(const std::uint32_t* key, const std::uint32_t* words, std::uint32_t threshold, float kept, float* mask,
                   std::size_t n) {
  constexpr std::uint32_t kMultiplier[2] = {0xD2511F53U, 0xCD9E8D57U}, kWeyl[2] = {0x9E3779B9U, 0xBB67AE85U};
  std::size_t done = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint64_t> wide;
  const hn::Repartition<std::uint32_t, decltype(wide)> narrow;
  const hn::Repartition<float, decltype(wide)> f;
  const std::size_t lanes = hn::Lanes(wide);
  const auto low_half = hn::Set(wide, 0xFFFFFFFFULL);
  const auto product = [&](auto a, std::uint32_t by) { return hn::MulEven(hn::BitCast(narrow, a), hn::Set(narrow, by)); };
  const auto limit = hn::Set(narrow, threshold);
  const auto keep = hn::Set(f, kept);
  for (; done + 4 * lanes <= n; done += 4 * lanes) {
    auto x0 = hn::Set(wide, words[0]), x1 = hn::Set(wide, words[1]), x2 = hn::Set(wide, words[2]), x3 = hn::Iota(wide, done / 4);
    std::uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      const auto p0 = product(x0, kMultiplier[0]), p1 = product(x2, kMultiplier[1]);
      x0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), x1), hn::Set(wide, k0));
      x1 = hn::And(p1, low_half);
      x2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), x3), hn::Set(wide, k1));
      x3 = hn::And(p0, low_half);
      k0 += kWeyl[0], k1 += kWeyl[1];
    }
    const auto decide = [&](auto first, auto second) {  // two words a lane
      const auto both = hn::BitCast(narrow, hn::Or(first, hn::ShiftLeft<32>(second)));
      return hn::BitCast(wide, hn::IfThenZeroElse(hn::RebindMask(f, hn::Lt(both, limit)), keep));
    };
    hn::StoreInterleaved2(decide(x0, x1), decide(x2, x3), wide, reinterpret_cast<std::uint64_t*>(mask + done));
  }
#endif
  for (std::uint32_t block = static_cast<std::uint32_t>(done / 4); done < n; ++block) {
    std::uint32_t x[4] = {words[0], words[1], words[2], block}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{x[0]} * kMultiplier[0], p1 = std::uint64_t{x[2]} * kMultiplier[1];
      x[0] = static_cast<std::uint32_t>(p1 >> 32) ^ x[1] ^ k0;
      x[1] = static_cast<std::uint32_t>(p1);
      x[2] = static_cast<std::uint32_t>(p0 >> 32) ^ x[3] ^ k1;
      x[3] = static_cast<std::uint32_t>(p0);
      k0 += kWeyl[0], k1 += kWeyl[1];
    }
    for (std::size_t j = 0; j < 4 && done < n; ++j, ++done) mask[done] = x[j] < threshold ? 0.0F : kept;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(Widen);
HWY_EXPORT(DivideStabilised);
HWY_EXPORT(AddScaled);
HWY_EXPORT(SquaredDistance);
HWY_EXPORT(Multiply);
HWY_EXPORT(Relu);
HWY_EXPORT(ReluGate);
HWY_EXPORT(ReluGateBf16);
HWY_EXPORT(BiasRows);
HWY_EXPORT(ColumnSums);
HWY_EXPORT(Sgd);
HWY_EXPORT(Adam);
HWY_EXPORT(BernoulliMask);

void widen(std::span<const std::uint8_t> in, float scale, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(Widen)(in.data(), scale, out.data(), in.size());
}
void add_scaled(std::span<float> y, float a, std::span<const float> x) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(y.data(), a, x.data(), y.size());
}
double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}
double squared_distance(std::span<const float> a, std::span<const float> b) {
  return HWY_DYNAMIC_DISPATCH(SquaredDistance)(a.data(), b.data(), a.size());
}
void multiply(std::span<float> y, std::span<const float> x) { HWY_DYNAMIC_DISPATCH(Multiply)(y.data(), x.data(), y.size()); }
void relu(std::span<float> y) { HWY_DYNAMIC_DISPATCH(Relu)(y.data(), y.size()); }
void divide_stabilised(std::span<float> r, std::span<const float> z, float epsilon, float at_zero) {
  HWY_DYNAMIC_DISPATCH(DivideStabilised)(r.data(), z.data(), epsilon, at_zero, r.size());
}
void relu_gate(std::span<float> gradient, std::span<const float> output) {
  HWY_DYNAMIC_DISPATCH(ReluGate)(gradient.data(), output.data(), gradient.size());
}
void relu_gate_bf16(std::span<std::uint16_t> gradient, std::span<const std::uint16_t> output) {
  HWY_DYNAMIC_DISPATCH(ReluGateBf16)(gradient.data(), output.data(), gradient.size());
}
void bias_rows(std::span<float> y, std::span<const float> bias, std::size_t width, bool rectify) {
  HWY_DYNAMIC_DISPATCH(BiasRows)(y.data(), y.size() / width, width, bias.empty() ? nullptr : bias.data(), rectify);
}
void column_sums(std::span<const float> y, std::size_t width, float scale, float keep, std::span<float> sums) {
  HWY_DYNAMIC_DISPATCH(ColumnSums)(y.data(), y.size() / width, width, scale, keep, sums.data());
}
double sgd_step(std::span<float> w, std::span<const float> g, std::span<float> buffer, const SgdStep& step, const Pull& pull) {
  return HWY_DYNAMIC_DISPATCH(Sgd)(w.data(), g.data(), buffer.empty() ? nullptr : buffer.data(), w.size(), step,
                                   pull.anchor.empty() ? nullptr : pull.anchor.data(), pull.factor);
}
double adam_step(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v, const AdamStep& step,
                 const Pull& pull) {
  return HWY_DYNAMIC_DISPATCH(Adam)(w.data(), g.data(), m.data(), v.data(), w.size(), step,
                                    pull.anchor.empty() ? nullptr : pull.anchor.data(), pull.factor);
}
void bernoulli_mask(const std::uint32_t key[2], const std::uint32_t words[3], double rate, std::span<float> mask) {
  const auto threshold = static_cast<std::uint32_t>(rate * 4294967296.0);
  HWY_DYNAMIC_DISPATCH(BernoulliMask)(key, words, threshold, static_cast<float>(1.0 / (1.0 - rate)), mask.data(), mask.size());
}

}  // namespace tocsin::kernels
#endif
