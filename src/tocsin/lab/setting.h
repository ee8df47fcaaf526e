// SPDX-License-Identifier: Apache-2.0
// A plan meets its data: hold-out, partition, architecture, targets; the faults that only the data can show.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/lab/plan.h"

namespace tocsin::lab {

/// Data loaded once for all plans that name the same. Files are kept, made-up problems only until another is asked for.
class DataShelf {
 public:
  /// Throws DataError.
  const data::Problem& get(const Plan& plan);

 private:
  std::map<std::string, data::Problem> files_;
  std::optional<std::pair<std::string, data::Problem>> made_;
};

/// Everything about a run that depends on its data.
struct Setting {
  data::Problem problem;
  nn::Architecture architecture;
  std::vector<std::uint32_t> test_samples;
  const data::Dataset* validation_data = nullptr;
  std::vector<std::uint32_t> validation_samples;
  data::Partition partition;
  std::vector<attack::Target> targets;
};

/// Throws ConfigError (all faults at once) where plan and data do not fit. Streams: root.at("validation"), at("partition"),
/// at("targets").
Setting make_setting(const Plan& plan, const data::Problem& problem);

/// Targets against the test part, drawn ones from `evaluated` [k], ascending. What does not fit goes to `faults`.
std::vector<attack::Target> make_targets(const Plan& plan, const data::Dataset& test, std::span<const std::uint32_t> evaluated,
                                         Faults& faults);

/// The parts of a federation, pointing into plan, setting and fleet: all three must outlive it.
fed::Parts make_parts(Plan& plan, const Setting& setting, fed::Fleet* fleet);

}  // namespace tocsin::lab
