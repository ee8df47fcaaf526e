// SPDX-License-Identifier: Apache-2.0
// Winograd's F(2x2, 5x5) and F(4x4, 3x3) against nested loops in double.
#include "tocsin/kernels/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {

/// Activations by (image, channel, y, x).
struct Blocked {
  std::size_t batch, channels, height, width, block;
  std::vector<float> values = std::vector<float>(batch * channels * height * width);
  [[nodiscard]] std::size_t place(std::size_t n, std::size_t c, std::size_t y, std::size_t x) const {
    return (((n * (channels / block) + c / block) * height + y) * width + x) * block + c % block;
  }
};
struct Case {
  WinogradShape shape;
  Blocked in{shape.batch, shape.channels, shape.height, shape.width, shape.block};
  Blocked out{shape.batch, shape.filters, shape.out_height(), shape.out_width(), shape.block};
  std::vector<float> weights = std::vector<float>(shape.kernel * shape.kernel * shape.channels * shape.filters),
                     bias = std::vector<float>(shape.filters);
  std::vector<float> u = std::vector<float>(shape.transformed()), transposed = u;
  std::vector<float> scratch = std::vector<float>(shape.scratch(), std::nanf(""));

  explicit Case(const WinogradShape& s) : shape(s) {
    Draws draws(Stream(7).at("winograd"));
    for (auto* values : {&in.values, &out.values, &weights, &bias})
      for (float& value : *values) value = static_cast<float>(draws.normal());
    winograd_weights(shape, weights.data(), u.data());
    winograd_transposed(shape, u.data(), transposed.data());
  }
  /// use(weight, input, output) for each product of the convolution: its places in the three arrays.
  template <class Use>
  void each_product(Use use) const {
    for (std::size_t n = 0; n < shape.batch; ++n)
      for (std::size_t y = 0; y < out.height; ++y)
        for (std::size_t x = 0; x < out.width; ++x)
          for (std::size_t k = 0; k < shape.kernel * shape.kernel; ++k) {
            const std::size_t iy = y + k / shape.kernel - shape.padding, ix = x + k % shape.kernel - shape.padding;
            if (iy >= shape.height || ix >= shape.width) continue;
            for (std::size_t c = 0; c < shape.channels; ++c)
              for (std::size_t f = 0; f < shape.filters; ++f)
                use((k * shape.channels + c) * shape.filters + f, in.place(n, c, iy, ix), out.place(n, f, y, x));
          }
  }
  [[nodiscard]] std::vector<double> forward() const {
    std::vector<double> result(out.values.size());
    each_product([&](auto w, auto i, auto o) { result[o] += static_cast<double>(weights[w]) * in.values[i]; });
    return result;
  }
  [[nodiscard]] std::vector<double> data() const {
    std::vector<double> result(in.values.size());
    each_product([&](auto w, auto i, auto o) { result[i] += static_cast<double>(weights[w]) * out.values[o]; });
    return result;
  }
  [[nodiscard]] std::vector<double> gradient() const {
    std::vector<double> result(weights.size());
    each_product([&](auto w, auto i, auto o) { result[w] += static_cast<double>(in.values[i]) * out.values[o]; });
    return result;
  }
};

/// Root mean square of the differences, in units of that of what is right.
double error(const std::vector<float>& found, const std::vector<double>& right) {
  double squares = 0.0, differences = 0.0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    const double difference = static_cast<double>(found[i]) - right[i];
    squares += right[i] * right[i];
    differences += difference * difference;
  }
  return std::sqrt(differences / squares);
}
/// What float costs with these points (docs/decisions/013): direct convolution has about 5e-7 for 64 channels.
constexpr double kError = 2e-6;

class Winograd : public testing::TestWithParam<WinogradShape> {
 protected:
  Case at{GetParam()};
};

