// SPDX-License-Identifier: Apache-2.0
// Gathering: which bytes go where, and how they are scaled.
#include "tocsin/data/dataset.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/rows.h"

namespace tocsin::data {
namespace {

using support::error_of;

Dataset images(std::size_t samples, std::size_t features) {
  Dataset data;
  data.shape = {1, 1, features};
  data.classes = 2;
  for (std::size_t i = 0; i < samples * features; ++i) data.pixels.push_back(static_cast<std::uint8_t>(i * 37 % 256));
  data.labels.assign(samples, 0);
  return data;
}

TEST(Gather, ScalesPixelsByOneMultiplication) {
  const Dataset data = images(1, 256);  // 37 is odd, so every byte occurs
  const std::vector<std::uint32_t> chosen{0};
  std::vector<float> floats(256);
  std::vector<double> doubles(256);
  gather(data, chosen, floats);
  gather(data, chosen, doubles);
  for (std::size_t j = 0; j < 256; ++j) {
    EXPECT_EQ(floats[j], static_cast<float>(data.pixels[j]) * static_cast<float>(data.scale));
    EXPECT_EQ(doubles[j], static_cast<double>(data.pixels[j]) * data.scale);
  }
}

RC_GTEST_PROP(Gather, PutsEverySampleInItsPlace, ()) {
  const auto features = *rc::gen::inRange<std::size_t>(1, 70), samples = *rc::gen::inRange<std::size_t>(1, 9);
  const auto chosen =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, static_cast<std::uint32_t>(samples)));
  Dataset data = images(samples, features);
  data.scale = 1.0;
  std::vector<float> out(chosen.size() * features, -1.0f);
  gather(data, chosen, out);
  for (std::size_t i = 0; i < chosen.size(); ++i)
    for (std::size_t j = 0; j < features; ++j)
      RC_ASSERT(out[i * features + j] == static_cast<float>(data.pixels[chosen[i] * features + j]));
}

TEST(Gather, CopiesRealValuesAsTheyAre) {
  Dataset data;
  data.shape = {2, 1, 1};
  data.outputs = 1;
  data.values = {1.5f, -2.0f, 3.0f, 0.1f};
  data.targets = {0.0f, 1.0f};
  const std::vector<std::uint32_t> chosen{1, 0, 1};
  std::vector<double> out(6);
  gather(data, chosen, out);
  EXPECT_EQ(out, (std::vector<double>{3.0, static_cast<double>(0.1f), 1.5, -2.0, 3.0, static_cast<double>(0.1f)}));
  EXPECT_EQ(data.size(), 2u);
}

TEST(Gather, RefusesWhatDoesNotExistOrFit) {
  const Dataset data = images(3, 4);
  std::vector<float> out(4);
  EXPECT_EQ(error_of([&] { gather(data, std::vector<std::uint32_t>{3}, out); }), "gather: sample 3 of a data set of 3");
  EXPECT_EQ(error_of([&] {
              gather(data, std::vector<std::uint32_t>{0, 1}, out);
            }),
            "gather: 2 samples of 4 features need 8 places, got 4");
}

TEST(Dataset, IsCutAndJoinedSampleBySample) {
  Dataset data = images(4, 3);
  for (std::size_t i = 0; i < 4; ++i) data.labels[i] = static_cast<std::int32_t>(i % 2);
  const Dataset part = subset(data, std::vector<std::uint32_t>{3, 1, 1});
  EXPECT_EQ(part.size(), 3U);
  EXPECT_EQ(part.labels, (std::vector<std::int32_t>{1, 1, 1}));
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_EQ(part.pixels[j], data.pixels[9 + j]);
    EXPECT_EQ(part.pixels[6 + j], data.pixels[3 + j]);
  }
  Dataset joined = data;
  append(joined, part);
  EXPECT_EQ(joined.size(), 7U);
  EXPECT_EQ(joined.pixels[12], data.pixels[9]);
  append(joined, subset(data, {}));
  EXPECT_EQ(joined.size(), 7U);
}

TEST(Dataset, RefusesToJoinWhatDoesNotFit) {
  Dataset data = images(2, 3), wide = images(2, 4), real = images(2, 3), scaled = images(2, 3);
  real.pixels.clear();
  real.values.assign(6, 1.0F);
  scaled.scale = 1.0;
  data.name = "a", wide.name = "b", real.name = "c";
  EXPECT_EQ(error_of([&] { append(data, wide); }), "append: 'a' and 'b' differ in shape or classes");
  EXPECT_EQ(error_of([&] { append(data, real); }), "append: 'a' and 'c' keep their samples in different forms");
  EXPECT_NE(error_of([&] { append(data, scaled); }), "");
  EXPECT_NE(error_of([&] { static_cast<void>(subset(data, std::vector<std::uint32_t>{2})); }), "");
}

TEST(Dataset, CountsItsBytes) { EXPECT_EQ(images(3, 4).bytes(), 3u * 4 + 3 * 4); }

}  // namespace
}  // namespace tocsin::data
