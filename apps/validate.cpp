// SPDX-License-Identifier: Apache-2.0
// tocsin validate FILE: the plan with every default filled in, the memory and time it will take. Trains nothing, creates nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tocsin/lab/estimate.h"
#include "tocsin/lab/runner.h"
#include "tocsin/lab/speed.h"
#include "tocsin/lab/table.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;
constexpr double kMeasureSeconds = 0.3;

Json json_of(const Value& value) {
  if (const Table* table = value.as<Table>()) {
    Json result = Json::object();
    for (const Table::Member& member : table->members()) result[member.key] = json_of(member.value);
    return result;
  }
  if (const Array* array = value.as<Array>()) {
    Json result = Json::array();
    for (const Value& element : *array) result.push_back(json_of(element));
    return result;
  }
  if (const bool* flag = value.as<bool>()) return *flag;
  if (const auto* count = value.as<std::int64_t>()) return *count;
  if (const double* number = value.as<double>()) return *number;
  return *value.as<std::string>();
}

/// Dotted keys of `table` whose values `other` does not have, as lines of TOML.
void differences(const Table& table, const Table& other, const std::string& path, std::vector<std::string>& lines) {
  for (const Table::Member& member : table.members()) {
    const std::string key = path.empty() ? member.key : path + "." + member.key;
    const Value* there = other.find(member.key);
    const Table* inner = member.value.as<Table>();
    const Table* inner_there = there == nullptr ? nullptr : there->as<Table>();
    if (inner != nullptr && inner_there != nullptr)
      differences(*inner, *inner_there, key, lines);
    else if (there == nullptr || write_value(*there) != write_value(member.value))
      lines.push_back(fmt::format("{} = {}", key, write_value(member.value)));
  }
}

/// What is known of one plan besides its text.
struct Outlook {
  lab::MemoryEstimate memory;
  double seconds = 0, samples_per_second = 0;
  std::size_t parameters = 0, smallest_shard = 0, largest_shard = 0, evaluated = 0, held_out = 0;
  std::vector<std::string> data_notes;  ///< of the reader
};

std::string outlook_text(const lab::Plan& plan, const Outlook& outlook, const lab::MemoryAllowed& allowed, std::size_t workers) {
  std::string text = fmt::format("network    {}, {} parameters\n", plan.model.name, lab::grouped(outlook.parameters));
  text += fmt::format("clients    {}, {} a round, shards of {}\n", plan.partition.clients, plan.cohort,
                      outlook.smallest_shard == outlook.largest_shard
                          ? lab::grouped(outlook.largest_shard)
                          : fmt::format("{} to {}", lab::grouped(outlook.smallest_shard), lab::grouped(outlook.largest_shard)));
  for (const std::string& note : outlook.data_notes) text += fmt::format("data       {}\n", note);
  text += fmt::format("evaluated  {} test samples{}\n", lab::grouped(outlook.evaluated),
                      outlook.held_out > 0 ? fmt::format(", {} held out for validation", lab::grouped(outlook.held_out)) : "");
  text += fmt::format("rows       {}\n",
                      outlook.memory.folds ? "folded in as they finish: [n, d] is never stored" : "kept: one [n, d] a round");
  text += fmt::format("memory     about {} of the {} that may be used ({})\n", lab::bytes_text(outlook.memory.bytes()),
                      lab::bytes_text(allowed.usable()), allowed.source);
  for (const std::string& line : lab::memory_lines(outlook.memory)) text += "         " + line + "\n";
  if (outlook.samples_per_second > 0.0)
    text += fmt::format("time       about {} on {} worker{} ({} samples/s each, measured just now)\n",
                        lab::duration_text(outlook.seconds), workers, workers == 1 ? "" : "s",
                        lab::grouped(static_cast<std::size_t>(outlook.samples_per_second)));
  return text;
}

/// `fits`: else nothing is measured, since that would take the memory.
Outlook look_at(const lab::Plan& plan, const lab::Setting& setting, std::size_t workers, bool fits) {
  Outlook outlook;
  outlook.memory = lab::estimate_memory(plan, setting, workers);
  outlook.parameters = setting.architecture.parameters();
  outlook.data_notes = setting.problem.notes;
  if (fits) {
    outlook.samples_per_second =
        lab::measure_speed(setting.architecture, plan.training, *setting.problem.train, kMeasureSeconds).samples_per_second;
    outlook.seconds = lab::estimate_seconds(plan, setting, workers, outlook.samples_per_second);
  }
  outlook.smallest_shard = setting.partition.front().samples.size();
  for (const data::Shard& shard : setting.partition) {
    outlook.smallest_shard = std::min(outlook.smallest_shard, shard.samples.size());
    outlook.largest_shard = std::max(outlook.largest_shard, shard.samples.size());
  }
  outlook.evaluated = setting.test_samples.size();
  outlook.held_out = setting.validation_samples.size();
  return outlook;
}

Json outlook_json(const lab::Plan& plan, const Outlook& outlook) {
  Json json{{"run", plan.run_name()}, {"variant", plan.variant}, {"seed", plan.seed}, {"plan_hash", plan.hash()}};
  json["resolved"] = json_of(Value(plan.resolved));
  json["parameters"] = outlook.parameters;
  json["cohort"] = plan.cohort;
  json["malicious"] = plan.threat.malicious;
  json["folds"] = outlook.memory.folds;
  json["memory_bytes"] = static_cast<std::uint64_t>(outlook.memory.bytes());
  json["seconds"] = outlook.seconds;
  return json;
}
/// The size that was not asked for is read as well: its faults are faults of the file.
void check_other_size(lab::Request request, bool has_small) {
  request.small = !request.small;
  if (!has_small || !request.variant.empty()) return;
  lab::read_experiment(request);
}
}  // namespace

int validate(const CommandLine& line) {
  const lab::Experiment experiment = lab::read_experiment(line.request);
  check_other_size(line.request, experiment.has_small);
  const lab::MemoryAllowed allowed = lab::memory_allowed(line.memory_limit_bytes);
  const std::size_t workers = std::min(lab::usable_workers(line.workers), nn::prepare_libraries());
  lab::DataShelf shelf;
  std::string text;
  Json json = Json::array();
  double seconds = 0;
  std::exception_ptr too_large;
  for (const lab::Plan& plan : experiment.plans) {
    const lab::Setting setting = lab::make_setting(plan, shelf.get(plan));
    bool fits = true;
    try {
      lab::check_memory(plan, setting, workers, allowed);
    } catch (const RunError&) {
      fits = false;
      if (!too_large) too_large = std::current_exception();
    }
    const Outlook outlook = look_at(plan, setting, workers, fits);
    seconds += outlook.seconds;
    json.push_back(outlook_json(plan, outlook));
    text += fmt::format("# {}\n", plan.run_name());
    const lab::Plan& first = experiment.plans.front();
    if (&plan == &first) {
      text += plan.resolved_toml();
    } else {
      std::vector<std::string> lines;
      differences(plan.resolved, first.resolved, "", lines);
      text += fmt::format("# as {}, but for\n", first.run_name());
      for (const std::string& one : lines) text += one + "\n";
    }
    text += "\n" + outlook_text(plan, outlook, allowed, workers) + "\n";
  }
  if (experiment.plans.size() > 1)
    text += fmt::format("{} runs, together about {}\n", experiment.plans.size(), lab::duration_text(seconds));
  if (!experiment.expectations.empty()) text += fmt::format("{} expectations\n", experiment.expectations.size());
  if (line.json) text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  std::fputs(text.c_str(), stdout);
  if (too_large) std::rethrow_exception(too_large);
  return 0;
}

}  // namespace tocsin::apps
