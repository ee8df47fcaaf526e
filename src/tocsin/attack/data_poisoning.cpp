// SPDX-License-Identifier: Apache-2.0
// Data poisoning, the baseline: copies of every target with the label wanted for it join the own shard; then plain local training,
// no boost. Bhagoji, Chakraborty, Mittal, Calo, arXiv:1811.12470 (section 3, "data poisoning": no effect). The sample count it
// reports stays that of its own shard.
#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
struct PoisoningOptions {
  Schedule schedule;
  std::size_t copies = 1000;  ///< of each target
};

/// The own shard, then the targets with the labels wanted for them.
data::Dataset with_targets(const AttackPlace& place) {
  const data::Dataset& own = place.training.data;
  require(own.classes > 0 && place.target_data.classes == own.classes, "data_poisoning: needs labelled data");
  data::Dataset result = data::subset(own, place.training.samples);
  data::Dataset targets = data::subset(place.target_data, indices_of(place.targets));
  for (std::size_t i = 0; i < place.targets.size(); ++i) targets.labels[i] = place.targets[i].wanted;
  data::append(result, targets);
  return result;
}

/// Costs benign training on a shard of l + r copies samples.
class DataPoisoning final : public Attack {
 public:
  explicit DataPoisoning(const PoisoningOptions& options) : options_(options) {}

  Sent train(AttackPlace place, Rows update) const override {
    require(!place.targets.empty(), "data_poisoning: needs at least one target");
    return Campaign{.schedule = options_.schedule}.conduct(std::move(place), update, {}, [&](Scene& scene, Rows change) {
      const AttackPlace& at = scene.place;
      const data::Dataset data = with_targets(at);
      const std::size_t own = at.training.samples.size();
      std::vector<std::uint32_t> samples(own);
      std::iota(samples.begin(), samples.end(), 0U);
      for (std::size_t copy = 0; copy < options_.copies; ++copy)
        for (std::size_t i = own; i < data.size(); ++i) samples.push_back(static_cast<std::uint32_t>(i));
      return benign_update_on(data, samples, at, change);
    });
  }

 private:
  PoisoningOptions options_;
};

PoisoningOptions read(Options& options) {
  PoisoningOptions result;
  result.copies = options.count(
      "copies",
      {.fallback = result.copies, .at_least = 1, .at_most = 1'000'000, .help = "of every target, added to its own shard"});
  result.schedule = read_schedule(options, true);
  return result;
}
}  // namespace

constinit const Entry<Attack> data_poisoning_entry{
    .name = "data_poisoning",
    .summary = "adds copies of the targets with the wanted labels to its shard and trains honestly",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.trains = true,
              .needs_targets = true,
              .reads = "its shard, its targets, the global parameters",
              .differs = "targets are learnt with the wanted label; the reported sample count stays that of the own shard"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<DataPoisoning>(read(options)); },
};

}  // namespace tocsin::attack
