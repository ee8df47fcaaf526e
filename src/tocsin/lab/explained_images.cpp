// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/explained_images.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "tocsin/core/random.h"

namespace tocsin::lab {
namespace {
constexpr std::size_t kShown = 10;

/// Up to `count` samples of `classes`, in random order, taken turn by turn from each class.
std::vector<std::uint32_t> draw(const data::Dataset& test, const std::set<std::int32_t>& classes, std::size_t count,
                                std::set<std::uint32_t>& taken, const Stream& stream) {
  std::vector<std::vector<std::uint32_t>> pools;
  for (const std::int32_t label : classes) {
    std::vector<std::uint32_t> pool;
    for (std::uint32_t i = 0; i < test.labels.size(); ++i)
      if (test.labels[i] == label && !taken.contains(i)) pool.push_back(i);
    shuffle(pool, stream.at(static_cast<std::uint64_t>(label)));
    pools.push_back(std::move(pool));
  }
  std::vector<std::uint32_t> result;
  for (std::size_t turn = 0; result.size() < count; ++turn) {
    const std::size_t before = result.size();
    for (const auto& pool : pools)
      if (turn < pool.size() && result.size() < count) result.push_back(pool[turn]);
    if (result.size() == before) break;
  }
  taken.insert(result.begin(), result.end());
  return result;
}
}  // namespace

std::vector<ImageGroup> choose_images(const data::Dataset& test, const std::vector<attack::Target>& targets,
                                      const ImageCounts& counts, std::uint64_t seed) {
  const Stream stream = Stream(seed).at("explain/images");
  std::set<std::uint32_t> taken;
  std::set<std::int32_t> true_classes, wanted_classes, all;
  std::vector<ImageGroup> groups{{"target", {}}};
  for (const attack::Target& target : targets) {
    if (!taken.insert(target.index).second) continue;
    groups.front().samples.push_back(target.index);
    true_classes.insert(target.label);
    wanted_classes.insert(target.wanted);
  }
  for (std::size_t c = 0; c < test.classes; ++c) all.insert(static_cast<std::int32_t>(c));
  groups.push_back({"same_class", draw(test, true_classes, counts.same_class, taken, stream.at("same_class"))});
  groups.push_back({"target_class", draw(test, wanted_classes, counts.target_class, taken, stream.at("target_class"))});
  groups.push_back({"other", draw(test, all, counts.other, taken, stream.at("other"))});
  std::erase_if(groups, [](const ImageGroup& group) { return group.samples.empty(); });
  return groups;
}

explain::Images images_of(const data::Dataset& test, const std::vector<std::uint32_t>& samples,
                          const std::vector<attack::Target>& targets) {
  if (test.classes == 0)
    throw RunError(Exit::mismatch, fmt::format("{} has no class labels: there is nothing to explain", printable(test.name)));
  explain::Images images = explain::gathered(test, samples, nn::Precision::float32);
  for (const std::uint32_t sample : samples) {
    const auto target = std::find_if(targets.begin(), targets.end(), [&](const auto& one) { return one.index == sample; });
    images.wanted.push_back(target == targets.end() ? -1 : target->wanted);
  }
  return images;
}

std::vector<std::uint32_t> shown_images(const data::Dataset& test, const std::vector<attack::Target>& targets) {
  std::vector<std::uint32_t> samples;
  for (const attack::Target& target : targets) samples.push_back(target.index);
  if (!samples.empty()) return samples;
  samples.resize(std::min(kShown, test.size()));
  std::iota(samples.begin(), samples.end(), 0U);
  return samples;
}

}  // namespace tocsin::lab
