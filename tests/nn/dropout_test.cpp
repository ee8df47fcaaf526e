// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/dropout.h"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin::nn {
namespace {

std::vector<float> mask_of(const Stream& stream, std::size_t layer, double rate, std::size_t size) {
  std::vector<float> mask(size, -1.0F);
  dropout_mask(stream, layer, rate, mask);
  return mask;
}

/// The definition, one block after the other.
std::vector<float> plain_mask(const Stream& stream, std::size_t layer, double rate, std::size_t size) {
  const Stream words = stream.at("layer").at(layer);
  std::vector<float> mask;
  for (std::size_t i = 0; i < size; ++i) {
    const double uniform = words.block(static_cast<std::uint32_t>(i / 4))[i % 4] * 0x1p-32;
    mask.push_back(uniform < rate ? 0.0F : static_cast<float>(1.0 / (1.0 - rate)));
  }
  return mask;
}

TEST(Dropout, IsItsDefinitionAtEveryLength) {
  const Stream stream = Stream(4).at("dropout").at(77);
  for (const double rate : {0.0, 0.25, 0.5, 0.9, 1e-9, 0.3})
    for (std::size_t size = 0; size < 150; ++size)
      EXPECT_EQ(mask_of(stream, 3, rate, size), plain_mask(stream, 3, rate, size)) << size;
  EXPECT_EQ(mask_of(stream, 3, 0.25, 100003), plain_mask(stream, 3, 0.25, 100003));
}

TEST(Dropout, DropsTheShareItIsTold) {
  const std::size_t size = 200000;
  for (const double rate : {0.25, 0.5}) {
    std::size_t dropped = 0;
    for (const float value : mask_of(Stream(1), 0, rate, size)) dropped += value == 0.0F ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(dropped) / static_cast<double>(size), rate, 0.005);
  }
}

TEST(Dropout, DiffersByLayerAndStep) {
  const Stream stream = Stream(4).at("dropout");
  EXPECT_NE(mask_of(stream.at(0), 3, 0.5, 64), mask_of(stream.at(1), 3, 0.5, 64));
  EXPECT_NE(mask_of(stream.at(0), 3, 0.5, 64), mask_of(stream.at(0), 4, 0.5, 64));
}

}  // namespace
}  // namespace tocsin::nn
