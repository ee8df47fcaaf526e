// SPDX-License-Identifier: Apache-2.0
// A small federation in one value: blobs or hand-made numbers, a network, a rule, an attack; float64 unless said otherwise.
#pragma once
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "support/problems.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"
#include "tocsin/data/partition.h"
#include "tocsin/data/synthetic.h"
#include "tocsin/defense/registry.h"
#include "tocsin/fed/federation.h"

namespace tocsin::support {

/// Samples of one feature each and their targets: linear regression by hand.
inline data::Problem by_hand(const std::vector<float>& inputs, const std::vector<float>& targets) {
  auto made = std::make_shared<data::Dataset>();
  made->name = "by hand";
  made->shape = {1, 1, 1};
  made->outputs = 1;
  made->values = inputs;
  made->targets = targets;
  data::Problem problem;
  problem.train = problem.test = made;
  return problem;
}

/// What to build; the defaults are five clients with blobs and softmax regression, one of them malicious where an attack is named.
struct Scenario {
  data::Problem problem = data::blobs({.classes = 3, .features = 4, .samples = 310, .spread = 1.0, .separation = 3.0}, Stream(5));
  std::string network = "softmax";
  std::size_t clients = 5;
  std::string rule = "weighted_mean", rule_options = {};
  std::string attack = {}, attack_options = {};
  std::vector<std::uint32_t> malicious = {};
  std::size_t assumed = 0;
  attack::Level knowledge = attack::Level::own;
  std::vector<attack::Target> targets = {};
  nn::LocalTraining training = {.epochs = 1, .batch = 8, .optimizer = {}, .precision = nn::Precision::float64};
  fed::FederationPlan federation = {};
  std::size_t workers = 1;
  std::uint64_t seed = 7;
};

/// Owns what the parts point to. The parts may be changed before the first round.
class Federation {
 public:
  explicit Federation(const Scenario& scenario)
      : architecture_(
            nn::built_in(scenario.network, scenario.problem.train->shape,
                         scenario.problem.train->classes > 0 ? scenario.problem.train->classes : scenario.problem.train->outputs)),
        fleet_(fed::make_thread_fleet(architecture_, scenario.training.batch, scenario.training.precision, scenario.workers)),
        rule_table_(parse_toml(scenario.rule_options, "test.toml")),
        rule_entry_(defense::aggregators().find(scenario.rule)),
        rule_(make(*rule_entry_, scenario.rule_options)) {
    parts.architecture = &architecture_;
    parts.problem = scenario.problem;
    parts.test_samples.resize(scenario.problem.test->size());
    std::iota(parts.test_samples.begin(), parts.test_samples.end(), 0U);
    parts.root = Stream(scenario.seed);
    parts.partition = data::iid(scenario.problem.train->size(), scenario.clients, parts.root.at("partition"));
    parts.training = scenario.training;
    parts.federation = scenario.federation;
    parts.threat = {.malicious = scenario.malicious, .assumed = scenario.assumed, .knowledge = scenario.knowledge};
    if (!scenario.attack.empty()) {
      parts.attack_entry = attack::attacks().find(scenario.attack);
      attack_ = make(*parts.attack_entry, scenario.attack_options);
      parts.attack = attack_.get();
    }
    parts.targets = scenario.targets;
    parts.rule = rule_.get();
    parts.rule_entry = rule_entry_;
    parts.rule_options.emplace(&rule_table_, Place{"test.toml", 0, 0}, scenario.rule, faults_);
    parts.fleet = fleet_.get();
  }
  Federation(const Federation&) = delete;
  Federation& operator=(const Federation&) = delete;

  /// A start from zero parameters, or from small random ones.
  [[nodiscard]] fed::State start(bool random = true) const {
    const Element element = parts.training.precision == nn::Precision::float64 ? Element::float64 : Element::float32;
    Updates global(1, architecture_.parameters(), element);
    if (random) nn::initialise(architecture_, nn::Init::glorot, parts.root.at("init"), global.rows());
    return fed::initial_state(parts, std::move(global));
  }
  fed::RoundRecord round(fed::State& state, std::stop_token stop = {},
                         const std::function<void(std::size_t, std::size_t)>& progress = {}) const {
    fed::RoundTimes times;
    return fed::run_round(state, parts, times, progress, std::move(stop));
  }
  std::vector<fed::RoundRecord> rounds(fed::State& state, std::size_t count) const {
    std::vector<fed::RoundRecord> records;
    for (std::size_t i = 0; i < count; ++i) records.push_back(round(state));
    return records;
  }

 private:
  nn::Architecture architecture_;
  std::unique_ptr<fed::Fleet> fleet_;
  Table rule_table_;
  Faults faults_;
  const Entry<defense::Aggregator>* rule_entry_;
  std::unique_ptr<defense::Aggregator> rule_;
  std::unique_ptr<attack::Attack> attack_;

 public:
  fed::Parts parts;
};

/// The parameters of a state as doubles.
inline std::vector<double> parameters(const fed::State& state) { return state.global.rows().row(0); }

/// Bytes of rows, for comparisons in which -0 and NaN count.
inline std::string bytes_of(ConstRows rows) {
  std::string result;
  rows.visit([&](auto typed) {
    for (std::size_t i = 0; i < typed.clients(); ++i)
      result.append(reinterpret_cast<const char*>(typed[i].data()), typed[i].size_bytes());
  });
  return result;
}

/// Everything of a record as text with all bits of its numbers: equal records have equal texts.
inline std::string text_of(const fed::RoundRecord& record) {
  std::string out = fmt::format("round {} held '{}' diverged {}\n", record.round, record.held, record.diverged);
  const auto add = [&out](std::string_view name, const auto& values) {
    out += name;
    for (const auto& value : values) {
      if constexpr (std::is_floating_point_v<std::decay_t<decltype(value)>>)
        out += fmt::format(" {:a}", value);
      else
        out += fmt::format(" {}", value);
    }
    out += '\n';
  };
  add("test", std::vector<double>{record.test.loss, record.test.accuracy, static_cast<double>(record.test.samples)});
  add("validation", std::vector<double>{record.validation.loss, record.validation.accuracy});
  add("cohort", record.cohort);
  add("malicious", record.malicious);
  add("losses", record.train_loss);
  add("norms", record.update_norms);
  if (record.selected) add("selected", *record.selected);
  add("weights", record.weights);
  add("distance", record.distance_to_mean);
  add("cosine", record.cosine_to_mean);
  add("target", std::vector<double>{record.target_confidence, record.attack_success_rate});
  for (const fed::TargetResult& target : record.targets)
    out += fmt::format("{} {} {:a} {}\n", target.target.index, target.predicted, target.confidence, target.success);
  for (const defense::SetAsideRow& row : record.set_aside)
    out += fmt::format("set aside {} {} {} {}\n", row.row, row.client, row.first, row.count);
  add("notes", record.notes);
  return out;
}

/// The records of a run and the bytes of the model it ends with.
inline std::string text_of_run(const Scenario& scenario, std::size_t rounds) {
  const Federation federation(scenario);
  fed::State state = federation.start();
  std::string text;
  for (const fed::RoundRecord& record : federation.rounds(state, rounds)) text += text_of(record);
  return text + bytes_of(state.global.rows());
}

}  // namespace tocsin::support
