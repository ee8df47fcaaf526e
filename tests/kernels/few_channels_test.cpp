// SPDX-License-Identifier: Apache-2.0
// The weight gradient of few input channels against nested loops in double.
#include "tocsin/kernels/few_channels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {

class FewChannels : public testing::TestWithParam<FewChannelsShape> {};

TEST_P(FewChannels, GradientIsThatOfTheWeights) {
  const FewChannelsShape s = GetParam();
  const std::size_t rows = s.kernel * s.kernel * s.channels, places = s.out_height() * s.out_width();
  std::vector<float> in(s.batch * s.channels * s.height * s.width), errors(s.batch * s.blocks() * 8 * places);
  Draws draws(Stream(9).at("few"));
  for (auto* values : {&in, &errors})
    for (float& value : *values) value = static_cast<float>(draws.normal());
  const auto error_at = [&](std::size_t n, std::size_t f, std::size_t at) -> float& {
    return errors[((n * s.blocks() + f / 8) * places + at) * 8 + f % 8];
  };
  std::vector<double> right(rows * s.filters, 0.0), right_bias(s.filters, 0.0);
  for (std::size_t n = 0; n < s.batch; ++n)
    for (std::size_t at = 0; at < places; ++at) {
      for (std::size_t f = s.filters; f < 8 * s.blocks(); ++f) error_at(n, f, at) = 0.0F;
      for (std::size_t f = 0; f < s.filters; ++f) {
        const double error = error_at(n, f, at);
        right_bias[f] += error;
        for (std::size_t r = 0; r < rows; ++r) {
          const std::size_t c = r % s.channels, k = r / s.channels;
          const std::size_t y = at / s.out_width() * s.stride + k / s.kernel - s.padding;
          const std::size_t x = at % s.out_width() * s.stride + k % s.kernel - s.padding;
          if (y < s.height && x < s.width)
            right[r * s.filters + f] += error * in[((n * s.channels + c) * s.height + y) * s.width + x];
        }
      }
    }
  std::vector<float> found(right.size(), std::nanf("")), bias(s.filters, std::nanf("")), scratch(s.scratch(), std::nanf(""));
  few_channels_gradient(s, in.data(), errors.data(), found.data(), bias.data(), scratch.data());
  const double scale = std::sqrt(static_cast<double>(s.batch * places));  // of a sum of so many products
  for (std::size_t i = 0; i < right.size(); ++i) EXPECT_NEAR(found[i], right[i], 2e-6 * scale) << i;
  for (std::size_t f = 0; f < s.filters; ++f) EXPECT_NEAR(bias[f], right_bias[f], 2e-6 * scale) << f;
  const std::vector<float> once = found;
  few_channels_gradient(s, in.data(), errors.data(), found.data(), nullptr, scratch.data());
  EXPECT_EQ(found, once);
}

// First layers of the built-in networks; filters that fill no block, or an odd number of them; strides and paddings; kernels of
// one, two, six and seven columns; more channels.
INSTANTIATE_TEST_SUITE_P(
    Shapes, FewChannels,
    testing::Values(
        FewChannelsShape{.batch = 3, .height = 28, .width = 28, .filters = 32, .kernel = 5},
        FewChannelsShape{.batch = 2, .height = 28, .width = 28, .filters = 30, .kernel = 3},
        FewChannelsShape{.batch = 2, .channels = 3, .height = 9, .width = 12, .filters = 20, .kernel = 3, .padding = 1},
        FewChannelsShape{.batch = 2, .channels = 2, .height = 11, .width = 9, .filters = 5, .kernel = 2, .stride = 2},
        FewChannelsShape{
            .batch = 1, .channels = 4, .height = 13, .width = 14, .filters = 16, .kernel = 7, .stride = 3, .padding = 3},
        FewChannelsShape{.batch = 4, .height = 8, .width = 6, .filters = 9, .kernel = 6, .padding = 2},
        FewChannelsShape{.batch = 4, .height = 3, .width = 2, .filters = 8, .kernel = 1}));

}  // namespace
}  // namespace tocsin::kernels
