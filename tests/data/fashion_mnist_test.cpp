// SPDX-License-Identifier: Apache-2.0
// The real thing: Debian's dataset-fashion-mnist, its files and the samples that the paper names.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <utility>

#include "tocsin/data/catalog.h"

namespace tocsin::data {
namespace {

/// Loaded once: 70,000 images.
const Problem& fashion_mnist() {
  static const Problem problem = [] {
    unsetenv("TOCSIN_DATA");  // the package itself, wherever else a copy may lie
    return load(Source{.name = "fashion_mnist", .files = {}, .classes = 10, .max_bytes = 0, .settings = {}}, Stream(0));
  }();
  return problem;
}

TEST(FashionMnist, HasSixtyThousandAndTenThousandImages) {
  const Problem& problem = fashion_mnist();
  EXPECT_EQ(problem.train->size(), 60000u);
  EXPECT_EQ(problem.test->size(), 10000u);
  for (const auto& part : {problem.train, problem.test}) {
    EXPECT_EQ(part->shape, (Shape{1, 28, 28}));
    EXPECT_EQ(part->pixels.size(), part->size() * 784);
    EXPECT_EQ(part->classes, 10u);
    EXPECT_EQ(part->class_names.size(), 10u);
    std::map<std::int32_t, std::size_t> counts;
    for (const std::int32_t label : part->labels) ++counts[label];
    EXPECT_EQ(counts.size(), 10u);
    for (const auto& [label, count] : counts) EXPECT_EQ(count, part->size() / 10) << label;
  }
}

TEST(FashionMnist, HoldsTheTargetsOfThePaper) {
  const std::array<std::pair<std::size_t, std::int32_t>, 10> targets{
      {{5454, 5}, {3846, 3}, {5645, 5}, {2720, 8}, {1989, 0}, {2144, 4}, {9368, 4}, {7140, 3}, {2727, 3}, {9581, 5}}};
  for (const auto& [index, label] : targets) EXPECT_EQ(fashion_mnist().test->labels[index], label) << index;
  EXPECT_EQ(fashion_mnist().test->class_names[5], "Sandal");
}

TEST(FashionMnist, IsTheFilesOfThePackage) {
  const std::array<std::pair<std::uint64_t, const char*>, 4> files{
      {{26421856, "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
       {29491, "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
       {4422079, "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
       {5125, "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"}}};
  ASSERT_EQ(fashion_mnist().files.size(), 4u);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(fashion_mnist().files[k].size, files[k].first);
    EXPECT_EQ(fashion_mnist().files[k].sha256, files[k].second);
  }
}

TEST(FashionMnist, HasTheMeanThatEveryoneNormalizesBy) {
  double sum = 0.0;
  for (const std::uint8_t pixel : fashion_mnist().train->pixels) sum += pixel;
  EXPECT_NEAR(sum / 255.0 / static_cast<double>(fashion_mnist().train->pixels.size()), 0.2860, 5e-5);
}

}  // namespace
}  // namespace tocsin::data
