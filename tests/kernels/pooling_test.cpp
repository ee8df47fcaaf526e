// SPDX-License-Identifier: Apache-2.0
// Max-pooling in blocks of channels against nested loops.
#include "tocsin/kernels/pooling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {

class Pooling : public testing::TestWithParam<PoolShape> {
 protected:
  Pooling() {
    Draws draws(Stream(3).at("pooling"));
    for (float& value : in) value = static_cast<float>(draws.below(5));  // ties in most windows
    for (float& value : out_gradient) value = static_cast<float>(draws.normal());
  }
  /// use(place in the output, places of its window row by row).
  template <class Use>
  void each_window(Use use) const {
    for (std::size_t p = 0; p < shape.planes; ++p)
      for (std::size_t y = 0; y < shape.out_height(); ++y)
        for (std::size_t x = 0; x < shape.out_width(); ++x)
          for (std::size_t c = 0; c < shape.block; ++c) {
            std::vector<std::size_t> window;
            for (std::size_t i = 0; i < shape.kernel; ++i)
              for (std::size_t j = 0; j < shape.kernel; ++j)
                window.push_back(((p * shape.height + y * shape.stride + i) * shape.width + x * shape.stride + j) * shape.block +
                                 c);
            use(((p * shape.out_height() + y) * shape.out_width() + x) * shape.block + c, window);
          }
  }
  PoolShape shape = GetParam();
  std::vector<float> in = std::vector<float>(shape.planes * shape.height * shape.width * shape.block);
  std::vector<float> out = std::vector<float>(shape.planes * shape.out_height() * shape.out_width() * shape.block, std::nanf(""));
  std::vector<float> out_gradient = std::vector<float>(out.size());
};

TEST_P(Pooling, TakesTheLargestOfEachWindow) {
  max_pool(shape, in.data(), out.data());
  each_window([&](std::size_t to, const std::vector<std::size_t>& window) {
    float most = in[window[0]];
    for (const std::size_t at : window) most = std::max(most, in[at]);
    EXPECT_EQ(out[to], most);
  });
}

TEST_P(Pooling, GivesTheGradientToTheFirstLargest) {
  max_pool(shape, in.data(), out.data());
  std::vector<float> right(in.size(), 0.0F), found(in.size(), std::nanf(""));
  each_window([&](std::size_t to, const std::vector<std::size_t>& window) {
    std::size_t winner = window[0];
    for (const std::size_t at : window)
      if (in[at] > in[winner]) winner = at;
    right[winner] = out_gradient[to];
  });
  max_pool_gradient(shape, in.data(), out.data(), out_gradient.data(), found.data());
  EXPECT_EQ(found, right);
}

TEST_P(Pooling, TakesANanForTheLargest) {  // the first of a window, as the plain reference does
  Draws draws(Stream(4).at("pooling"));
  for (float& value : in)
    if (draws.below(6) == 0) value = std::nanf("");
  max_pool(shape, in.data(), out.data());
  std::vector<float> right(in.size(), 0.0F), found(in.size(), 7.0F);
  each_window([&](std::size_t to, const std::vector<std::size_t>& window) {
    std::size_t winner = window[0];
    for (const std::size_t at : window)
      if (in[at] > in[winner] || (std::isnan(in[at]) && !std::isnan(in[winner]))) winner = at;
    right[winner] = out_gradient[to];
    EXPECT_TRUE(out[to] == in[winner] || (std::isnan(out[to]) && std::isnan(in[winner]))) << out[to] << " for " << in[winner];
  });
  max_pool_gradient(shape, in.data(), out.data(), out_gradient.data(), found.data());
  EXPECT_EQ(found, right);
}

// Exact cover, a rest on both sides, gaps between windows, one window, blocks of 16.
INSTANTIATE_TEST_SUITE_P(Shapes, Pooling,
                         testing::Values(PoolShape{.planes = 3, .height = 4, .width = 6},
                                         PoolShape{.planes = 2, .height = 11, .width = 9},
                                         PoolShape{.planes = 2, .height = 10, .width = 8, .kernel = 2, .stride = 3},
                                         PoolShape{.planes = 1, .height = 3, .width = 3, .kernel = 3, .stride = 3},
                                         PoolShape{.planes = 2, .height = 5, .width = 4, .block = 16}));

}  // namespace
}  // namespace tocsin::kernels
