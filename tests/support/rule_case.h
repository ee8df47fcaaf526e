// SPDX-License-Identifier: Apache-2.0
// What the laws of rules are tried on: every rule of the registry, its named readings, and rounds of rows from fixed streams.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/rows.h"
#include "tocsin/core/random.h"
#include "tocsin/defense/registry.h"
#include "tocsin/defense/set_aside.h"

namespace tocsin::support {

/// A rule with options, and the laws that those options cost it.
struct RuleCase {
  const Entry<defense::Aggregator>* entry = nullptr;
  std::string options;           ///< TOML lines
  std::string_view lost = {};    ///< letters of T S O U R that facts grant and these options do not
  bool repeats = true;           ///< integer weights are repetition: counts enter only through n and F
  bool selects_plainly = false;  ///< selection ignores weights, only the average uses them
  [[nodiscard]] bool obeys(char law) const {
    const auto& facts = entry->facts;
    const bool granted = law == 'T'   ? facts.translation
                         : law == 'S' ? facts.scale
                         : law == 'O' ? facts.odd
                         : law == 'U' ? facts.unanimous
                                      : facts.robust;
    return granted && lost.find(law) == std::string_view::npos;
  }
  [[nodiscard]] std::unique_ptr<defense::Aggregator> make(const std::string& more = "") const {
    return support::make(*entry, options + "\n" + more);
  }
};

/// Every rule with its defaults, then the readings that compute something else. A new rule is in the first part without a line
/// here; one that has options without a default needs a line in the table of those.
inline std::vector<RuleCase> rule_cases() {
  struct Reading {
    std::string_view rule;
    const char* options;
    std::string_view lost = {};
    bool repeats = true;
  };
  // Options without a default, for a rule that has such.
  const std::vector<Reading> required = {};
  const std::vector<Reading> defaults_that_count = {{"krum", "", "", false}, {"multi_krum", "", "", false}};
  const std::vector<Reading> readings = {
      {"median", "even = 'lower'", "O"},
      {"median", "even = 'upper'", "O"},
      {"krum", "compat = 'byzfl'"},
      {"krum", "distance = 'plain'", "", false},
      {"krum", "distance = 'fourth'", "", false},
      {"krum", "neighbors = 'n-f-3'", "", false},
      {"krum", "neighbors = 'n-f'", "", false},
      {"multi_krum", "compat = 'byzfl'"},
      {"multi_krum", "keep = 'fraction'\nfraction = 0.4", "", false},
      {"multi_krum", "keep = 3", "", false},
      {"multi_krum", "selection = 'iterative'\nweights_kind = 'mean'", "", false},
  };
  std::vector<RuleCase> cases;
  for (const Entry<defense::Aggregator>* entry : defense::aggregators()) {
    RuleCase plain;
    plain.entry = entry;
    plain.selects_plainly = entry->facts.selects && entry->facts.weights == defense::WeightUse::mean;
    for (const Reading& reading : required)
      if (reading.rule == entry->name) plain.options = reading.options;
    for (const Reading& reading : defaults_that_count)
      if (reading.rule == entry->name) plain.repeats = reading.repeats;
    cases.push_back(plain);
  }
  for (const Reading& reading : readings)
    cases.push_back({defense::aggregators().find(reading.rule), reading.options, reading.lost, reading.repeats,
                     std::string_view(reading.options).find("weights_kind = 'mean'") != std::string_view::npos});
  return cases;
}

/// The first part of it: each rule once.
inline std::vector<RuleCase> default_rule_cases() {
  std::vector<RuleCase> cases = rule_cases();
  cases.resize(defense::aggregators().size());
  return cases;
}

/// "krum_compat_byzfl": for the names of parameterised tests.
inline std::string name_of(const RuleCase& rule) {
  std::string name(rule.entry->name);
  for (const char c : rule.options.empty() ? std::string() : " " + rule.options) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += c;
    else if (name.back() != '_')
      name += '_';
  }
  while (name.back() == '_') name.pop_back();
  return name;
}

inline void PrintTo(const RuleCase& rule, std::ostream* out) { *out << name_of(rule); }

