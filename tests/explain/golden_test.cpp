// SPDX-License-Identifier: Apache-2.0
// Maps that Captum and Zennit gave (tests/golden/make_explain.py) on small networks with every kind of layer.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "support/explanations.h"
#include "tocsin/explain/explainer.h"

namespace tocsin::explain {
namespace {
using Json = nlohmann::json;

nn::Layer layer_of(const Json& one) {
  const std::string kind = one.at("kind");
  if (kind == "conv2d") return nn::conv2d(one.at("filters"), one.at("kernel"), one.at("stride"), one.at("padding"), one.at("bias"));
  if (kind == "max_pool") return nn::max_pool(one.at("kernel"), one.at("stride"));
  if (kind == "avg_pool") return nn::avg_pool(one.at("kernel"), one.at("stride"));
  if (kind == "dense") return nn::dense(one.at("units"), one.at("bias").get<bool>());
  if (kind == "dropout") return nn::dropout(one.at("rate"));
  if (kind == "batch_norm") return nn::batch_norm(one.at("epsilon"));
  return kind == "relu" ? nn::relu() : nn::flatten();
}

support::Model model_of(const Json& one) {
  std::vector<nn::Layer> layers;
  for (const Json& layer : one.at("layers")) layers.push_back(layer_of(layer));
  const auto shape = one.at("input_shape").get<std::vector<std::size_t>>();
  support::Model model{.architecture = nn::Architecture(one.at("name"), {shape[0], shape[1], shape[2]}, std::move(layers)),
                       .parameters = {}};
  for (const Tensor& tensor : model.architecture.layout().tensors) {
    const auto values = one.at("tensors").at(tensor.name).get<std::vector<double>>();
    model.parameters.insert(model.parameters.end(), values.begin(), values.end());
  }
  return model;
}

std::string toml_of(const Json& options) {
  std::string text;
  for (const auto& [key, value] : options.items()) text += key + " = " + value.dump() + "\n";
  return text;
}

/// All networks of the file.
const Json& golden_cases() {
  static const Json cases = Json::parse(std::ifstream(std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/explain.json")).at("cases");
  return cases;
}

class ExplainGolden : public testing::TestWithParam<std::size_t> {};

TEST_P(ExplainGolden, AgreesWithOtherLibraries) {
  const Json& one = golden_cases()[GetParam()];
  const support::Model model = model_of(one);
  const Updates flat = model.flat();
  Images images;
  for (const Json& input : one.at("inputs"))
    for (const double value : input.get<std::vector<double>>()) images.inputs.push_back(value);
  const auto neurons = one.at("neuron").get<std::vector<std::size_t>>();
  for (std::size_t i = 0; i < neurons.size(); ++i) images.index.push_back(i);
  for (const auto precision : {nn::Precision::float64, nn::Precision::float32}) {
    const bool plain = precision == nn::Precision::float64;
    Explainer explainer({model.architecture, flat.rows()}, {.precision = precision, .chunk = 4});
    const std::vector<double> logits = explainer.answer(images).logits;
    for (std::size_t i = 0; i < neurons.size(); ++i) {
      const auto expected = one.at("logits")[i].get<std::vector<double>>();
      for (std::size_t c = 0; c < expected.size(); ++c)
        EXPECT_NEAR(logits[i * expected.size() + c], expected[c], plain ? 1e-12 : 1e-4 * support::largest(expected));
    }
    for (const Json& map : one.at("maps")) {
      const std::vector<MethodUse> use{make_method(map.at("method").get<std::string>(), toml_of(map.at("options")), "golden")};
      const std::vector<Maps> maps = explainer.explain(images, use, neurons);
      for (std::size_t i = 0; i < neurons.size(); ++i) {
        const auto expected = map.at("values")[i].get<std::vector<double>>();
        std::vector<double> values = maps[0].values.rows().row(i);
        if (map.at("method") == "grad_cam") values.resize(expected.size());  // every channel holds what others give one plane
        ASSERT_EQ(values.size(), expected.size()) << map.at("method");
        const double tolerance = (plain ? map.at("tolerance").get<double>() : 1e-4) * support::largest(expected);
        for (std::size_t j = 0; j < expected.size(); ++j)
          ASSERT_NEAR(values[j], expected[j], tolerance)
              << map.at("source") << " " << map.at("method") << " " << map.at("options") << ", image " << i << ", value " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ExplainGolden, testing::Range(std::size_t{0}, golden_cases().size()),
                         [](const auto& given) { return golden_cases()[given.param].at("name").template get<std::string>(); });

}  // namespace
}  // namespace tocsin::explain
