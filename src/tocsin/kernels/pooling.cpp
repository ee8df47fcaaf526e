// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/pooling.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/pooling.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::CappedTag<float, 8>;

/// use(first value of a window, its place in the output) for every window and vector of channels.
template <class Use>
HWY_INLINE void EachWindow(const PoolShape& s, Use use) {
  const std::size_t rows = s.out_height(), columns = s.out_width();
  for (std::size_t p = 0; p < s.planes; ++p)
    for (std::size_t y = 0; y < rows; ++y)
      for (std::size_t x = 0; x < columns; ++x) {
        const std::size_t from = ((p * s.height + y * s.stride) * s.width + x * s.stride) * s.block;
        const std::size_t to = ((p * rows + y) * columns + x) * s.block;
        for (std::size_t c = 0; c < s.block; c += hn::Lanes(Float())) use(from + c, to + c);
      }
}

void MaxPool(const PoolShape& s, const float* HWY_RESTRICT in, float* HWY_RESTRICT out) {
  const Float d;
  const std::size_t row = s.width * s.block;
  EachWindow(s, [&](std::size_t from, std::size_t to) {
    hn::Vec<Float> most = hn::LoadU(d, in + from);
    auto lost = hn::IsNaN(most);  // Max may forget a NaN
    for (std::size_t i = 0; i < s.kernel; ++i)
      for (std::size_t j = i == 0 ? 1 : 0; j < s.kernel; ++j) {
        const hn::Vec<Float> value = hn::LoadU(d, in + from + i * row + j * s.block);
        lost = hn::Or(lost, hn::IsNaN(value));
        most = hn::Max(most, value);
      }
    hn::StoreU(hn::IfThenElse(lost, hn::NaN(d), most), d, out + to);
  });
}
void MaxPoolGradient(const PoolShape& s, const float* HWY_RESTRICT in, const float* HWY_RESTRICT out,
                     const float* HWY_RESTRICT out_gradient, float* HWY_RESTRICT in_gradient) {
  const Float d;
  const std::size_t row = s.width * s.block;
  if (s.kernel != s.stride || s.height != s.out_height() * s.kernel || s.width != s.out_width() * s.kernel)
    std::fill_n(in_gradient, s.planes * s.height * row, 0.0F);  // values of no window
  EachWindow(s, [&](std::size_t from, std::size_t to) {
    const hn::Vec<Float> most = hn::LoadU(d, out + to);
    hn::Vec<Float> left = hn::LoadU(d, out_gradient + to);  // 0 once it has been given away
    for (std::size_t i = 0; i < s.kernel; ++i)
      for (std::size_t j = 0; j < s.kernel; ++j) {
        const std::size_t at = from + i * row + j * s.block;
        const hn::Vec<Float> value = hn::LoadU(d, in + at);
        const auto wins = hn::Or(hn::Eq(value, most), hn::And(hn::IsNaN(value), hn::IsNaN(most)));
        hn::StoreU(hn::IfThenElseZero(wins, left), d, in_gradient + at);
        left = hn::IfThenZeroElse(wins, left);
      }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(MaxPool);
HWY_EXPORT(MaxPoolGradient);

void max_pool(const PoolShape& shape, const float* in, float* out) { HWY_DYNAMIC_DISPATCH(MaxPool)(shape, in, out); }
void max_pool_gradient(const PoolShape& shape, const float* in, const float* out, const float* out_gradient, float* in_gradient) {
  HWY_DYNAMIC_DISPATCH(MaxPoolGradient)(shape, in, out, out_gradient, in_gradient);
}

}  // namespace tocsin::kernels
#endif
