// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/architecture.h"

#include <gtest/gtest.h>

#include "support/rows.h"

namespace tocsin::nn {
namespace {

const Shape kImage{1, 28, 28};

std::string error_of_layers(Shape input, std::vector<Layer> layers) {
  return support::error_of([&] { Architecture("test", input, std::move(layers)); });
}

std::vector<std::string> tensor_texts(const Architecture& architecture) {
  std::vector<std::string> result;
  for (const Tensor& tensor : architecture.layout().tensors) {
    std::string text = tensor.name;
    for (const std::size_t extent : tensor.shape) text += " " + std::to_string(extent);
    result.push_back(text + (tensor.is_bias ? " bias" : ""));
  }
  return result;
}

TEST(Architecture, NamesTensorsAsPyTorchDoes) {
  const Architecture lenet = built_in("lenet", kImage, 10);
  EXPECT_EQ(tensor_texts(lenet),
            (std::vector<std::string>{"0.weight 32 1 5 5", "0.bias 32 bias", "3.weight 64 32 5 5", "3.bias 64 bias",
                                      "7.weight 512 1024", "7.bias 512 bias", "9.weight 10 512", "9.bias 10 bias"}));
}

TEST(Architecture, LeavesNoGapBetweenTensors) {
  const Architecture lenet = built_in("lenet", kImage, 10);
  std::size_t next = 0;
  for (const Tensor& tensor : lenet.layout().tensors) {
    EXPECT_EQ(tensor.offset, next);
    std::size_t product = 1;
    for (const std::size_t extent : tensor.shape) product *= extent;
    EXPECT_EQ(tensor.size, product);
    next += tensor.size;
  }
  EXPECT_EQ(next, lenet.parameters());
  EXPECT_EQ(lenet.layers()[3].weight_offset, 32U * 25 + 32);
  EXPECT_EQ(lenet.layers()[3].bias_offset, 32U * 25 + 32 + 64 * 32 * 25);
}

TEST(Architecture, FillsInShapesAlongTheWay) {
  const Architecture net("test", {2, 11, 8}, {conv2d(4, 3, 2, 1), avg_pool(2, 1), max_pool(2), flatten(), dense(7, false)});
  EXPECT_EQ(net.layers()[0].out, (Shape{4, 6, 4}));
  EXPECT_EQ(net.layers()[1].out, (Shape{4, 5, 3}));
  EXPECT_EQ(net.layers()[2].stride, 2U) << "a pool's stride is its kernel unless given";
  EXPECT_EQ(net.layers()[2].out, (Shape{4, 2, 1}));
  EXPECT_EQ(net.layers()[3].out, (Shape{8, 1, 1}));
  EXPECT_EQ(net.outputs(), 7U);
  EXPECT_EQ(net.parameters(), 4U * 2 * 9 + 4 + 7 * 8);
}

TEST(Architecture, CountsTheParametersOfTheBuiltInNetworks) {
  const std::vector<std::pair<std::string, std::size_t>> expected = {
      {"paper_cnn", 3382346}, {"lenet", 582026}, {"mnist_cnn", 1199882}, {"small_cnn", 139960},
      {"mlp", 89610},         {"softmax", 7850}, {"census_mlp", 27394},  {"linear", 10}};
  std::vector<std::pair<std::string, std::size_t>> found;
  for (const BuiltIn& network : built_in_networks())
    found.emplace_back(network.name, built_in(network.name, network.usual_input, network.usual_outputs).parameters());
  EXPECT_EQ(found, expected);
  const Architecture wide("of two layers", {104, 1, 1}, {dense(256), relu(), dense(256), relu(), dense(2)});
  EXPECT_EQ(wide.parameters(), 93186U) << "the census network of two hidden layers (paper.md, section 1)";
}

TEST(Architecture, CountsForwardAndBackwardWork) {
  const Architecture net("test", {3, 6, 6}, {conv2d(4, 3), relu(), conv2d(5, 2, 2), flatten(), dense(10)});
  const double first = 2.0 * 4 * 4 * 4 * 3 * 9, second = 2.0 * 5 * 2 * 2 * 4 * 4, third = 2.0 * 10 * 20;
  EXPECT_EQ(net.forward_flops_per_sample(), first + second + third);
  EXPECT_EQ(net.flops_per_sample(), 2 * first + 3 * second + 3 * third);
  EXPECT_NEAR(built_in("paper_cnn", kImage, 10).flops_per_sample(), 269e6, 1e6);
}

TEST(Architecture, GivesTheLinearNetworkSquaredError) {
  EXPECT_EQ(built_in("linear", {10, 1, 1}, 1).loss(), Loss::squared_error);
  EXPECT_EQ(built_in("softmax", kImage, 10).loss(), Loss::cross_entropy);
}

TEST(Architecture, NamesTheLayerThatDoesNotFit) {
  EXPECT_EQ(error_of_layers({64, 8, 8}, {relu(), max_pool(2), relu(), conv2d(8, 5)}),
            "layer 3 (conv2d): kernel 5 does not fit its input 64 x 4 x 4");
  EXPECT_EQ(error_of_layers({1, 9, 4}, {avg_pool(5, 1), dense(2)}),
            "layer 0 (avg_pool): kernel 5 does not fit its input 1 x 9 x 4");
  EXPECT_EQ(error_of_layers(kImage, {dense(10)}),
            "layer 0 (dense): its input 1 x 28 x 28 is not flat; put a flatten layer before it");
  EXPECT_EQ(error_of_layers({104, 1, 1}, {conv2d(8, 3)}), "layer 0 (conv2d): kernel 3 does not fit its input 104");
}

TEST(Architecture, RefusesSizesThatMakeNoSense) {
  EXPECT_EQ(error_of_layers(kImage, {conv2d(0, 5)}), "layer 0 (conv2d): filters must be in [1, 2147483647], got 0");
  EXPECT_EQ(error_of_layers(kImage, {conv2d(8, 0)}), "layer 0 (conv2d): kernel must be in [1, 2147483647], got 0");
  EXPECT_EQ(error_of_layers(kImage, {conv2d(8, 3, 1, 3)}), "layer 0 (conv2d): padding 3 must be below the kernel, 3");
  EXPECT_EQ(error_of_layers(kImage, {max_pool(0)}), "layer 0 (max_pool): kernel must be in [1, 2147483647], got 0");
  EXPECT_EQ(error_of_layers({4, 1, 1}, {dense(0)}), "layer 0 (dense): units must be in [1, 2147483647], got 0");
  EXPECT_EQ(error_of_layers({4, 1, 1}, {dropout(1.0), dense(2)}), "layer 0 (dropout): rate must be in [0, 1), got 1");
  EXPECT_EQ(error_of_layers({4, 1, 1}, {}), "network 'test' has no layers");
  EXPECT_EQ(error_of_layers({4, 1, 1}, {relu()}), "network 'test' has no conv2d and no dense layer, so nothing to learn");
  EXPECT_EQ(error_of_layers({0, 1, 1}, {dense(2)}), "network 'test': its input 0 x 1 x 1 is not a shape");
}

TEST(Architecture, RefusesSizesWhoseProductOverflows) {
  EXPECT_EQ(error_of_layers({4, 1, 1}, {dense(2000000000), dense(2000000000)}),
            "layer 1 (dense): too large, more than 1099511627776 elements");
  EXPECT_EQ(error_of_layers({2000000000, 1, 1}, {conv2d(2000000000, 1)}),
            "layer 0 (conv2d): too large, more than 1099511627776 elements");
  EXPECT_EQ(error_of_layers({2000000000, 2000000000, 2000000000}, {relu()}),
            "network 'test': its input 2000000000 x 2000000000 x 2000000000 is too large");
}

TEST(Architecture, SaysWhichNetworksItKnows) {
  EXPECT_EQ(support::error_of([] { built_in("resnet", kImage, 10); }),
            "no network is called 'resnet'; known: paper_cnn, lenet, mnist_cnn, small_cnn, mlp, softmax, census_mlp, linear");
}

}  // namespace
}  // namespace tocsin::nn
