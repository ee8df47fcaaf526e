// SPDX-License-Identifier: Apache-2.0
// Laws over the registry of methods, on small networks with every kind of layer (the spec's section 6 by number).
#include <gtest/gtest.h>

#include <cmath>

#include "support/explanations.h"

namespace tocsin::explain {
namespace {
using support::explained;
using support::largest;
using support::Model;
using support::sum;

constexpr std::size_t kInputs = 3;

bool fits(const Entry<Method>& entry, const Model& model) {
  try {
    support::make(entry)->check(model.architecture, false);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

class MethodLaws : public testing::TestWithParam<const Entry<Method>*> {
 protected:
  static const Entry<Method>& entry() { return *GetParam(); }
  /// The sample networks that this method can explain.
  static std::vector<Model> models(bool bias = true) {
    std::vector<Model> result;
    for (Model& model : support::sample_models(bias))
      if (fits(entry(), model)) result.push_back(std::move(model));
    return result;
  }
  static std::vector<double> inputs(const Model& model, std::uint64_t seed = 3) {
    return support::random_inputs(kInputs * model.architecture.input().features(), seed);
  }
  /// Few samples are enough for a law.
  static std::string options() {
    if (entry().name == "integrated_gradients") return "points = 6";
    return entry().name.starts_with("smooth") || entry().name == "vargrad" ? "draws = 6" : "";
  }
};

/// Law 14: the engine agrees with the plain walk.
TEST_P(MethodLaws, TheEngineAgreesWithThePlainWalk) {
  const auto method = support::make(entry(), options());
  for (const Model& model : models()) {
    const std::vector<double> x = inputs(model);
    const auto neurons = support::own_neurons(model, x);
    const auto plain = explained(*model.walker(), *method, x, neurons);
    const auto fast = explained(*model.walker(nn::Precision::float32), *method, x, neurons);
    ASSERT_EQ(plain.size(), fast.size());
    for (std::size_t i = 0; i < plain.size(); ++i)
      ASSERT_NEAR(fast[i], plain[i], 1e-4 * largest(plain)) << model.architecture.name() << ", value " << i;
  }
}

/// Law 14: a batch is its inputs one by one; a short batch does not leak.
TEST_P(MethodLaws, ABatchIsItsInputsOneByOne) {
  const auto method = support::make(entry(), options());
  for (const Model& model : models())
    for (const auto precision : {nn::Precision::float64, nn::Precision::float32}) {
      const std::vector<double> x = inputs(model);
      const std::size_t width = x.size() / kInputs;
      const auto neurons = support::own_neurons(model, x);
      const auto together = explained(*model.walker(precision, 4), *method, x, neurons);
      std::vector<double> single;
      for (std::size_t i = 0; i < kInputs; ++i) {
        const std::vector<std::uint64_t> image{i};  // as in the batch, so that noise is the same
        const std::vector<std::size_t> neuron{neurons[i]};
        const Chunk chunk{.inputs = std::span(x).subspan(i * width, width), .images = image, .neurons = neuron};
        const Noise noise{Stream(5).at("common"), Stream(5).at("own")};
        const auto walker = model.walker(precision, 4);
        Scene scene(*walker, chunk, noise);
        const auto map = method->maps(scene);
        single.insert(single.end(), map.begin(), map.end());
      }
      ASSERT_EQ(single.size(), together.size());
      const double tolerance = precision == nn::Precision::float64 ? 1e-12 : 1e-5;
      for (std::size_t i = 0; i < single.size(); ++i)
        ASSERT_NEAR(together[i], single[i], tolerance * largest(single)) << model.architecture.name() << ", value " << i;
    }
}

/// The same bits from the same walker, whatever it did before.
TEST_P(MethodLaws, AWalkerRemembersNothing) {
  const auto method = support::make(entry(), options());
  for (const Model& model : models())
    for (const auto precision : {nn::Precision::float64, nn::Precision::float32}) {
      const std::vector<double> x = inputs(model), other = inputs(model, 4);
      const auto neurons = support::own_neurons(model, x);
      const auto walker = model.walker(precision);
      const auto first = explained(*walker, *method, x, neurons);
      explained(*walker, *support::make(guided_backprop_entry), other, neurons);
      EXPECT_EQ(explained(*walker, *method, x, neurons), first) << model.architecture.name();
      const auto flat = model.flat();
      walker->load(flat.rows());
      EXPECT_EQ(explained(*walker, *method, x, neurons), first) << model.architecture.name();
    }
}

/// Law 5: relevance is conserved on networks without biases.
TEST_P(MethodLaws, ConservesTheLogitWhereItsFactsSaySo) {
  if (!entry().facts.conserves) return;
  for (const Model& bare : models(false)) {
    const std::vector<double> x = inputs(bare);
    const auto neurons = support::own_neurons(bare, x);
    const std::vector<double> logits = bare.logits(x);
    const auto map = explained(bare, entry().name, "", x, neurons);
    const std::size_t width = x.size() / kInputs;
    for (std::size_t i = 0; i < kInputs; ++i) {
      const double logit = logits[i * 3 + neurons[i]];
      if (logit <= 0) continue;  // z+ needs a positive part in each unit with relevance
      EXPECT_NEAR(sum(std::span(map).subspan(i * width, width)), logit, 1e-9 * std::abs(logit)) << bare.architecture.name();
    }
  }
}

/// Law 7: what does not depend on the input does not, to the bit, where no max-pool has winners.
TEST_P(MethodLaws, IgnoresTheInputWhereItsFactsSaySo) {
  if (entry().facts.depends_on_input) return;
  for (const Model& model : models()) {
    const auto& layers = model.architecture.layers();
    if (std::any_of(layers.begin(), layers.end(), [](const nn::Layer& layer) { return layer.kind == nn::LayerKind::max_pool; }))
      continue;
    const std::vector<std::size_t> neurons(kInputs, 1);
    for (const auto precision : {nn::Precision::float64, nn::Precision::float32})
      EXPECT_EQ(explained(model, entry().name, "", inputs(model), neurons, precision),
                explained(model, entry().name, "", inputs(model, 99), neurons, precision));
  }
}

INSTANTIATE_TEST_SUITE_P(All, MethodLaws, testing::ValuesIn(methods().begin(), methods().end()),
                         [](const auto& given) { return std::string(given.param->name); });

/// Law 9: k times the seed gives k times the map; DeconvNet and Guided Backprop only for k > 0.
TEST(Walkers, AreLinearInTheSeed) {
  for (const Model& model : support::sample_models()) {
    const std::vector<double> x = support::random_inputs(model.architecture.input().features(), 91);
    WalkPlan lrp{.gate = Gate::open, .rules = {}, .shares_averages = true};
    for (const nn::Layer& layer : model.architecture.layers())
      lrp.rules.push_back(layer.has_parameters() ? std::optional(lrp_alpha_beta(2.0, 1.0)) : std::nullopt);
    for (const auto precision : {nn::Precision::float64, nn::Precision::float32})
      for (const WalkPlan& plan : {WalkPlan{}, WalkPlan{.gate = Gate::rectify}, WalkPlan{.gate = Gate::guided}, lrp})
        for (const double k : {4.0, -0.5}) {
          const bool rectifies = plan.gate == Gate::rectify || plan.gate == Gate::guided;
          if (rectifies && k < 0) continue;
          const auto walker = model.walker(precision);
          walker->forward(x, 1);
          const std::vector<double> once = walker->back(plan, std::vector<double>{0, 1, 0}),
                                    times = walker->back(plan, std::vector<double>{0, k, 0});
          for (std::size_t i = 0; i < once.size(); ++i) ASSERT_EQ(times[i], k * once[i]) << model.architecture.name();
        }
  }
}

/// Law 1: on a linear model everything is W or x W.
TEST(Methods, AgreeOnALinearModel) {
  const Model linear = support::random_model("linear", {5, 1, 1}, {nn::dense(3)}, 21);
  const std::vector<double> x = support::random_inputs(5, 22);
  const std::vector<std::size_t> neuron{2};
  const std::vector<double> w(linear.parameters.begin() + 10, linear.parameters.begin() + 15);
  for (const char* name : {"gradient", "smoothgrad", "guided_backprop", "deconvnet"}) {
    const auto map = explained(linear, name, "", x, neuron);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(map[i], w[i], 1e-12) << name;
  }
  for (const char* name : {"input_x_gradient", "integrated_gradients", "lrp_z", "occlusion"}) {
    const auto map = explained(linear, name, "", x, neuron);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(map[i], x[i] * w[i], 1e-12) << name;
  }
  const double z = linear.logits(x)[2];
  const auto map = explained(linear, "lrp_epsilon", "epsilon = 0.5", x, neuron);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(map[i], x[i] * w[i] * z / (z + (z < 0 ? -0.5 : 0.5)), 1e-12);
}

/// Law 2.
TEST(Gradient, AgreesWithCentralDifferences) {
  constexpr double h = 1e-5;
  for (const Model& model : support::sample_models()) {
    const std::vector<double> x = support::random_inputs(model.architecture.input().features(), 31);
    const auto neurons = support::own_neurons(model, x);
    const auto map = explained(model, "gradient", "", x, neurons);
    for (std::size_t i = 0; i < x.size(); i += 5) {
      std::vector<double> up = x, down = x;
      up[i] += h, down[i] -= h;
      const double slope = (model.logits(up)[neurons[0]] - model.logits(down)[neurons[0]]) / (2 * h);
      EXPECT_NEAR(map[i], slope, 1e-7 * largest(map)) << model.architecture.name() << " feature " << i;
    }
  }
}

/// Laws 3 and 11: LRP-0 is input x gradient; epsilon and gamma to 0 are LRP-0; a huge gamma is z+ with bias.
TEST(Lrp, MeetsItsLimits) {
  for (const Model& model : support::sample_models()) {
    const std::vector<double> x = support::random_inputs(model.architecture.input().features(), 41);
    const auto neurons = support::own_neurons(model, x);
    const auto zero = explained(model, "lrp_z", "", x, neurons);
    const auto expect_same = [&](const std::vector<double>& a, const std::vector<double>& b, double tolerance, const char* what) {
      for (std::size_t i = 0; i < a.size(); ++i)
        ASSERT_NEAR(a[i], b[i], tolerance * largest(b)) << what << " on " << model.architecture.name();
    };
    if (model.architecture.name() != "late_relu")
      expect_same(explained(model, "input_x_gradient", "", x, neurons), zero, 1e-10, "input x gradient");
    expect_same(explained(model, "lrp_epsilon", "epsilon = 1e-12", x, neurons), zero, 1e-8, "epsilon 0");
    if (!fits(lrp_gamma_entry, model)) continue;
    expect_same(explained(model, "lrp_gamma", "gamma = 1e-12", x, neurons), zero, 1e-8, "gamma 0");
    const double logit = model.logits(x)[neurons[0]];
    if (logit > 0)
      expect_same(explained(model, "lrp_gamma", "gamma = 1e12", x, neurons),
                  explained(model, "z_plus", "bias = \"with\"", x, neurons), 1e-8, "gamma without end");
  }
}

/// Law 6: left loses exactly 1/n on networks without biases; the others are exact there, and equal input x gradient.
TEST(IntegratedGradients, IsExactWithoutBiasesButForTheLeftRule) {
  for (const Model& model : support::sample_models(false)) {
    const std::vector<double> x = support::random_inputs(model.architecture.input().features(), 51);
    const auto neurons = support::own_neurons(model, x);
    const auto product = explained(model, "input_x_gradient", "", x, neurons);
    for (const char* rule : {"midpoint", "right", "gauss_legendre"}) {
      const auto map = explained(model, "integrated_gradients", std::string("rule = \"") + rule + "\"", x, neurons);
      for (std::size_t i = 0; i < map.size(); ++i) ASSERT_NEAR(map[i], product[i], 1e-10 * largest(product)) << rule;
    }
    const auto left = explained(model, "integrated_gradients", "rule = \"left\"", x, neurons);
    for (std::size_t i = 0; i < left.size(); ++i) ASSERT_NEAR(left[i], product[i] * 63 / 64, 1e-10 * largest(product));
  }
}

/// Law 6: with biases the sum comes near f(x) - f(x').
TEST(IntegratedGradients, SumsToTheDifferenceOfTheLogits) {
  for (const Model& model : support::sample_models()) {
    const std::vector<double> x = support::random_inputs(model.architecture.input().features(), 52);
    const auto neurons = support::own_neurons(model, x);
    const double difference = model.logits(x)[neurons[0]] - model.logits(std::vector<double>(x.size(), 0.0))[neurons[0]];
    const auto error = [&](const char* points) {
      return std::abs(sum(explained(model, "integrated_gradients", points, x, neurons)) - difference);
    };
    EXPECT_LT(error("points = 4000"), 2e-3 * std::max(1.0, std::abs(difference))) << model.architecture.name();
  }
}

/// Law 11 and section 7: no noise is the gradient, and has no variance; a constant image gives sigma 0.
TEST(SmoothGrad, WithoutNoiseIsTheGradient) {
  const Model model = support::sample_models()[1];
  const std::vector<double> constant(model.architecture.input().features(), 0.5);
  const auto neurons = support::own_neurons(model, constant);
  const auto gradient = explained(model, "gradient", "", constant, neurons);
  const auto mean = explained(model, "smoothgrad", "draws = 5", constant, neurons);
  for (std::size_t i = 0; i < mean.size(); ++i) EXPECT_NEAR(mean[i], gradient[i], 1e-12 * largest(gradient));
  EXPECT_EQ(largest(explained(model, "vargrad", "draws = 5", constant, neurons)), 0.0);
}

/// Law 7 with one hidden layer: Guided = W1^T (relu(v) 1[z > 0]), DeconvNet = W1^T relu(v).
TEST(Deconvnet, IsTheProductOfItsWeights) {
  const Model model = support::random_model("one", {4, 1, 1}, {nn::dense(6), nn::relu(), nn::dense(2)}, 61);
  const std::vector<double> x = support::random_inputs(4, 62);
  const std::vector<std::size_t> neuron{1};
  std::vector<double> guided(4, 0.0), deconv(4, 0.0);
  for (std::size_t k = 0; k < 6; ++k) {
    double z = model.parameters[24 + k];
    for (std::size_t j = 0; j < 4; ++j) z += model.parameters[k * 4 + j] * x[j];
    const double v = std::max(model.parameters[30 + 6 + k], 0.0);
    for (std::size_t j = 0; j < 4; ++j) {
      deconv[j] += model.parameters[k * 4 + j] * v;
      guided[j] += z > 0 ? model.parameters[k * 4 + j] * v : 0.0;
    }
  }
  const auto by_guided = explained(model, "guided_backprop", "", x, neuron),
             by_deconv = explained(model, "deconvnet", "", x, neuron);
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR(by_guided[j], guided[j], 1e-12);
    EXPECT_NEAR(by_deconv[j], deconv[j], 1e-12);
  }
}

/// Law 8: where everything is positive the walks agree.
TEST(Methods, AgreeWhereEverythingIsPositive) {
  Model model = support::random_model("positive", {1, 6, 6},
                                      {nn::conv2d(3, 3, 1, 0, false), nn::relu(), nn::flatten(), nn::dense(3, false)}, 71);
  for (double& value : model.parameters) value = std::abs(value);
  const std::vector<double> x = support::random_inputs(36, 72);
  const std::vector<std::size_t> neuron{0};
  const auto gradient = explained(model, "gradient", "", x, neuron), lrp = explained(model, "lrp_z", "", x, neuron);
  for (const char* name : {"guided_backprop", "deconvnet"}) {
    const auto map = explained(model, name, "", x, neuron);
    for (std::size_t i = 0; i < map.size(); ++i) EXPECT_NEAR(map[i], gradient[i], 1e-12 * largest(gradient)) << name;
  }
  for (const char* name : {"z_plus", "lrp_gamma"}) {
    const auto map = explained(model, name, "", x, neuron);
    for (std::size_t i = 0; i < map.size(); ++i) EXPECT_NEAR(map[i], lrp[i], 1e-12 * largest(lrp)) << name;
  }
}

/// Law 11: before ReLU and enlarging, on global average pooling and a dense layer, Grad-CAM is CAM up to 1 / (h w).
TEST(GradCam, IsCamOnGlobalAveragePooling) {
  const Model model =
      support::random_model("cam", {1, 6, 6}, {nn::conv2d(4, 3), nn::relu(), nn::avg_pool(4), nn::flatten(), nn::dense(3)}, 81);
  const std::vector<double> x = support::random_inputs(36, 82);
  const std::vector<std::size_t> neuron{1};
  const auto map = explained(model, "grad_cam", "relu = false\nupsample = \"none\"", x, neuron);
  const auto walker = model.walker();
  walker->forward(x, 1);
  const auto activations = walker->output_of(1);
  for (std::size_t cell = 0; cell < 16; ++cell) {
    double cam = 0;
    for (std::size_t c = 0; c < 4; ++c) cam += model.parameters[40 + 4 + c] * activations[c * 16 + cell];
    EXPECT_NEAR(map[cell], cam / 16, 1e-12);
  }
}
TEST(GradCam, NamesANetworkWithoutAConvolution) {
  EXPECT_EQ(support::error_of([] { support::make(grad_cam_entry)->check(support::sample_models()[0].architecture, false); }),
            "Grad-CAM needs a convolution, and 'mlp' has none");
}
TEST(LrpGamma, RefusesNegativeInputsUnlessTheFirstLayerHasAnotherRule) {
  const nn::Architecture net = support::sample_models()[1].architecture;
  EXPECT_EQ(support::error_of([&] { support::make(lrp_gamma_entry)->check(net, true); }),
            "LRP-gamma needs inputs >= 0, and those of layer 0 (conv2d) may be negative");
  support::make(lrp_gamma_entry, "first = \"zb\"\nlow = -1")->check(net, true);
}
TEST(LrpGamma, NamesALayerWhoseInputMayBeNegative) {
  const nn::Architecture bad("bad", {1, 5, 5}, {nn::conv2d(2, 2), nn::conv2d(2, 2), nn::relu(), nn::flatten(), nn::dense(2)});
  EXPECT_EQ(support::error_of([&] { support::make(lrp_gamma_entry)->check(bad, false); }),
            "LRP-gamma needs inputs >= 0, and those of layer 1 (conv2d) may be negative");
}

}  // namespace
}  // namespace tocsin::explain
