// SPDX-License-Identifier: Apache-2.0
// Label flip: the attacker trains honestly on its own samples with other labels. In every round the same samples get the same ones.
// Tolpegin, Truex, Gursoy, Liu, ESORICS 2020, arXiv:2007.08432 (pair); Fang, Cao, Jia, Gong, USENIX Security 2020, arXiv:1911.11815
// (reverse). `random` for all clients is a federation that learns nothing of its labels: a positive control.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
enum class Mode { reverse, pair, swap, all_to_one, shift, random };

struct LabelFlipOptions {
  Mode mode = Mode::reverse;
  std::size_t from = 0, to = 1, by = 1;
  double fraction = 1.0;  ///< of its shard
  Schedule schedule;
  [[nodiscard]] bool uses_from() const { return mode == Mode::pair || mode == Mode::swap; }
  [[nodiscard]] bool uses_to() const { return uses_from() || mode == Mode::all_to_one; }
};

/// Costs benign training.
class LabelFlip final : public Attack {
 public:
  explicit LabelFlip(const LabelFlipOptions& options) : options_(options) {}

  Sent train(AttackPlace place, Rows update) const override {
    return Campaign{.schedule = options_.schedule}.conduct(std::move(place), update, {}, [&](Scene& scene, Rows change) {
      const AttackPlace& at = scene.place;
      const data::Dataset data = relabelled(at.training, at.round.lasting);
      std::vector<std::uint32_t> samples(data.size());
      std::iota(samples.begin(), samples.end(), 0U);
      return benign_update_on(data, samples, at, change);
    });
  }

 private:
  /// The shard as a data set of its own, so many of its samples with other labels.
  [[nodiscard]] data::Dataset relabelled(const nn::TrainingPlace& place, const Stream& lasting) const {
    require(place.data.classes > 1, "label_flip: needs labelled data");
    data::Dataset own = data::subset(place.data, place.samples);
    const auto classes = static_cast<std::int64_t>(own.classes);
    const std::size_t size = own.size();
    const auto wished = static_cast<std::size_t>(std::llround(options_.fraction * static_cast<double>(size)));
    const std::size_t count = std::min(size, std::max<std::size_t>(1, wished));
    for (const std::uint32_t i : choice(size, count, lasting.at("flipped")))
      own.labels[i] = static_cast<std::int32_t>(flipped(own.labels[i], classes, lasting.at("label").at(i)));
    return own;
  }
  [[nodiscard]] std::int64_t flipped(std::int64_t label, std::int64_t classes, const Stream& stream) const {
    const auto from = static_cast<std::int64_t>(options_.from), to = static_cast<std::int64_t>(options_.to);
    switch (options_.mode) {
      case Mode::reverse:
        return classes - 1 - label;
      case Mode::pair:
        return label == from ? to : label;
      case Mode::swap:
        return label == from ? to : label == to ? from : label;
      case Mode::all_to_one:
        return to;
      case Mode::shift:
        return (label + static_cast<std::int64_t>(options_.by)) % classes;
      case Mode::random:
        break;
    }
    const auto other = static_cast<std::int64_t>(Draws(stream).below(static_cast<std::uint64_t>(classes - 1)));
    return other + (other >= label ? 1 : 0);
  }

  LabelFlipOptions options_;
};

Mode mode_of(const std::string& word) {
  return word == "pair"         ? Mode::pair
         : word == "swap"       ? Mode::swap
         : word == "all_to_one" ? Mode::all_to_one
         : word == "shift"      ? Mode::shift
         : word == "random"     ? Mode::random
                                : Mode::reverse;
}

/// Which labels become which.
LabelFlipOptions read_labels(Options& options) {
  LabelFlipOptions result;
  result.mode =
      mode_of(options.word("mode", {.fallback = "reverse",
                                    .words = {"reverse", "pair", "swap", "all_to_one", "shift", "random"},
                                    .help = "label y becomes: C - 1 - y; `to` where it is `from`; these two exchanged; `to`; "
                                            "y + `by` modulo C; any other"}));
  result.from = options.count("from", {.fallback = result.from, .help = "a label, for pair and swap"});
  result.to = options.count("to", {.fallback = result.to, .help = "a label, for pair, swap and all_to_one"});
  result.by =
      options.count("by", {.fallback = result.by, .at_least = 1, .help = "labels further, for shift; fewer than there are"});
  if (options.is_describing()) return result;
  if (!result.uses_from()) options.no_effect("from", "'from' has no effect in this mode", "mode = \"pair\", or leave it out");
  if (!result.uses_to()) options.no_effect("to", "'to' has no effect in this mode", "mode = \"pair\", or leave it out");
  if (result.mode != Mode::shift) options.no_effect("by", "'by' has no effect in this mode", "mode = \"shift\", or leave it out");
  return result;
}

LabelFlipOptions read(Options& options) {
  LabelFlipOptions result = read_labels(options);
  result.fraction = options.number("fraction", {.fallback = result.fraction,
                                                .at_least = 0.0,
                                                .at_most = 1.0,
                                                .above = true,
                                                .help = "of its shard, drawn once; at least one sample"});
  result.schedule = read_schedule(options, false);
  if (options.is_describing()) return result;
  if (result.uses_from() && result.from == result.to)
    options.fault("to", "label_flip: 'from' and 'to' are the same label", "two labels");
  return result;
}
}  // namespace

constinit const Entry<Attack> label_flip_entry{
    .name = "label_flip",
    .summary = "trains honestly on its own samples with other labels",
    .paper = "arXiv:2007.08432",
    .status = Status::verified,
    .facts = {.trains = true,
              .classes =
                  [](Options& options) {
                    const LabelFlipOptions flip = read_labels(options);
                    return std::max({std::size_t{2}, flip.uses_from() ? flip.from + 1 : 0, flip.uses_to() ? flip.to + 1 : 0,
                                     flip.mode == Mode::shift ? flip.by + 1 : 0});
                  },
              .reads = "its shard and the global parameters, as a benign client",
              .differs = "which samples are flipped, and to which label at random, is drawn once and stays for the run"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<LabelFlip>(read(options)); },
};

}  // namespace tocsin::attack
