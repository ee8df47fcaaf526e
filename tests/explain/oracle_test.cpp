// SPDX-License-Identifier: Apache-2.0
// A network of three hidden units whose maps can be written down by hand, for every method: in double, and on the engine.
#include <gtest/gtest.h>

#include <cmath>

#include "support/explanations.h"

namespace tocsin::explain {
namespace {

/// x = (1, 2): z1 = (4, 1, -.5), logits (4, -3).
support::Model oracle() {
  return {.architecture = nn::Architecture("oracle", {2, 1, 1}, {nn::dense(3), nn::relu(), nn::dense(2)}),
          .parameters = {1, 1, 2, -1, -1, 0, 1, 1, 0.5, 1, -2, 3, -1, 1, 0, 2, 0}};
}
const std::vector<double> kInput{1, 2};

struct Expected {
  std::string name, method, options;
  std::size_t neuron;
  std::vector<double> map;
};
void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.name; }

const std::vector<Expected> kExpected{
    {"gradient", "gradient", "", 0, {-3, 3}},
    {"gradient_1", "gradient", "", 1, {1, -2}},
    {"input_x_gradient", "input_x_gradient", "", 0, {-3, 6}},
    {"input_x_gradient_1", "input_x_gradient", "", 1, {1, -4}},
    {"lrp_0", "lrp_z", "", 0, {-3, 6}},
    {"lrp_0_1", "lrp_z", "", 1, {1, -4}},
    {"guided", "guided_backprop", "", 0, {1, 1}},
    {"deconvnet", "deconvnet", "", 0, {-2, 1}},
    {"guided_1", "guided_backprop", "", 1, {2, -1}},
    {"deconvnet_1", "deconvnet", "", 1, {2, -1}},
    {"guided_by_logit", "guided_backprop", "seed = \"logit\"", 1, {3, 3}},
    {"deconvnet_by_logit", "deconvnet", "seed = \"logit\"", 1, {3, 3}},
    {"ig_left", "integrated_gradients", "rule = \"left\"\npoints = 64", 0, {-4.5, 6}},
    {"ig_midpoint_50", "integrated_gradients", "points = 50", 0, {-4.5, 6}},
    {"ig_midpoint_64", "integrated_gradients", "", 0, {-4.5, 6}},
    {"ig_gauss_legendre", "integrated_gradients", "rule = \"gauss_legendre\"\npoints = 50", 0, {-4.5, 6}},
    {"ig_1", "integrated_gradients", "", 1, {1, -4}},
    {"ig_right_64", "integrated_gradients", "rule = \"right\"\npoints = 64", 0, {-4.453125, 6}},
    {"ig_right_20", "integrated_gradients", "rule = \"right\"\npoints = 20", 0, {-4.35, 6}},
    {"ig_published_1_0_4", "integrated_gradients", "rule = \"right_negated\"", 0, {4.453125, -6}},
    {"ig_published_1_0_5", "integrated_gradients", "rule = \"beyond\"", 0, {-3, 6}},
    {"epsilon_1", "lrp_epsilon", "epsilon = 1", 0, {-.96, 2.88}},
    {"epsilon_quarter", "lrp_epsilon", "epsilon = 0.25", 0, {-2.1259515570934, 4.7833910034602}},
    {"epsilon_1_class_1", "lrp_epsilon", "epsilon = 1", 1, {.15, -1.95}},
    {"gamma_1_scaled", "lrp_gamma", "gamma = 1", 0, {0, 2}},
    {"gamma_1_plain", "lrp_gamma", "gamma = 1\nbias = \"plain\"", 0, {-4. / 21, 62. / 21}},
    {"gamma_1_none", "lrp_gamma", "gamma = 1\nbias = \"none\"", 0, {-8. / 9, 44. / 9}},
    {"gamma_scaled", "lrp_gamma", "", 0, {-1.1688311688312, 3.4805194805195}},
    {"gamma_plain", "lrp_gamma", "bias = \"plain\"", 0, {-1.6140350877193, 4.2385964912281}},
    {"gamma_none", "lrp_gamma", "bias = \"none\"", 0, {-100. / 9, 136. / 9}},
    {"z_plus_with_bias", "z_plus", "bias = \"with\"", 0, {2. / 3, 4. / 3}},
    {"z_plus", "z_plus", "", 0, {4. / 3, 8. / 3}},
    {"alpha_beta_with_bias", "lrp_alpha_beta", "", 0, {-8. / 3, 28. / 3}},
    {"alpha_beta_without", "lrp_alpha_beta", "bias = \"none\"", 0, {-8. / 3, 44. / 3}},
    {"first_zb", "lrp_z", "first = \"zb\"\nhigh = 3", 0, {0, 2}},
    {"first_w_squared", "lrp_z", "first = \"w_squared\"", 0, {.4, 1.6}},
    {"first_w_squared_bias", "lrp_z", "first = \"w_squared\"\nfirst_bias = \"with\"", 0, {0, 1}},
    {"first_flat", "lrp_z", "first = \"flat\"", 0, {1, 1}},
    {"z_plus_zb", "z_plus", "first = \"zb\"\nhigh = 3", 0, {4. / 3, 8. / 3}},
    {"z_plus_w_squared", "z_plus", "first = \"w_squared\"", 0, {2, 2}},
    {"z_plus_flat", "z_plus", "first = \"flat\"", 0, {2, 2}},
    {"occlusion", "occlusion", "", 0, {-2.5, 6}},
    {"deep_taylor_of_a_negative_logit", "deep_taylor", "", 1, {0, 0}},
};

class Oracle : public testing::TestWithParam<Expected> {};

TEST_P(Oracle, IsWhatOneComputesByHand) {
  const Expected& expected = GetParam();
  const std::vector<std::size_t> neuron{expected.neuron};
  const std::vector<double> plain = support::explained(oracle(), expected.method, expected.options, kInput, neuron);
  const std::vector<double> fast =
      support::explained(oracle(), expected.method, expected.options, kInput, neuron, nn::Precision::float32);
  ASSERT_EQ(plain.size(), expected.map.size());
  ASSERT_EQ(fast.size(), expected.map.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_NEAR(plain[i], expected.map[i], 1e-10) << i;
    EXPECT_NEAR(fast[i], expected.map[i], 1e-4 * std::max(1.0, support::largest(expected.map))) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(All, Oracle, testing::ValuesIn(kExpected), [](const auto& given) { return given.param.name; });

/// One hidden layer of ReLUs in closed form: sum_k v_k w_k Phi(z_k / (sigma |w_k|)).
TEST(SmoothGrad, FollowsItsClosedForm) {
  const std::vector<std::vector<double>> expected{
      {-2.7337790304576, 2.6289066227687}, {-2.6185097916313, 2.3429402864909}, {-2.9797491806085, 1.5296919543850}};
  const std::vector<std::string> sigmas{"0.5", "1", "50"};
  const std::vector<std::size_t> neuron{0};
  const std::size_t draws = 200000;
  const auto walker = oracle().walker(nn::Precision::float64, 1000);
  for (std::size_t k = 0; k < sigmas.size(); ++k) {
    const std::string options = "unit = \"absolute\"\ndraws = 200000\nsigma = " + sigmas[k];
    const auto mean = support::explained(*walker, *support::make(smoothgrad_entry, options), kInput, neuron);
    const auto variance = support::explained(*walker, *support::make(vargrad_entry, options), kInput, neuron);
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_NEAR(mean[i], expected[k][i], 4.0 * std::sqrt(variance[i] / static_cast<double>(draws))) << "sigma " << sigmas[k];
  }
}

}  // namespace
}  // namespace tocsin::explain
