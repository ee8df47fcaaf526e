// SPDX-License-Identifier: Apache-2.0
// [federation], [server], [threat], the targets of [attack] and the hold-out of [data], key by key.
// Keys without a default (stop_at_accuracy, malicious, ...) are documented where they are absent and then have no value at all.
#include "tocsin/lab/sections.h"

#include <algorithm>
#include <limits>

namespace tocsin::lab::detail {
namespace {
/// `read` where the key is given; else the key is documented and has no value.
template <class Read>
auto optional(Options& options, std::string_view key, std::string_view type, std::string_view help, Read&& read)
    -> std::optional<decltype(read())> {
  if (options.has(key)) return read();
  options.raw(key, type, std::nullopt, help);
  return std::nullopt;
}
}  // namespace

std::optional<double> optional_number(Options& options, std::string_view key, const NumberOption& option) {
  const std::string type = fmt::format("number in {}{}, {}]", option.above ? '(' : '[', option.at_least, option.at_most);
  return optional(options, key, type, option.help, [&] { return options.number(key, option); });
}

std::optional<std::size_t> optional_count(Options& options, std::string_view key, const CountOption& option) {
  const std::string type = option.at_least > 0 ? fmt::format("count >= {}", option.at_least) : "count";
  return optional(options, key, type, option.help, [&] { return options.count(key, option); });
}

std::optional<std::vector<std::size_t>> optional_counts(Options& options, std::string_view key, const CountsOption& option) {
  return optional(options, key, "counts", option.help, [&] { return options.counts(key, option); });
}

ValidationPlan read_validation(Options& data, Faults& faults, Value& resolved) {
  const Value* given =
      data.raw("validation", "count, or { from = \"train\" | \"test\", count }", Value(std::int64_t{0}),
               "samples the server keeps for itself, cut from the training part before it is dealt out or from the "
               "test part, where they are then left out of the evaluation; never a target");
  resolved = Value(std::int64_t{0});
  ValidationPlan plan;
  if (given == nullptr) return plan;
  const Table* table = given->as<Table>();
  if (table == nullptr && given->as<std::int64_t>() == nullptr) {
    data.fault("validation", fmt::format("'validation' must be a count or a table {{ from, count }}, got {}", given->kind()));
    return plan;
  }
  if (table == nullptr) {
    plan.count = data.count("validation", {.fallback = 0, .help = "how many samples"});
    resolved = *given;
    return plan;
  }
  Options options(table, given->place, "[data] validation", faults);
  plan.from_test =
      options.word("from", {.fallback = "train", .words = {"train", "test"}, .help = "the part it is cut from"}) == "test";
  plan.count = options.count("count", {.fallback = std::nullopt, .help = "how many samples"});
  options.finish();
  resolved = Value(options.resolved(), given->place);
  return plan;
}

fed::FederationPlan read_federation(Options& options) {
  fed::FederationPlan plan;
  const std::string algorithm =
      options.word("algorithm", {.fallback = "fedavg",
                                 .words = {"fedavg", "fedsgd"},
                                 .help = "clients send what local training changed, or one gradient step over their whole shard"});
  plan.algorithm = algorithm == "fedsgd" ? fed::Algorithm::fedsgd : fed::Algorithm::fedavg;
  plan.rounds = options.count("rounds", {.fallback = 10, .at_least = 1, .at_most = 1'000'000, .help = "how many rounds"});
  plan.participation = options.number(
      "participation", {.fallback = 1.0,
                        .at_least = 0.0,
                        .at_most = 1.0,
                        .above = true,
                        .help = "share of the clients that take part in a round: max(1, round(participation * clients)) of them"});
  const std::string alpha = options.word(
      "alpha", {.fallback = "cohort",
                .words = {"cohort", "all_clients"},
                .help = "weights of a mean: shares of the cohort, or 1 / K of all K clients as in the published code"});
  plan.alpha = alpha == "all_clients" ? fed::AlphaOver::all_clients : fed::AlphaOver::cohort;
  plan.stop_at_accuracy = optional_number(options, "stop_at_accuracy",
                                          {.fallback = std::nullopt,
                                           .at_least = 0.0,
                                           .at_most = 1.0,
                                           .above = true,
                                           .help = "end after the round that reaches this test accuracy"});
  plan.max_held = options.count("max_held", {.fallback = 3,
                                             .at_least = 1,
                                             .at_most = 1'000'000,
                                             .help = "rounds in a row that keep the global model before the run ends (exit 31)"});
  const std::string few =
      options.word("on_too_few", {.fallback = "hold",
                                  .words = {"hold", "error"},
                                  .help = "when too few finite rows are left for the rule: keep the global model, or stop"});
  plan.hold_on_too_few = few == "hold";
  plan.keep_rows = optional(options, "keep_rows", "flag",
                            "keep every update of a round, for distances, cosines and detectors, even where the rule could fold "
                            "them in one by one (mean and weighted_mean, unless capped); default: where they take little memory "
                            "or [defense] lists a detector",
                            [&] { return options.flag("keep_rows", {.fallback = true, .help = "keep every update of a round"}); });
  return plan;
}

fed::ServerPlan read_server(Options& options) {
  fed::ServerPlan plan;
  options.word("optimizer", {.fallback = "sgd", .words = {"sgd"}, .help = "how the aggregated update moves the global model"});
  plan.learning_rate = options.number("learning_rate", {.fallback = 1.0,
                                                        .at_least = 0.0,
                                                        .at_most = 1e6,
                                                        .above = true,
                                                        .help = "global += learning_rate * (momentum * m + update)"});
  plan.momentum = options.number(
      "momentum", {.fallback = 0.0, .at_least = 0.0, .at_most = 1.0, .help = "share of the last step m kept in the next"});
  return plan;
}

ThreatText read_threat(Options& options) {
  ThreatText threat;
  threat.ids =
      optional_counts(options, "malicious", {.fallback = std::nullopt, .help = "ids of the malicious clients, counted from 0"});
  threat.count =
      optional_count(options, "count", {.fallback = std::nullopt, .help = "instead: so many clients, drawn by the seed"});
  threat.fraction = optional_number(
      options, "fraction",
      {.fallback = std::nullopt, .at_least = 0.0, .at_most = 1.0, .help = "instead: this share of all clients, drawn by the seed"});
  const std::string level = options.word(
      "knowledge",
      {.fallback = "own",
       .words = {"own", "benign", "server"},
       .help = "what the attacker sees: its own clients, the benign updates of the round too, the server's defense too"});
  threat.knowledge = level == "server" ? attack::Level::server : level == "benign" ? attack::Level::benign : attack::Level::own;
  threat.colluding = options.flag(
      "colluding",
      {.fallback = false,
       .help = "malicious clients know of each other: an automatic boost counts the shares of all of them in a round"});
  threat.assumed = optional_count(options, "assumed",
                                  {.fallback = std::nullopt,
                                   .help = "f, how many malicious clients of a cohort the defense is told to expect; default: the "
                                           "number of malicious clients, at most the cohort"});

  std::vector<std::string> given;
  for (const char* key : {"malicious", "count", "fraction"})
    if (options.has(key)) given.emplace_back(key);
  if (given.size() > 1) options.fault(given[1], fmt::format("{} say who is malicious; keep one of them", joined(given, " and ")));
  return threat;
}

TargetPlan read_targets(Options options) {
  constexpr std::size_t kMostTargets = 10'000;
  TargetPlan plan;
  if (const auto indices = optional_counts(options, "test_indices",
                                           {.fallback = std::nullopt,
                                            .at_most = std::numeric_limits<std::uint32_t>::max(),
                                            .help = "positions in the test part, counted from 0"}))
    plan.test_indices = *indices;
  if (const auto wanted = optional_counts(options, "wanted",
                                          {.fallback = std::nullopt,
                                           .at_most = std::numeric_limits<std::int32_t>::max(),
                                           .help = "the label each shall get; one for all, or one each"}))
    plan.wanted = *wanted;
  plan.count = optional_count(options, "count",
                              {.fallback = std::nullopt,
                               .at_least = 1,
                               .at_most = kMostTargets,
                               .help = "instead of test_indices: so many test samples, drawn by the seed"})
                   .value_or(0);
  plan.label = optional_count(
      options, "label",
      {.fallback = std::nullopt, .at_most = std::numeric_limits<std::int32_t>::max(), .help = "drawn targets are of this class"});

  std::vector<std::size_t> sorted = plan.test_indices;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) options.fault("test_indices", fmt::format("test index {} stands here twice", *twice));
  if (options.has("test_indices") && plan.count > 0)
    options.fault("count", "test_indices and count both choose the targets; keep one of them");
  if (options.has("test_indices") && plan.label)
    options.fault("label", "'label' goes with 'count': named targets have the labels they have");
  if (!options.has("test_indices") && plan.count == 0 && (plan.label || !plan.wanted.empty()))
    options.fault(plan.label ? "label" : "wanted", "targets need test_indices = [...], or count = ... to draw some");
  const std::size_t number = plan.count > 0 ? plan.count : plan.test_indices.size();
  if (!plan.test_indices.empty() && plan.wanted.empty())
    options.fault("test_indices", "targets need a wanted label", "wanted = [7], one for all, or one each");
  if (number > 0 && plan.wanted.size() > 1 && plan.wanted.size() != number)
    options.fault("wanted",
                  fmt::format("{} targets and {} wanted labels; give one for all, or one each", number, plan.wanted.size()));
  return plan;
}

}  // namespace tocsin::lab::detail
