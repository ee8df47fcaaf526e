// SPDX-License-Identifier: Apache-2.0
// Hold-out, partition, architecture and targets of a plan, once the data are there.
// The hold-out is drawn first and never holds a named target; drawn targets come from what is evaluated.
#include "tocsin/lab/setting.h"

#include <algorithm>
#include <numeric>

#include "tocsin/fed/explanations.h"

namespace tocsin::lab {
namespace {
std::vector<std::uint32_t> all_of(std::size_t n) {
  std::vector<std::uint32_t> samples(n);
  std::iota(samples.begin(), samples.end(), 0u);
  return samples;
}

/// `all` without `some`, both ascending.
std::vector<std::uint32_t> without(const std::vector<std::uint32_t>& all, const std::vector<std::uint32_t>& some) {
  std::vector<std::uint32_t> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

/// Draws the hold-out from `from` less the targets; ascending.
std::vector<std::uint32_t> hold_out(const Plan& plan, const std::vector<std::uint32_t>& from, Faults& faults) {
  std::vector<std::uint32_t> targets;
  if (plan.validation.from_test)
    for (const std::size_t index : plan.targets.test_indices) targets.push_back(static_cast<std::uint32_t>(index));
  std::sort(targets.begin(), targets.end());
  const std::vector<std::uint32_t> candidates = without(from, targets);
  if (plan.validation.count >= candidates.size()) {
    faults.add(plan.places.validation, fmt::format("validation = {} leaves nothing of the {} part of {}", plan.validation.count,
                                                   plan.validation.from_test ? "test" : "training", candidates.size()));
    return {};
  }
  std::vector<std::uint32_t> held = choice(candidates.size(), plan.validation.count, Stream(plan.seed).at("validation"));
  for (std::uint32_t& sample : held) sample = candidates[sample];
  return held;
}

/// The architecture, or a fault and nothing.
std::optional<nn::Architecture> fit(const Plan& plan, const data::Dataset& train, Faults& faults) {
  const std::size_t outputs = train.classes > 0 ? train.classes : train.outputs;
  try {
    nn::Architecture architecture = nn::make_architecture(plan.model, train.shape, outputs);
    if (architecture.has_batch_norm())
      faults.add(plan.places.model, "batch_norm cannot be trained yet",
                 "it can be explained: tocsin explain --network FILE.toml --weights FILE.safetensors --input FILE.npy");
    const bool regression = architecture.loss() == nn::Loss::squared_error;
    if (regression == (train.classes == 0)) return architecture;
    faults.add(plan.places.model,
               train.classes == 0
                   ? fmt::format("{} is a regression, and network '{}' is a classifier", train.name, architecture.name())
                   : fmt::format("{} has classes, and network '{}' is made for regression", train.name, architecture.name()),
               train.classes == 0 ? "name = \"linear\", or layers with loss = \"squared_error\""
                                  : "a network with loss = \"cross_entropy\"");
  } catch (const std::invalid_argument& error) {
    faults.add(plan.places.model,
               fmt::format("network '{}' does not fit {}: {}", printable(plan.model.name), train.name, error.what()),
               fmt::format("its samples are {} x {} x {}", train.shape.channels, train.shape.height, train.shape.width));
  }
  return std::nullopt;
}

void add_all(const ConfigError& error, Faults& faults) {
  for (const Fault& fault : error.faults()) faults.add(fault.place, fault.message, fault.hint);
}

/// Drawn targets: test samples and, where none is named, labels.
std::vector<attack::Target> draw_targets(const Plan& plan, const data::Dataset& test, std::span<const std::uint32_t> evaluated,
                                         Faults& faults) {
  const TargetPlan& wish = plan.targets;
  std::vector<std::uint32_t> candidates;
  for (const std::uint32_t sample : evaluated) {
    const std::size_t label = static_cast<std::size_t>(test.labels[sample]);
    const bool never = wish.wanted.size() == 1 && wish.wanted[0] == label;  // it has the wanted label already
    if ((!wish.label || *wish.label == label) && !never) candidates.push_back(sample);
  }
  if (wish.count > candidates.size()) {
    faults.add(plan.places.targets,
               fmt::format("{} targets are asked for, and {} test samples may be one", wish.count, candidates.size()));
    return {};
  }
  const Stream stream = Stream(plan.seed).at("targets");
  const std::vector<std::uint32_t> chosen = choice(candidates.size(), wish.count, stream.at("sample"));
  Draws draws(stream.at("wanted"));
  std::vector<attack::Target> targets;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    attack::Target target;
    target.index = candidates[chosen[i]];
    target.label = test.labels[target.index];
    if (wish.wanted.empty()) {
      const auto other = static_cast<std::int32_t>(draws.below(test.classes - 1));
      target.wanted = other + (other >= target.label ? 1 : 0);
    } else {
      target.wanted = static_cast<std::int32_t>(wish.wanted[wish.wanted.size() == 1 ? 0 : i]);
    }
    targets.push_back(target);
  }
  return targets;
}
/// Whether each detector can ask what it asks of this network.
void check_detectors(const Plan& plan, const nn::Architecture& architecture, const data::Dataset& train, Faults& faults) {
  for (const PlannedDetector& one : plan.detectors) {
    if (one.detector->question() == nullptr) continue;
    try {
      fed::check_fits(*one.detector->question(), architecture, data::has_negative(train));
    } catch (const std::invalid_argument& error) {
      faults.add(one.place,
                 fmt::format("detector '{}' does not fit network '{}': {}", one.label, printable(plan.model.name), error.what()));
    }
  }
}
}  // namespace

const data::Problem& DataShelf::get(const Plan& plan) {
  const auto found = files_.find(plan.source_key);
  if (found != files_.end()) return found->second;
  if (made_ && made_->first == plan.source_key) return made_->second;
  data::Problem problem = data::load(plan.source, Stream(plan.seed).at("data"));
  if (!problem.files.empty()) return files_.emplace(plan.source_key, std::move(problem)).first->second;
  made_.emplace(plan.source_key, std::move(problem));
  return made_->second;
}

std::vector<attack::Target> make_targets(const Plan& plan, const data::Dataset& test, std::span<const std::uint32_t> evaluated,
                                         Faults& faults) {
  const TargetPlan& wish = plan.targets;
  if (wish.empty()) return {};
  if (test.classes < 2) {
    faults.add(plan.places.targets, fmt::format("targets need class labels, and {} has none", test.name));
    return {};
  }
  for (const std::size_t wanted : wish.wanted)
    if (wanted >= test.classes) {
      faults.add(plan.places.wanted,
                 fmt::format("there is no label {}: {} has {} classes, numbered from 0", wanted, test.name, test.classes));
      return {};
    }
  if (wish.count > 0) {
    std::vector<attack::Target> targets = draw_targets(plan, test, evaluated, faults);
    for (const attack::Target& target : targets)
      if (target.wanted == target.label)
        faults.add(plan.places.wanted,
                   fmt::format("test sample {} was drawn and has the wanted label {} already", target.index, target.label));
    return targets;
  }
  std::vector<attack::Target> targets;
  for (std::size_t i = 0; i < wish.test_indices.size(); ++i) {
    const std::size_t index = wish.test_indices[i];
    if (index >= test.size()) {
      faults.add(plan.places.targets,
                 fmt::format("there is no test sample {}: the test part has {}, counted from 0", index, test.size()));
      continue;
    }
    attack::Target target;
    target.index = static_cast<std::uint32_t>(index);
    target.label = test.labels[index];
    target.wanted = static_cast<std::int32_t>(wish.wanted[wish.wanted.size() == 1 ? 0 : i]);
    if (target.wanted == target.label)
      faults.add(plan.places.wanted, fmt::format("test sample {} has the wanted label {} already", index, target.label));
    targets.push_back(target);
  }
  return targets;
}

void check_attack(const Plan& plan, const data::Dataset& train, Faults& faults) {
  if (plan.attack_classes <= train.classes) return;
  const std::string_view name = plan.attack_entry->name;
  if (train.classes == 0)
    faults.add(plan.places.attack, fmt::format("attack '{}' changes labels, and {} has none", name, train.name));
  else
    faults.add(plan.places.attack, fmt::format("attack '{}' needs {} classes by its labels: {} has {}, numbered from 0", name,
                                               plan.attack_classes, train.name, train.classes));
}

Setting make_setting(const Plan& plan, const data::Problem& problem) {
  Faults faults;
  const data::Dataset &train = *problem.train, &test = *problem.test;
  std::vector<std::uint32_t> available = all_of(train.size()), evaluated = all_of(test.size()), held;
  const data::Dataset* held_from = nullptr;
  if (plan.validation.count > 0) {
    std::vector<std::uint32_t>& cut = plan.validation.from_test ? evaluated : available;
    held = hold_out(plan, cut, faults);
    cut = without(cut, held);
    held_from = plan.validation.from_test ? &test : &train;
  }
  std::optional<nn::Architecture> architecture = fit(plan, train, faults);
  if (architecture) check_detectors(plan, *architecture, train, faults);
  check_attack(plan, train, faults);
  std::vector<attack::Target> targets = make_targets(plan, test, evaluated, faults);
  if (plan.explain && architecture) check_explain(*plan.explain, *architecture, test, !targets.empty(), faults);
  data::Partition partition;
  try {
    partition = data::make_partition(plan.partition, train, available, Stream(plan.seed).at("partition"));
  } catch (const ConfigError& error) {
    add_all(error, faults);
  } catch (const std::invalid_argument& error) {
    faults.add(plan.places.clients, error.what());
  }
  faults.raise();
  return {problem,         std::move(*architecture), std::move(evaluated), held_from,
          std::move(held), std::move(partition),     std::move(targets)};
}

fed::Parts make_parts(Plan& plan, const Setting& setting, fed::Fleet* fleet) {
  fed::Parts parts;
  parts.architecture = &setting.architecture;
  parts.problem = setting.problem;
  parts.test_samples = setting.test_samples;
  parts.validation_data = setting.validation_data;
  parts.validation_samples = setting.validation_samples;
  parts.partition = setting.partition;
  parts.training = plan.training;
  parts.federation = plan.federation;
  parts.threat = plan.threat;
  if (plan.attack_entry->name != "none") {
    parts.attack = plan.attack.get();
    parts.attack_entry = plan.attack_entry;
  }
  parts.targets = setting.targets;
  parts.rule = plan.rule.get();
  parts.rule_entry = plan.rule_entry;
  parts.rule_options = plan.rule_options;
  for (const PlannedDetector& one : plan.detectors) parts.detectors.push_back({one.label, one.detector.get(), one.entry});
  parts.nonfinite = plan.nonfinite;
  parts.fleet = fleet;
  parts.root = Stream(plan.seed);
  return parts;
}

}  // namespace tocsin::lab
