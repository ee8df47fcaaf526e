// SPDX-License-Identifier: Apache-2.0
// The readers of the tables that belong to no other room: validation, [federation], [server], [threat], [attack] targets, and
// the lookup of a registered name. Private to lab.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/lab/plan.h"

namespace tocsin::lab::detail {

/// The key `validation` of [data]: a count, or a table { from, count }; what stands in resolved.toml goes to `resolved`.
ValidationPlan read_validation(Options& data, Faults& faults, Value& resolved);
fed::FederationPlan read_federation(Options& options);
fed::ServerPlan read_server(Options& options);
/// Who is malicious, as written; the ids are drawn when the seed is known.
struct ThreatText {
  std::optional<std::vector<std::size_t>> ids;
  std::optional<std::size_t> count;
  std::optional<double> fraction;
  std::optional<std::size_t> assumed;
  attack::Level knowledge = attack::Level::own;
  bool colluding = false;
  [[nodiscard]] bool is_silent() const { return !ids && !count && !fraction; }
};
ThreatText read_threat(Options& options);
TargetPlan read_targets(Options options);

/// An option that may be left out and then has no value at all. Numbers have both bounds.
std::optional<double> optional_number(Options& options, std::string_view key, const NumberOption& option);
std::optional<std::size_t> optional_count(Options& options, std::string_view key, const CountOption& option);
std::optional<std::vector<std::size_t>> optional_counts(Options& options, std::string_view key, const CountsOption& option);

/// What check_across needs beside the plan: the tables, for the places of their keys, and the places of the two names.
struct PlanTables {
  Options federation, threat, training;
  Options attack, rule;  ///< of the methods themselves, for facts that depend on options
  Place attack_place, rule_place;
};
/// Faults that several tables show together, before any data are read.
void check_across(const Plan& plan, const ThreatText& threat, PlanTables tables, Faults& faults);

/// Why an attack cannot run with this knowledge (empty: it can), and what to do.
struct KnowledgeFault {
  std::string message, hint;
};
KnowledgeFault knowledge_fault(std::string_view name, attack::Level needs, attack::Level granted, const Place& place,
                               const std::vector<std::string>& others);

}  // namespace tocsin::lab::detail
