// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {
namespace {

ModelPlan read(const std::string& toml) {
  return support::read_table(toml, {"test.toml", 0, 0}, "[model]",
                             [](Options& options) { return read_model(options, "/experiments"); });
}
std::vector<std::string> faults_of(const std::string& toml) {
  return support::messages_of([&] { read(toml); });
}

TEST(ModelPlan, TakesABuiltInNetworkByName) {
  const ModelPlan plan = read("name = 'lenet'\ninit = 'he'\nweights = 'start.safetensors'");
  EXPECT_EQ(plan.name, "lenet");
  EXPECT_TRUE(plan.layers.empty());
  EXPECT_EQ(plan.init, Init::he);
  EXPECT_EQ(plan.weights, "/experiments/start.safetensors");
  EXPECT_EQ(make_architecture(plan, {1, 28, 28}, 10).parameters(), 582026U);
}

TEST(ModelPlan, LeavesAnAbsolutePathAlone) { EXPECT_EQ(read("name = 'mlp'\nweights = '/a/b'").weights, "/a/b"); }

TEST(ModelPlan, TakesALayerList) {
  const ModelPlan plan = read(R"(layers = [
    { type = "conv2d", filters = 4, kernel = 3, stride = 2, padding = 1, bias = false }, { type = "relu" },
    { type = "max_pool", kernel = 2 }, { type = "avg_pool", kernel = 2, stride = 1 }, { type = "flatten" },
    { type = "dropout", rate = 0.25 }, { type = "dense", units = 3 }])");
  EXPECT_EQ(plan.name, "custom");
  const Architecture net = make_architecture(plan, {2, 11, 12}, 3);
  ASSERT_EQ(net.layers().size(), 7U);
  EXPECT_EQ(net.layers()[0].out, (Shape{4, 6, 6}));
  EXPECT_FALSE(net.layers()[0].bias);
  EXPECT_EQ(net.layers()[1].kind, LayerKind::relu);
  EXPECT_EQ(net.layers()[2].out, (Shape{4, 3, 3}));
  EXPECT_EQ(net.layers()[3].out, (Shape{4, 2, 2}));
  EXPECT_EQ(net.layers()[5].rate, 0.25);
  EXPECT_EQ(net.parameters(), 4U * 2 * 9 + 16 * 3 + 3);
}

TEST(ModelPlan, ReportsEveryFaultOfEveryLayer) {
  EXPECT_THAT(faults_of(R"(layers = [
    { type = "conv2d", filters = 0, kernel = 3 },
    { type = "dropout", rate = 1 },
    { type = "dense" },
    { type = "relu", rate = 0.5 }])"),
              testing::SizeIs(4));
}

TEST(ModelPlan, ReportsALayerOfUnknownTypeOnce) {
  EXPECT_EQ(faults_of("layers = [{ type = 'convolution', filters = 3, kernel = 3 }]"),
            (std::vector<std::string>{
                "unknown type 'convolution'; known: conv2d, relu, max_pool, avg_pool, flatten, dense, dropout, batch_norm"}));
  EXPECT_EQ(faults_of("layers = [{ units = 3 }]"), (std::vector<std::string>{"a layer needs a type"}));
}

TEST(ModelPlan, DescribesEveryKey) {
  Faults scratch;
  Options options = Options::describing(scratch);
  read_model(options, "");
  std::vector<std::string> keys;
  for (const OptionDoc& doc : options.documented()) keys.push_back(doc.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"name", "layers", "loss", "init", "weights"}));
  EXPECT_TRUE(scratch.empty());
}

TEST(ModelPlan, RefusesARateOfOne) {
  EXPECT_EQ(faults_of(R"(layers = [{ type = "dropout", rate = 1.0 }])"), (std::vector<std::string>{"rate must be below 1, got 1"}));
}

TEST(ModelPlan, RefusesABuiltInNameForOwnLayers) {
  EXPECT_EQ(faults_of("name = 'lenet'\nlayers = [{ type = 'dense', units = 3 }]"),
            (std::vector<std::string>{"'lenet' is a built-in network, and layers are given as well"}));
}

TEST(ModelPlan, RefusesAnEmptyLayerList) {
  EXPECT_EQ(faults_of("layers = []"), (std::vector<std::string>{"layers must be a list of 1 to 1000 layers, got 0"}));
}

TEST(ModelPlan, NeedsANameOrLayers) { EXPECT_THAT(faults_of(""), testing::SizeIs(1)); }

TEST(ModelPlan, LetsOnlyOwnLayersChooseTheLoss) {
  EXPECT_EQ(read("loss = 'squared_error'\nlayers = [{ type = 'dense', units = 1, bias = false }]").loss, Loss::squared_error);
  EXPECT_THAT(faults_of("name = 'mlp'\nloss = 'squared_error'"), testing::SizeIs(1));
}

TEST(ModelPlan, WantsAsManyOutputsAsTheDataHave) {
  const ModelPlan plan = read("name = 'mine'\nlayers = [{ type = 'dense', units = 12 }]");
  EXPECT_EQ(support::error_of([&] {
              make_architecture(plan, {4, 1, 1}, 10);
            }),
            "network 'mine' ends in 12 outputs, the data need 10");
}

}  // namespace
}  // namespace tocsin::nn
