// SPDX-License-Identifier: Apache-2.0
#include "explain_flags.h"

#include <fmt/format.h>

#include <algorithm>

namespace tocsin::apps {

lab::ExplainPlan explain_plan(const CommandLine& line, const lab::Plan* run, const std::vector<std::string>& settings) {
  Table table;
  const Value* own = run == nullptr ? nullptr : run->resolved.find("explain");
  if (own != nullptr) table = *own->as<Table>();
  if (!line.preset.empty()) {
    std::erase_if(table.members(), [](const Table::Member& member) { return member.key == "methods"; });
    set_override(table, "preset=" + line.preset);
  }
  if (!line.library.empty()) set_override(table, fmt::format("library=\"{}\"", line.library));
  for (const std::string& setting : settings) set_override(table, setting);
  Faults faults;
  Options options(&table, Place{"--set", 0, 0}, "[explain]", faults);
  lab::ExplainPlan plan = lab::read_explain(options);
  options.finish();
  faults.raise();
  if (!line.library.empty() && !(plan.paper && plan.methods.empty() && line.methods.empty()))
    refuse_idle("--library", "the methods of --preset paper alone follow it");
  return plan;
}

void refuse_idle(const std::string& flag, const std::string& why) {
  throw RunError(Exit::usage, fmt::format("{} has no effect here: {}", flag, why));
}

std::vector<lab::RecordedRun> opened(const std::vector<std::string>& paths) {
  std::vector<lab::RecordedRun> runs;
  for (const std::string& path : paths) runs.emplace_back(path);
  return runs;
}

std::size_t asked_round(const CommandLine& line, const lab::ExplainPlan& plan, const lab::RecordedRun& run) {
  constexpr std::size_t kPaperRound = 8;
  if (line.round > 0) return line.round;
  return plan.paper && run.has_model(kPaperRound) ? kPaperRound : lab::kLastRound;
}

}  // namespace tocsin::apps
