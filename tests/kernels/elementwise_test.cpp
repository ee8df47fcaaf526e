// SPDX-License-Identifier: Apache-2.0
// Element-wise passes and the loss against plain loops, at odd lengths.
#include "tocsin/kernels/elementwise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/kernels/cross_entropy.h"

namespace tocsin::kernels {
namespace {

std::vector<float> normals(std::size_t n, std::string_view name) {
  Draws draws(Stream(11).at(name));
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(draws.normal());
  return values;
}

RC_GTEST_PROP(Elementwise, WidensAsOneMultiplication, (std::vector<std::uint8_t> bytes)) {
  std::vector<float> out(bytes.size());
  widen(bytes, 1.0F / 255.0F, out);
  for (std::size_t i = 0; i < bytes.size(); ++i) RC_ASSERT(out[i] == static_cast<float>(bytes[i]) * (1.0F / 255.0F));
}

TEST(Elementwise, ReluAndItsGateAreClosedAtZeroAtEveryLength) {
  for (std::size_t n = 1; n < 70; ++n) {
    std::vector<float> y = normals(n, "y"), g = normals(n, "g");
    y[n / 2] = 0.0F;
    y[0] = -0.0F;
    std::vector<float> rectified = y, gated = g;
    relu(rectified);
    relu_gate(gated, y);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(rectified[i], y[i] > 0 ? y[i] : 0.0F);
      ASSERT_EQ(gated[i], y[i] > 0 ? g[i] : 0.0F);
    }
  }
}

TEST(Elementwise, ReluKeepsANanAtEveryPlace) {
  for (std::size_t n = 1; n < 40; ++n)
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> y(n, -1.0F), moved(n, -1.0F);
      y[at] = moved[at] = std::nanf("");
      relu(y);
      bias_rows(moved, std::vector<float>(n, -1.0F), n, true);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(std::isnan(y[i]), i == at);
        ASSERT_EQ(std::isnan(moved[i]), i == at);
      }
    }
}

TEST(Elementwise, GatesBf16BySignAndZero) {
  for (std::size_t n = 1; n < 70; ++n) {
    const std::vector<float> y = normals(n, "y");
    std::vector<std::uint16_t> output(n), gradient(n, 0x4049);
    for (std::size_t i = 0; i < n; ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &y[i], sizeof bits);
      output[i] = i == n / 2 ? 0x8000 : static_cast<std::uint16_t>(bits >> 16);  // -0 among them
    }
    relu_gate_bf16(gradient, output);
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(gradient[i], i != n / 2 && y[i] > 0 ? 0x4049 : 0);
  }
}

TEST(Elementwise, SumsColumnsAndAddsBiasesRowByRow) {
  for (const std::size_t width : {std::size_t{1}, std::size_t{10}, std::size_t{16}, std::size_t{37}}) {
    const std::size_t rows = 5;
    const std::vector<float> y = normals(rows * width, "y"), bias = normals(width, "b");
    std::vector<float> sums = bias, moved = y;
    column_sums(y, width, -0.5F, 1.0F, sums);
    bias_rows(moved, bias, width, true);
    for (std::size_t j = 0; j < width; ++j) {
      double total = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        total += static_cast<double>(y[r * width + j]);
        ASSERT_EQ(moved[r * width + j], std::max(0.0F, y[r * width + j] + bias[j]));
      }
      ASSERT_NEAR(sums[j], static_cast<double>(bias[j]) - 0.5 * total, 1e-5);
    }
  }
}

TEST(Elementwise, StepsLikeTheFormulasAtEveryLength) {
  for (std::size_t n = 1; n < 40; ++n) {
    const std::vector<float> w = normals(n, "w"), g = normals(n, "g"), b = normals(n, "b");
    std::vector<float> v = normals(n, "v"), a = w, buffer = b;
    for (float& value : v) value = value * value;
    sgd_step(a, g, buffer, {.rate = 0.1F, .momentum = 0.9F, .decay = 0.01F, .nesterov = true, .first = false});
    std::vector<float> m = b, second = v, c = w;
    adam_step(c, g, m, second, {.decay = 0.01F, .step_size = 0.01F, .root_scale = 3.0F});
    for (std::size_t i = 0; i < n; ++i) {
      const double slope = g[i] + 0.01 * w[i], moved = 0.9 * b[i] + slope;
      ASSERT_NEAR(buffer[i], moved, 1e-6);
      ASSERT_NEAR(a[i], w[i] - 0.1 * (slope + 0.9 * moved), 1e-6);
      const double first = 0.9 * b[i] + 0.1 * slope, square = 0.999 * v[i] + 0.001 * slope * slope;
      ASSERT_NEAR(c[i], w[i] - 0.01 * first / (std::sqrt(square) * 3.0 + 1e-8), 1e-6);
    }
  }
}

