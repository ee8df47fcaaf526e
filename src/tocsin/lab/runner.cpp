// SPDX-License-Identifier: Apache-2.0
// The loop over plans and the loop over rounds. Everything that can be refused is refused before the first round.
#include "tocsin/lab/runner.h"

#include <set>

#include "tocsin/lab/estimate.h"
#include "tocsin/lab/recorded_maps.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::lab {
namespace {

/// Fresh parameters, or those of a file.
Updates start_parameters(const Plan& plan, const Setting& setting) {
  const bool wide = plan.training.precision == nn::Precision::float64;
  Updates global(1, setting.architecture.parameters(), wide ? Element::float64 : Element::float32);
  if (plan.model.weights.empty())
    nn::initialise(setting.architecture, plan.model.init, Stream(plan.seed).at("init"), global.rows());
  else
    nn::assign(nn::read_safetensors(plan.model.weights), plan.model.weights, setting.architecture.layout(), global.rows());
  return global;
}
}  // namespace

Summary run_plan(Plan& plan, const Setting& setting, fed::Fleet& fleet, fed::State& state,
                 const std::function<void(const fed::RoundRecord&, const fed::RoundTimes&)>& finished, Observer& observer,
                 std::stop_token stop) {
  const fed::Parts parts = make_parts(plan, setting, &fleet);
  state = fed::initial_state(parts, start_parameters(plan, setting));
  Summary summary = begin_summary(plan, setting);
  for (fed::Ending ending = fed::Ending::none; ending == fed::Ending::none;) {
    fed::RoundTimes times;
    const auto progress = [&](std::size_t done, std::size_t of) { observer.clients_done(done, of); };
    const fed::RoundRecord record = fed::run_round(state, parts, times, progress, stop);
    if (finished) finished(record, times);
    add(summary, record);
    observer.round_done(record, times);
    ending = fed::ending(state, plan.federation, record);
    close(summary, ending);
  }
  return summary;
}

void check_plans(const std::vector<const Plan*>& plans, std::size_t workers, const RunOptions& options, DataShelf& shelf,
                 const std::stop_token& stop) {
  const MemoryAllowed allowed = memory_allowed(options.memory_limit_bytes);
  std::vector<Fault> faults;
  std::set<std::string> seen;
  for (const Plan* plan : plans) {
    if (stop.stop_requested()) throw Stopped("", 0, plan->federation.rounds);
    try {
      const Setting setting = make_setting(*plan, shelf.get(*plan));
      if (!plan->model.weights.empty()) start_parameters(*plan, setting);
      check_memory(*plan, setting, workers, allowed);
    } catch (const ConfigError& error) {
      for (const Fault& fault : error.faults())
        if (seen.insert(fault.place.text() + fault.message).second) faults.push_back(fault);
    }
  }
  if (!faults.empty()) throw ConfigError(faults);
}

RunResult run_into_directory(Plan& plan, const std::string& text, const Series& series, Observer& observer, std::stop_token stop) {
  const RunOptions& options = series.options;
  const Setting setting = make_setting(plan, series.shelf->get(plan));
  const std::unique_ptr<fed::Fleet> fleet =
      fed::make_thread_fleet(setting.architecture, plan.training.batch, plan.training.precision, series.workers);
  RunDirectory directory(options.out, plan, text, manifest_text(plan, setting, {options.arguments, series.workers, time_of_day()}));
  observer.run_started(plan, setting, series.number, series.of);
  fed::State state;
  std::size_t finished = 0;
  try {
    Summary summary = run_plan(
        plan, setting, *fleet, state,
        [&](const fed::RoundRecord& record, const fed::RoundTimes& times) {
          directory.add(record, times);
          keep_for_explanations(directory, plan, setting, state.global.rows(), record.round);
          finished = record.round;
        },
        observer, stop);
    directory.finish(setting.architecture.layout(), state.global.rows(), summary_text(summary));
    observer.run_ended(summary, directory.path());
    return {std::move(summary), directory.path()};
  } catch (const Interrupted&) {
    throw Stopped(directory.path(), finished, plan.federation.rounds);
  }
}

std::vector<RunResult> run_experiment(Experiment& experiment, const RunOptions& options, Observer& observer, std::stop_token stop) {
  std::vector<const Plan*> plans;
  for (const Plan& plan : experiment.plans) {
    free_run_path(options.out, plan);  // two runs cannot share a directory, and none may be there
    plans.push_back(&plan);
  }
  DataShelf shelf;
  Series series{.options = options,
                .workers = std::min(usable_workers(options.workers), nn::prepare_libraries()),
                .shelf = &shelf,
                .of = experiment.plans.size()};
  check_plans(plans, series.workers, options, shelf, stop);
  std::vector<RunResult> results;
  for (Plan& plan : experiment.plans) {
    if (stop.stop_requested()) throw Stopped("", 0, plan.federation.rounds);
    ++series.number;
    results.push_back(run_into_directory(plan, experiment.text, series, observer, stop));
  }
  return results;
}

}  // namespace tocsin::lab