/// A round and everything it points into. n rows of d coordinates, the last f of them malicious.
struct RuleRound {
  Updates updates;
  Updates global, root;
  std::vector<std::uint32_t> cohort;
  std::vector<double> samples;
  Layout layout;
  std::size_t f = 0;

  /// Benign rows are a common direction and noise of the same size, in multiples of 1/1024 where `dyadic` (so that shifts are
  /// exact).
  RuleRound(std::size_t n, std::size_t d, std::size_t malicious, bool dyadic = false, std::uint64_t seed = 1)
      : updates(n, d), global(1, d), root(1, d), cohort(n), samples(n, 600.0), f(malicious) {
    std::iota(cohort.begin(), cohort.end(), 3U);
    layout.tensors = {{.name = "0.weight", .shape = {d - d / 4}, .offset = 0, .size = d - d / 4, .is_bias = false},
                      {.name = "0.bias", .shape = {d / 4}, .offset = d - d / 4, .size = d / 4, .is_bias = true}};
    const Stream stream = Stream(seed).at("rule round");
    std::vector<double> row(d);
    for (std::size_t i = 0; i <= n; ++i) {
      Draws common(stream.at("common")), own(stream.at(i));
      for (double& value : row) {
        value = common.normal() + own.normal();
        if (dyadic) value = static_cast<double>(static_cast<std::int64_t>(value * 1024)) / 1024;
      }
      if (i < n) updates.rows().assign(i, row);
      if (i == n) root.rows().assign(0, row);
    }
  }
  [[nodiscard]] std::size_t clients() const { return updates.clients(); }
  [[nodiscard]] Round round(Workers* workers = nullptr) const {
    return {.index = 1,
            .global = global.rows(),
            .cohort = cohort,
            .samples = samples,
            .assumed_malicious = f,
            .root = root.rows(),
            .layout = &layout,
            .workers = workers,
            .stream = Stream(5).at("rule").at(1)};
  }
  /// x[i][j] = value(i, j, x[i][j]) of every element.
  template <class Value>
  void change(const Value& value) {
    for (std::size_t i = 0; i < clients(); ++i) {
      std::vector<double> row = updates.rows().row(i);
      for (std::size_t j = 0; j < row.size(); ++j) row[j] = value(i, j, row[j]);
      updates.rows().assign(i, row);
    }
  }
  /// The same round without some rows.
  [[nodiscard]] RuleRound without(const std::vector<std::size_t>& rows, std::size_t malicious) const {
    RuleRound result = *this;
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < clients(); ++i)
      if (std::find(rows.begin(), rows.end(), i) == rows.end()) kept.push_back(i);
    result.updates = Updates(kept.size(), updates.coordinates());
    result.cohort.clear();
    result.samples.clear();
    for (std::size_t k = 0; k < kept.size(); ++k) {
      result.updates.rows().assign(k, updates.rows(), kept[k]);
      result.cohort.push_back(cohort[kept[k]]);
      result.samples.push_back(samples[kept[k]]);
    }
    result.f = malicious;
    return result;
  }
};

/// What a fresh rule makes of it.
inline defense::Aggregation aggregate(const RuleCase& rule, const RuleRound& on, const std::string& more = "",
                                      Workers* workers = nullptr) {
  return rule.make(more)->aggregate(on.updates.rows(), on.round(workers));
}

/// What the server makes of it.
inline defense::Decision decide(const RuleCase& rule, const RuleRound& on,
                                defense::NonFiniteCounts counts = defense::NonFiniteCounts::count) {
  const Table table = parse_toml(rule.options, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  const auto made = rule.entry->make(options);
  options.finish();
  faults.raise();
  return defense::decide(*made, *rule.entry, options, on.updates.rows(), on.round(), counts);
}

/// min_clients of a rule with its options.
inline std::size_t fewest(const RuleCase& rule, std::size_t f) {
  const Table table = parse_toml(rule.options, "test.toml");
  Faults faults;
  Options options(&table, Place{"test.toml", 0, 0}, "[defense.rule]", faults);
  rule.entry->make(options);
  return rule.entry->facts.min_clients(f, options);
}

}  // namespace tocsin::support