TEST_P(Winograd, ForwardIsAConvolution) {
  std::vector<double> right = at.forward();
  std::vector<float> found(right.size(), std::nanf(""));
  winograd_forward(at.shape, at.in.values.data(), at.u.data(), nullptr, false, found.data(), at.scratch.data());
  EXPECT_LT(error(found, right), kError);
  for (std::size_t n = 0; n < at.out.batch; ++n)
    for (std::size_t f = 0; f < at.out.channels; ++f)
      for (std::size_t y = 0; y < at.out.height; ++y)
        for (std::size_t x = 0; x < at.out.width; ++x) {
          double& value = right[at.out.place(n, f, y, x)];
          value = std::max(0.0, value + static_cast<double>(at.bias[f]));
        }
  winograd_forward(at.shape, at.in.values.data(), at.u.data(), at.bias.data(), true, found.data(), at.scratch.data());
  EXPECT_LT(error(found, right), kError);
}
// What overflows becomes a NaN among the points; were the ReLU to make a 0 of it, the layer would look dead, not blown up.
TEST_P(Winograd, WhatIsNotFiniteStaysSoThroughTheReLU) {
  at.in.values[at.in.place(0, 0, at.in.height / 2, at.in.width / 2)] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> found(at.out.values.size());
  winograd_forward(at.shape, at.in.values.data(), at.u.data(), at.bias.data(), true, found.data(), at.scratch.data());
  const std::vector<double> right = at.forward();
  for (std::size_t i = 0; i < found.size(); ++i)
    if (std::isnan(right[i])) ASSERT_TRUE(std::isnan(found[i])) << i;
}
TEST_P(Winograd, DataIsItsTranspose) {
  const std::vector<double> right = at.data();
  std::vector<float> found(right.size(), std::nanf(""));
  winograd_data(at.shape, at.out.values.data(), at.transposed.data(), found.data(), at.scratch.data());
  EXPECT_LT(error(found, right), kError);
}
TEST_P(Winograd, GradientIsThatOfTheWeights) {
  const std::vector<double> right = at.gradient();
  std::vector<float> found(right.size(), std::nanf(""));
  winograd_gradient(at.shape, at.in.values.data(), at.out.values.data(), found.data(), at.scratch.data());
  EXPECT_LT(error(found, right), kError);
}

// Inputs in every other column and errors in every other one meet in every other column of the kernel alone. Rounding that is taken
// for a gradient in the rest would become whole steps of Adam.
TEST_P(Winograd, GradientIsZeroWhereNothingMeets) {
  for (std::size_t i = 0; i < at.in.values.size(); ++i)
    if (i / at.shape.block % at.in.width % 2 == 1) at.in.values[i] = 0.0F;
  for (std::size_t i = 0; i < at.out.values.size(); ++i)
    if (i / at.shape.block % at.out.width % 2 == 1) at.out.values[i] = 0.0F;
  const std::vector<double> right = at.gradient();
  std::vector<float> found(right.size(), std::nanf(""));
  winograd_gradient(at.shape, at.in.values.data(), at.out.values.data(), found.data(), at.scratch.data());
  EXPECT_LT(error(found, right), kError);
  std::size_t zeros = 0, kept = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (right[i] != 0.0) continue;
    ++zeros;
    if (found[i] != 0.0F) ++kept;
  }
  EXPECT_GE(zeros, right.size() * (at.shape.kernel / 2) / at.shape.kernel);
  EXPECT_LT(static_cast<double>(kept), 1e-3 * static_cast<double>(zeros)) << kept << " of " << zeros;
}

// Odd and even sizes, one output, paddings up to more than "same", unequal sides, a remainder of each number of vectors, more tiles
// than are worked on at once; blocks of 8 where vectors are no longer.
std::vector<WinogradShape> shapes() {
  std::vector<WinogradShape> result = {{.batch = 3, .channels = 32, .height = 12, .width = 12, .filters = 64},
                                       {.batch = 1, .channels = 16, .height = 5, .width = 5, .filters = 16},
                                       {.batch = 2, .channels = 48, .height = 9, .width = 14, .filters = 80},
                                       {.batch = 2, .channels = 16, .height = 7, .width = 8, .filters = 48, .padding = 2},
                                       {.batch = 1, .channels = 32, .height = 1, .width = 3, .filters = 16, .padding = 4},
                                       {.batch = 2, .channels = 64, .height = 24, .width = 24, .filters = 64}};
  for (std::size_t i = 0, count = result.size(); i + 1 < count; ++i) {
    result.push_back(result[i]);
    result.back().kernel = 3;
    result.back().height += i % 3;
  }
  result.push_back({.batch = 2, .channels = 32, .height = 26, .width = 26, .filters = 64, .kernel = 3});
  if (8 % winograd_lanes() != 0) return result;
  for (std::size_t i = 0, count = result.size(); i < count; ++i) {
    result.push_back(result[i]);
    result.back().block = 8;
    result.back().channels += 8 * (i % 2);
    result.back().filters -= 8 * (i % 3 % 2);
  }
  return result;
}
INSTANTIATE_TEST_SUITE_P(Shapes, Winograd, testing::ValuesIn(shapes()));

TEST(BlockedSums, AddUpEveryChannel) {
  Blocked values{.batch = 3, .channels = 32, .height = 2, .width = 5, .block = 16};
  for (std::size_t i = 0; i < values.values.size(); ++i) values.values[i] = static_cast<float>(i % 7);
  std::vector<float> sums(32);
  blocked_sums(values.values.data(), 3, 32, 10, 16, sums.data());
  for (std::size_t c = 0; c < 32; ++c) {
    float sum = 0;
    for (std::size_t n = 0; n < 3; ++n)
      for (std::size_t y = 0; y < 2; ++y)
        for (std::size_t x = 0; x < 5; ++x) sum += values.values[values.place(n, c, y, x)];
    EXPECT_EQ(sums[c], sum) << c;
  }
}

}  // namespace
}  // namespace tocsin::kernels
