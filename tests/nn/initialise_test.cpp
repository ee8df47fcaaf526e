// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/rows.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {
namespace {

Updates fresh(const Architecture& architecture, Init init, std::uint64_t seed = 7, Element element = Element::float32) {
  Updates result(1, architecture.parameters(), element);
  initialise(architecture, init, Stream(seed), result.rows());
  return result;
}

std::vector<double> tensor(const Architecture& architecture, const Updates& parameters, std::size_t t) {
  const Tensor& where = architecture.layout().tensors[t];
  return parameters.rows().columns(where.offset, where.offset + where.size).row(0);
}

/// Largest magnitude, mean and variance.
struct Shape3 {
  double largest = 0, mean = 0, variance = 0;
};
Shape3 moments(const std::vector<double>& values) {
  Shape3 result;
  for (const double x : values) {
    result.largest = std::max(result.largest, std::abs(x));
    result.mean += x / static_cast<double>(values.size());
  }
  for (const double x : values) result.variance += (x - result.mean) * (x - result.mean) / static_cast<double>(values.size());
  return result;
}

TEST(Initialise, SpreadsWeightsUniformlyWithinTheBoundOfEachRule) {
  const Architecture lenet = built_in("lenet", {1, 28, 28}, 10);
  const double fan_in = 32 * 25, fan_out = 64 * 25;  // of the second convolution
  for (const auto& [init, bound] :
       {std::pair{Init::glorot, std::sqrt(6.0 / (fan_in + fan_out))}, std::pair{Init::he, std::sqrt(6.0 / fan_in)},
        std::pair{Init::fan_in, std::sqrt(1.0 / fan_in)}}) {
    const Shape3 found = moments(tensor(lenet, fresh(lenet, init), 2));
    EXPECT_LE(found.largest, bound * (1 + 1e-6));
    EXPECT_GT(found.largest, bound * 0.999);
    EXPECT_NEAR(found.mean / bound, 0.0, 0.02);
    EXPECT_NEAR(found.variance / (bound * bound), 1.0 / 3.0, 0.01);
  }
}

TEST(Initialise, LeavesBiasesAtZeroUnlessTheRuleIsFanIn) {
  const Architecture mlp = built_in("mlp", {1, 28, 28}, 10);
  for (const Init init : {Init::glorot, Init::he})
    for (const double bias : tensor(mlp, fresh(mlp, init), 1)) EXPECT_FALSE(std::signbit(bias) || bias != 0.0);
  const Shape3 found = moments(tensor(mlp, fresh(mlp, Init::fan_in), 1));
  EXPECT_GT(found.largest, 0.9 / 28.0);
  EXPECT_LE(found.largest, 1.0 / 28.0 * (1 + 1e-6));
}

TEST(Initialise, GivesDoubleTheSameNumbersAsFloat) {
  const Architecture mlp = built_in("mlp", {1, 28, 28}, 10);
  EXPECT_EQ(fresh(mlp, Init::glorot).rows().row(0), fresh(mlp, Init::glorot, 7, Element::float64).rows().row(0));
}

TEST(Initialise, KeysATensorByItsNameAlone) {
  const Architecture two("two", {5, 1, 1}, {dense(3), dense(4)}), three("three", {5, 1, 1}, {dense(3), dense(4), dense(2)});
  const Updates a = fresh(two, Init::he), b = fresh(three, Init::he), other = fresh(two, Init::he, 8);
  for (std::size_t t = 0; t < 4; ++t) EXPECT_EQ(tensor(two, a, t), tensor(three, b, t));
  EXPECT_NE(tensor(two, a, 0), tensor(two, other, 0)) << "another seed, other numbers";
}

}  // namespace
}  // namespace tocsin::nn
