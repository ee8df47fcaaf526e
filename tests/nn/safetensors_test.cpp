// SPDX-License-Identifier: Apache-2.0
// Files that PyTorch wrote, files that PyTorch read, and what is written read again.
#include "tocsin/nn/safetensors.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "nn/golden.h"
#include "support/rows.h"

namespace tocsin::nn {
namespace {

/// The network of small_model() in make_nn.py.
Architecture small_model() { return Architecture("small", {2, 8, 8}, {conv2d(3, 3), relu(), max_pool(2), flatten(), dense(4)}); }

FileBytes in_memory(const std::string& bytes) { return {"memory", std::vector<unsigned char>(bytes.begin(), bytes.end()), ""}; }

std::string written(const Updates& parameters, const Architecture& architecture) {
  return format_safetensors(architecture.layout(), parameters.rows());
}

TEST(SafetensorsFile, OpensWhatPyTorchWrote) {
  const Architecture model = small_model();
  const Updates expected = golden::parameters(model);
  for (const char* name : {"nn_torch_f32.safetensors", "nn_torch_f64.safetensors"}) {
    const std::string path = golden::folder() + name;
    const Safetensors file = read_safetensors(path);
    Updates parameters(1, model.parameters(), Element::float64);
    assign(file, path, model.layout(), parameters.rows());
    EXPECT_EQ(parameters.rows().row(0), expected.rows().row(0)) << name;
  }
}

TEST(SafetensorsFile, KnowsElementTypesAndMetadata) {
  const Safetensors narrow = read_safetensors(golden::folder() + "nn_torch_f32.safetensors");
  EXPECT_EQ(narrow.metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(narrow.tensors.size(), 4U);
  EXPECT_EQ(narrow.tensors[0].element, Element::float32);
  EXPECT_EQ(read_safetensors(golden::folder() + "nn_torch_f64.safetensors").tensors[0].element, Element::float64);
}

TEST(SafetensorsFile, IsTheOneThatPyTorchOpened) {
  const Architecture model = small_model();
  const std::string path = std::string(TOCSIN_BINARY_DIR) + "/written_by_tocsin.safetensors";
  write_safetensors(path, model.layout(), golden::parameters(model).rows(), {{"maker", "Tocsin \"test\" \u00fc"}, {"round", "3"}});
  // make_nn.py verify FILE printed this of the very file.
  EXPECT_EQ(read_file(path, 1 << 20).sha256, "bcd66d9da2a288fc6740ce3d07fc20b29e9999eaa05f6cc9a20574f0ed918399");
}

TEST(SafetensorsFile, ReadsBackWhatItWrites) {
  const Architecture lenet = built_in("small_cnn", {1, 12, 12}, 10);
  for (const Element element : {Element::float32, Element::float64}) {
    const Updates parameters = golden::parameters(lenet, element);
    Updates again(1, lenet.parameters(), element);
    assign(parse_safetensors(in_memory(written(parameters, lenet))), "memory", lenet.layout(), again.rows());
    EXPECT_EQ(again.rows().row(0), parameters.rows().row(0));
  }
}

TEST(SafetensorsFile, KeepsMetadataThatNeedsEscapes) {
  const std::map<std::string, std::string> metadata = {{"", "empty"}, {"quote\"\n", "\\ \u2028 \x01"}, {"z", ""}};
  const Architecture model = small_model();
  EXPECT_EQ(parse_safetensors(in_memory(format_safetensors(model.layout(), golden::parameters(model).rows(), metadata))).metadata,
            metadata);
}

TEST(SafetensorsFile, AlignsTheNumbersAndPadsWithSpaces) {
  const Architecture linear("linear", {2, 1, 1}, {dense(1, false)});
  const std::string bytes = written(support::rows({{1, -2}}), linear);
  const std::string header = R"({"0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  ASSERT_EQ(header.size() % 8, 7U);
  EXPECT_EQ(bytes, std::string("\x40\0\0\0\0\0\0\0", 8) + header + " " + std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
}

TEST(SafetensorsFile, KeepsNumbersThatAreNotFinite) {
  const Architecture linear("linear", {3, 1, 1}, {dense(1, false)});
  Updates again(1, 3);
  assign(parse_safetensors(in_memory(written(support::rows({{INFINITY, -INFINITY, NAN}}), linear))), "m", linear.layout(),
         again.rows());
  EXPECT_EQ(again.rows().at(0, 0), INFINITY);
  EXPECT_EQ(again.rows().at(0, 1), -INFINITY);
  EXPECT_TRUE(std::isnan(again.rows().at(0, 2)));
}

TEST(SafetensorsFile, MustHoldExactlyTheTensorsOfTheNetwork) {
  const Architecture one("one", {2, 1, 1}, {dense(3)}), wider("wider", {2, 1, 1}, {dense(4)}),
      two("two", {2, 1, 1}, {dense(3), dense(1)});
  const auto error = [](const Architecture& file, const Architecture& network) {
    Updates parameters(1, network.parameters());
    const Safetensors read = parse_safetensors(in_memory(written(golden::parameters(file), file)));
    return support::error_of([&] { assign(read, "start.safetensors", network.layout(), parameters.rows()); });
  };
  EXPECT_EQ(error(one, two), "start.safetensors: tensor '1.weight' of the network is missing");
  EXPECT_EQ(error(two, one), "start.safetensors: tensor '1.weight' is not one of the network; expected: 0.weight, 0.bias");
  EXPECT_EQ(error(wider, one), "start.safetensors: tensor '0.weight' has shape [4, 2], the network needs [3, 2]");
  EXPECT_EQ(error(one, one), "no exception");
}

}  // namespace
}  // namespace tocsin::nn