TEST(Elementwise, SoftmaxCrossEntropyMatchesDoubleArithmetic) {
  for (const std::size_t classes : {std::size_t{2}, std::size_t{10}, std::size_t{33}, std::size_t{1500}}) {
    const std::size_t rows = 4;
    std::vector<float> z = normals(rows * classes, "z");
    z[1] = 40.0F;
    std::vector<std::int32_t> labels = {0, 1, 1, 0};
    std::vector<float> gradient(z.size());
    const LossSums sums = softmax_cross_entropy(z, labels, classes, 0.25F, gradient);
    double loss = 0;
    std::size_t correct = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const float* row = z.data() + r * classes;
      const std::size_t best = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
      correct += best == static_cast<std::size_t>(labels[r]) ? 1U : 0U;
      double total = 0;
      for (std::size_t c = 0; c < classes; ++c) total += std::exp(static_cast<double>(row[c]) - static_cast<double>(row[best]));
      loss += std::log(total) - (static_cast<double>(row[labels[r]]) - static_cast<double>(row[best]));
      for (std::size_t c = 0; c < classes; ++c) {
        const double p = std::exp(static_cast<double>(row[c]) - static_cast<double>(row[best])) / total;
        ASSERT_NEAR(gradient[r * classes + c], 0.25 * (p - (static_cast<int>(c) == labels[r] ? 1.0 : 0.0)), 2e-7);
      }
    }
    EXPECT_NEAR(sums.loss, loss, 1e-6 * loss);
    EXPECT_EQ(sums.correct, correct);
  }
}

TEST(Elementwise, AddsTheLossesOfManyRowsWithoutOverflow) {
  constexpr std::size_t kRows = 1000, kClasses = 7;  // 7^1000 is beyond a double
  const std::vector<float> z(kRows * kClasses, 2.5F);
  const std::vector<std::int32_t> labels(kRows, 3);
  EXPECT_NEAR(softmax_cross_entropy(z, labels, kClasses, 1.0F, {}).loss, 1000.0 * std::log(7.0), 1e-9);
}

TEST(Elementwise, GivesATieOfLogitsToTheLowestClass) {
  const std::vector<float> z = {1, 3, 3, 0};
  EXPECT_EQ(softmax_cross_entropy(z, std::vector<std::int32_t>{1}, 4, 1.0F, {}).correct, 1U);
  EXPECT_EQ(softmax_cross_entropy(z, std::vector<std::int32_t>{2}, 4, 1.0F, {}).correct, 0U);
}

TEST(Elementwise, PassesNaNLogitsOnAndNeverCountsThemAsAHit) {
  std::vector<float> gradient(3);
  for (std::size_t at = 0; at < 3; ++at)
    for (std::int32_t label = 0; label < 3; ++label) {
      std::vector<float> z = {1, 2, 3};
      z[at] = std::nanf("");
      const LossSums sums = softmax_cross_entropy(z, std::vector<std::int32_t>{label}, 3, 1.0F, gradient);
      EXPECT_TRUE(std::isnan(sums.loss));
      EXPECT_EQ(sums.correct, 0U);
    }
}

TEST(Elementwise, DrawsMasksFromTheBlocksOfTheStream) {
  const Stream stream = Stream(9).at("layer").at(3);
  for (const std::size_t n : {std::size_t{1}, std::size_t{5}, std::size_t{64}, std::size_t{1003}}) {
    std::vector<float> mask(n);
    bernoulli_mask(stream.key().data(), stream.words().data(), 0.25, mask);
    for (std::size_t i = 0; i < n; ++i)
      ASSERT_EQ(mask[i], stream.block(static_cast<std::uint32_t>(i / 4))[i % 4] < 0x40000000U ? 0.0F : static_cast<float>(1 / 0.75))
          << i;
  }
}

TEST(Elementwise, MeasuresDistancesAtEveryLength) {
  for (std::size_t n = 0; n < 150; ++n) {
    std::vector<float> a(n), b(n);
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) {
      a[i] = static_cast<float>(i * 7 % 11);
      b[i] = static_cast<float>(i * 3 % 13);
      square += static_cast<double>((a[i] - b[i]) * (a[i] - b[i]));
    }
    ASSERT_EQ(squared_distance(std::span<const float>(a), std::span<const float>(b)), square);
  }
  const std::vector<float> large(1000, 3e30F), zero(1000, 0.0F);
  EXPECT_NEAR(squared_distance(std::span<const float>(large), std::span<const float>(zero)), 9e63, 1e57)
      << "beyond float, within double";
}

TEST(Elementwise, APullAddsItsGradientAndMeasuresTheDistanceAfterAtEveryLength) {
  for (std::size_t n = 0; n < 150; ++n) {
    std::vector<float> w(n), g(n), anchor(n), pulled(n);
    for (std::size_t i = 0; i < n; ++i) {
      w[i] = static_cast<float>(i % 5);
      g[i] = static_cast<float>(i * 7 % 11);
      anchor[i] = static_cast<float>(i * 3 % 13);
      pulled[i] = g[i] - 0.5F * (w[i] - anchor[i]);
    }
    const auto square = [&](const std::vector<float>& to) {
      return squared_distance(std::span<const float>(to), std::span<const float>(anchor));
    };
    std::vector<float> by_hand = w, found = w;
    sgd_step(by_hand, pulled, {}, {.rate = 0.25F});
    ASSERT_EQ(sgd_step(found, g, {}, {.rate = 0.25F}, {anchor, -0.5F}), square(by_hand));
    ASSERT_EQ(found, by_hand);
    std::vector<float> m(n, 0.5F), v(n, 0.25F), m2 = m, v2 = v;
    by_hand = found = w;
    adam_step(by_hand, pulled, m, v, {.step_size = 0.25F});
    EXPECT_NEAR(adam_step(found, g, m2, v2, {.step_size = 0.25F}, {anchor, -0.5F}), square(by_hand), 1e-9 * square(by_hand));
    ASSERT_EQ(found, by_hand);
    ASSERT_EQ(m, m2);
    ASSERT_EQ(v, v2);
  }
}

}  // namespace
}  // namespace tocsin::kernels
