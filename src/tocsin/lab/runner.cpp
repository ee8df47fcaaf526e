// SPDX-License-Identifier: Apache-2.0
// The loop over plans and the loop over rounds. Everything that can be refused is refused before the first round.
#include "tocsin/lab/runner.h"

#include <set>

#include "tocsin/lab/estimate.h"
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

/// Two runs of one experiment cannot share a directory, and none may be there.
void check_directories(const Experiment& experiment, const std::string& out) {
  for (const Plan& plan : experiment.plans) free_run_path(out, plan);
}

/// Every plan against its data and the memory, before anything is created.
void check_plans(const Experiment& experiment, std::size_t workers, const MemoryAllowed& allowed, DataShelf& shelf,
                 const std::stop_token& stop) {
  std::vector<Fault> faults;
  std::set<std::string> seen;
  for (const Plan& plan : experiment.plans) {
    if (stop.stop_requested()) throw Stopped("", 0, plan.federation.rounds);
    try {
      const Setting setting = make_setting(plan, shelf.get(plan));
      if (!plan.model.weights.empty()) start_parameters(plan, setting);
      check_memory(plan, setting, workers, allowed);
    } catch (const ConfigError& error) {
      for (const Fault& fault : error.faults())
        if (seen.insert(fault.place.text() + fault.message).second) faults.push_back(fault);
    }
  }
  if (!faults.empty()) throw ConfigError(faults);
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

std::vector<RunResult> run_experiment(Experiment& experiment, const RunOptions& options, Observer& observer, std::stop_token stop) {
  check_directories(experiment, options.out);
  const MemoryAllowed allowed = memory_allowed(options.memory_limit_bytes);
  const std::size_t workers = std::min(usable_workers(options.workers), nn::prepare_libraries());
  DataShelf shelf;
  check_plans(experiment, workers, allowed, shelf, stop);

  std::vector<RunResult> results;
  for (std::size_t i = 0; i < experiment.plans.size(); ++i) {
    Plan& plan = experiment.plans[i];
    if (stop.stop_requested()) throw Stopped("", 0, plan.federation.rounds);
    const Setting setting = make_setting(plan, shelf.get(plan));
    const std::unique_ptr<fed::Fleet> fleet =
        fed::make_thread_fleet(setting.architecture, plan.training.batch, plan.training.precision, workers);
    RunDirectory directory(options.out, plan, experiment.text,
                           manifest_text(plan, setting, {options.arguments, workers, time_of_day()}));
    observer.run_started(plan, setting, i + 1, experiment.plans.size());
    fed::State state;
    std::size_t finished = 0;
    try {
      Summary summary = run_plan(
          plan, setting, *fleet, state,
          [&](const fed::RoundRecord& record, const fed::RoundTimes& times) {
            directory.add(record, times);
            finished = record.round;
          },
          observer, stop);
      directory.finish(setting.architecture.layout(), state.global.rows(), summary_text(summary));
      observer.run_ended(summary, directory.path());
      results.push_back({std::move(summary), directory.path()});
    } catch (const Interrupted&) {
      throw Stopped(directory.path(), finished, plan.federation.rounds);
    }
  }
  return results;
}

}  // namespace tocsin::lab
