// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/few_channels.h"

#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/few_channels.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

#ifndef TOCSIN_FEW_CHANNELS_ONCE
#define TOCSIN_FEW_CHANNELS_ONCE
namespace tocsin::kernels {
namespace {
constexpr std::size_t kBlock = 8;  ///< filters
}  // namespace
}  // namespace tocsin::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::CappedTag<float, kBlock>;
using Vector = hn::Vec<Float>;
using Shape = FewChannelsShape;

/// What one image adds to the weights of kMany neighbouring columns of a kernel's row and a vector of each of kBlocks blocks of
/// filters: `image` begins at the first column, its rows are `width` long; blocks of errors lie `apart`.
template <std::size_t kMany, std::size_t kBlocks>
HWY_INLINE void AddColumns(const Shape& s, const float* HWY_RESTRICT image, std::size_t width, const float* HWY_RESTRICT errors,
                           std::size_t apart, float* HWY_RESTRICT sums, std::size_t step) {
  const Float d;
  for (std::size_t y = 0; y < s.out_height(); ++y) {
    const float* from = image + y * s.stride * width;
    Vector total[kBlocks][kMany];
#pragma GCC unroll 8
    for (std::size_t b = 0; b < kBlocks; ++b)
#pragma GCC unroll 8
      for (std::size_t j = 0; j < kMany; ++j) total[b][j] = hn::Zero(d);
    for (std::size_t x = 0; x < s.out_width(); ++x, from += s.stride, errors += kBlock) {
      Vector error[kBlocks];
#pragma GCC unroll 8
      for (std::size_t b = 0; b < kBlocks; ++b) error[b] = hn::LoadU(d, errors + b * apart);
#pragma GCC unroll 8
      for (std::size_t j = 0; j < kMany; ++j) {
        const Vector value = hn::Set(d, from[j]);
#pragma GCC unroll 8
        for (std::size_t b = 0; b < kBlocks; ++b) total[b][j] = hn::MulAdd(value, error[b], total[b][j]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t b = 0; b < kBlocks; ++b)
#pragma GCC unroll 8
      for (std::size_t j = 0; j < kMany; ++j) {
        float* to = sums + j * step + b * kBlock;
        hn::StoreU(hn::Add(hn::LoadU(d, to), total[b][j]), d, to);
      }
  }
}
void AddBias(const Shape& s, const float* HWY_RESTRICT errors, float* HWY_RESTRICT sums) {
  const Float d;
  for (std::size_t y = 0; y < s.out_height(); ++y) {
    Vector total = hn::Zero(d);
    for (std::size_t x = 0; x < s.out_width(); ++x, errors += kBlock) total = hn::Add(total, hn::LoadU(d, errors));
    hn::StoreU(hn::Add(hn::LoadU(d, sums), total), d, sums);
  }
}

/// Adds an image to sums [kernel, kernel, channels, padded filters] and to those of the bias, which follow; `image` with its
/// padding.
void AddImage(const Shape& s, const float* HWY_RESTRICT image, const float* HWY_RESTRICT errors, float* HWY_RESTRICT sums) {
  const std::size_t height = s.height + 2 * s.padding, width = s.width + 2 * s.padding;
  const std::size_t places = s.out_height() * s.out_width(), padded = kBlock * s.blocks(), step = s.channels * padded;
  for (std::size_t lane = 0; lane < kBlock; lane += hn::Lanes(Float()))
    for (std::size_t b = 0; b < s.blocks();) {
      const bool is_pair = b + 2 <= s.blocks();
      const float* of_block = errors + b * kBlock * places + lane;
      float* of_filters = sums + b * kBlock + lane;
      for (std::size_t c = 0; c < s.channels; ++c)
        for (std::size_t i = 0; i < s.kernel; ++i)
          for (std::size_t j = 0; j < s.kernel;) {
            const float* from = image + (c * height + i) * width + j;
            float* to = of_filters + ((i * s.kernel + j) * s.channels + c) * padded;
            const std::size_t many = s.kernel - j >= 5 ? 5 : s.kernel - j >= 3 ? 3 : 1;
            const auto add = [&](auto columns) {
              if (is_pair)
                AddColumns<columns(), 2>(s, from, width, of_block, kBlock * places, to, step);
              else
                AddColumns<columns(), 1>(s, from, width, of_block, 0, to, step);
            };
            if (many == 5) add(std::integral_constant<std::size_t, 5>());
            if (many == 3) add(std::integral_constant<std::size_t, 3>());
            if (many == 1) add(std::integral_constant<std::size_t, 1>());
            j += many;
          }
      b += is_pair ? 2 : 1;
    }
  for (std::size_t f = 0; f < padded; f += hn::Lanes(Float()))
    AddBias(s, errors + f / kBlock * kBlock * places + f % kBlock, sums + s.kernel * s.kernel * step + f);
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(AddImage);

std::size_t FewChannelsShape::scratch() const {
  const std::size_t padded_image = channels * (height + 2 * padding) * (width + 2 * padding);
  return padded_image + (kernel * kernel * channels + 1) * kBlock * blocks();
}

void few_channels_gradient(const FewChannelsShape& s, const float* in, const float* out_gradient, float* gradient,
                           float* bias_gradient, float* scratch) {
  const std::size_t wide = s.width + 2 * s.padding, padded_image = s.channels * (s.height + 2 * s.padding) * wide;
  const std::size_t image = s.channels * s.height * s.width, padded = kBlock * s.blocks(), rows = s.kernel * s.kernel * s.channels;
  float* const sums = scratch + padded_image;
  std::fill_n(scratch, s.scratch(), 0.0F);
  for (std::size_t n = 0; n < s.batch; ++n) {
    const float* from = in + n * image;
    if (s.padding > 0) {
      for (std::size_t r = 0; r < s.channels * s.height; ++r) {
        const std::size_t row = r / s.height * (s.height + 2 * s.padding) + r % s.height + s.padding;
        std::copy_n(from + r * s.width, s.width, scratch + row * wide + s.padding);
      }
      from = scratch;
    }
    HWY_DYNAMIC_DISPATCH(AddImage)(s, from, out_gradient + n * padded * s.out_height() * s.out_width(), sums);
  }
  for (std::size_t r = 0; r < rows; ++r) std::copy_n(sums + r * padded, s.filters, gradient + r * s.filters);
  if (bias_gradient != nullptr) std::copy_n(sums + rows * padded, s.filters, bias_gradient);
}

}  // namespace tocsin::kernels
#endif
