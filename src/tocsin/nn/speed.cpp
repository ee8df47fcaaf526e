// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/speed.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/nn/speed.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::nn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Twelve independent chains of multiply-adds (from different numbers, so that none is another's copy): enough for two units of
/// four cycles each. Returns the operations done.
template <class T>
HWY_INLINE double Chains(std::size_t steps, T* sink) {
  const hn::ScalableTag<T> d;
  const auto a = hn::Set(d, static_cast<T>(0.999999)), b = hn::Set(d, static_cast<T>(1e-6));
  auto s0 = hn::Set(d, static_cast<T>(1)), s1 = hn::Set(d, static_cast<T>(2)), s2 = hn::Set(d, static_cast<T>(3)),
       s3 = hn::Set(d, static_cast<T>(4)), s4 = hn::Set(d, static_cast<T>(5)), s5 = hn::Set(d, static_cast<T>(6)),
       s6 = hn::Set(d, static_cast<T>(7)), s7 = hn::Set(d, static_cast<T>(8)), s8 = hn::Set(d, static_cast<T>(9)),
       s9 = hn::Set(d, static_cast<T>(10)), s10 = hn::Set(d, static_cast<T>(11)), s11 = hn::Set(d, static_cast<T>(12));
  for (std::size_t i = 0; i < steps; ++i) {
    s0 = hn::MulAdd(s0, a, b), s1 = hn::MulAdd(s1, a, b), s2 = hn::MulAdd(s2, a, b), s3 = hn::MulAdd(s3, a, b);
    s4 = hn::MulAdd(s4, a, b), s5 = hn::MulAdd(s5, a, b), s6 = hn::MulAdd(s6, a, b), s7 = hn::MulAdd(s7, a, b);
    s8 = hn::MulAdd(s8, a, b), s9 = hn::MulAdd(s9, a, b), s10 = hn::MulAdd(s10, a, b), s11 = hn::MulAdd(s11, a, b);
  }
  s0 = hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(hn::Add(s4, s5), hn::Add(s6, s7)));
  s0 = hn::Add(s0, hn::Add(hn::Add(s8, s9), hn::Add(s10, s11)));
  *sink = hn::GetLane(s0);
  return static_cast<double>(steps) * 12.0 * 2.0 * static_cast<double>(hn::Lanes(d));
}
double Chains32(std::size_t steps, double* sink) {
  float last = 0;
  const double done = Chains<float>(steps, &last);
  *sink += static_cast<double>(last);
  return done;
}
double Chains64(std::size_t steps, double* sink) {
#if HWY_HAVE_FLOAT64
  double last = 0;
  const double done = Chains<double>(steps, &last);
  *sink += last;
  return done;
#else
  return Chains32(steps, sink);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::nn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::nn {
namespace {

HWY_EXPORT(Chains32);
HWY_EXPORT(Chains64);

#if defined(__x86_64__)
/// The same with dot products of pairs of bfloat16: 32 multiply-adds an instruction.
__attribute__((target("avx512f,avx512bf16"))) double chains_bf16(std::size_t steps, double* sink) {
  const __m512bh a = reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3f80)),
                 b = reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x2f80));
  __m512 s0 = _mm512_set1_ps(0.0F), s1 = _mm512_set1_ps(1.0F), s2 = _mm512_set1_ps(2.0F), s3 = _mm512_set1_ps(3.0F),
         s4 = _mm512_set1_ps(4.0F), s5 = _mm512_set1_ps(5.0F), s6 = _mm512_set1_ps(6.0F), s7 = _mm512_set1_ps(7.0F),
         s8 = _mm512_set1_ps(8.0F), s9 = _mm512_set1_ps(9.0F), s10 = _mm512_set1_ps(10.0F), s11 = _mm512_set1_ps(11.0F);
  for (std::size_t i = 0; i < steps; ++i) {
    s0 = _mm512_dpbf16_ps(s0, a, b), s1 = _mm512_dpbf16_ps(s1, a, b), s2 = _mm512_dpbf16_ps(s2, a, b),
    s3 = _mm512_dpbf16_ps(s3, a, b);
    s4 = _mm512_dpbf16_ps(s4, a, b), s5 = _mm512_dpbf16_ps(s5, a, b), s6 = _mm512_dpbf16_ps(s6, a, b),
    s7 = _mm512_dpbf16_ps(s7, a, b);
    s8 = _mm512_dpbf16_ps(s8, a, b), s9 = _mm512_dpbf16_ps(s9, a, b), s10 = _mm512_dpbf16_ps(s10, a, b),
    s11 = _mm512_dpbf16_ps(s11, a, b);
  }
  s0 = _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)),
                     _mm512_add_ps(_mm512_add_ps(s4, s5), _mm512_add_ps(s6, s7)));
  s0 = _mm512_add_ps(s0, _mm512_add_ps(_mm512_add_ps(s8, s9), _mm512_add_ps(s10, s11)));
  *sink += static_cast<double>(_mm512_cvtss_f32(s0));
  return static_cast<double>(steps) * 12.0 * 2.0 * 32.0;
}
#endif

double chains(Precision precision, std::size_t steps, double* sink) {
  if (precision == Precision::float64) return HWY_DYNAMIC_DISPATCH(Chains64)(steps, sink);
  if (precision == Precision::float32) return HWY_DYNAMIC_DISPATCH(Chains32)(steps, sink);
#if defined(__x86_64__)
  if (available(Precision::bf16)) return chains_bf16(steps, sink);
#endif
  return 0.0;
}

}  // namespace

double measured_peak_gflops(Precision precision, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
  constexpr std::size_t kSteps = 200'000;  // about a millisecond
  volatile double kept = 0;
  double best = 0, sink = 0;
  const Clock::time_point begin = Clock::now();
  do {
    const Clock::time_point start = Clock::now();
    const double operations = chains(precision, kSteps, &sink);
    best = std::max(best, operations / since(start) / 1e9);
  } while (since(begin) < seconds);
  kept = sink;
  (void)kept;
  return best;
}

}  // namespace tocsin::nn
#endif
