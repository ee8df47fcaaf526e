// SPDX-License-Identifier: Apache-2.0
// From a folder of experiment files to distinct runs, from runs to verdicts.
#include "tocsin/lab/reproduce.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tocsin/core/bytes.h"
#include "tocsin/lab/build_id.h"
#include "tocsin/lab/estimate.h"
#include "tocsin/lab/sections.h"
#include "tocsin/lab/speed.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;
constexpr std::uint64_t kLargestText = std::uint64_t{1} << 20;
constexpr double kMeasureSeconds = 0.3;

std::string text_of(const fs::path& path) {
  const FileBytes file = read_file(path.string(), kLargestText);
  return {file.bytes.begin(), file.bytes.end()};
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// P2 before P10: runs of digits compare as numbers.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t x = i, y = j;
      while (x < a.size() && digit(a[x])) ++x;
      while (y < b.size() && digit(b[y])) ++y;
      const std::string left = a.substr(i, x - i), right = b.substr(j, y - j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      i = x;
      j = y;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  return a.size() < b.size();
}

/// Experiment files of a folder, in their natural order; stem and path.
std::vector<std::pair<std::string, std::string>> files_of(const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".toml") files.emplace_back(entry.path().stem().string(), entry.path().string());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
  return files;
}

fs::path find_paper(const std::string& paper) {
  if (paper.empty()) throw RunError(Exit::usage, "the paper has no name", "give a folder of experiments/, or the path of one");
  if (fs::is_directory(paper)) return paper;
  for (const std::string& folder : experiment_folders())
    if (!files_of(fs::path(folder) / paper).empty()) return fs::path(folder) / paper;
  const std::vector<std::string> known = known_papers();
  if (known.empty())
    throw RunError(Exit::usage,
                   fmt::format("no experiments of '{}' were found in {}", printable(paper), joined(experiment_folders())),
                   "give the path of a folder of experiment files");
  throw RunError(Exit::usage, unknown_name("paper", paper, known), "or the path of a folder of experiment files");
}

[[noreturn]] void refuse_experiment(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string> near = nearest_names(name, known);
  throw RunError(Exit::usage, fmt::format("unknown experiment '{}'; known: {}", printable(name), joined(known)),
                 near.empty() ? "" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
}

/// The files asked for, in the order of the folder.
std::vector<std::pair<std::string, std::string>> chosen_files(const ReproduceRequest& request, const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> files = files_of(folder), chosen;
  if (files.empty()) throw RunError(Exit::usage, fmt::format("{} holds no experiment files", printable(folder.string(), 4096)));
  if (request.names.empty()) return files;
  std::set<std::string> wanted;
  for (const std::string& name : request.names) {
    std::vector<std::string> known;
    for (const auto& file : files) known.push_back(file.first);
    if (std::none_of(known.begin(), known.end(), [&](const std::string& one) { return lower(one) == lower(name); }))
      refuse_experiment(name, known);
    wanted.insert(lower(name));
  }
  for (auto& file : files)
    if (wanted.count(lower(file.first)) > 0) chosen.push_back(std::move(file));
  return chosen;
}

void share_runs(Reproduction& reproduction) {
  std::map<std::string, std::size_t> known;
  reproduction.serving.resize(reproduction.experiments.size());
  for (std::size_t k = 0; k < reproduction.request.seeds; ++k)
    for (std::size_t e = 0; e < reproduction.experiments.size(); ++e) {
      Experiment& experiment = reproduction.experiments[e];
      for (std::size_t v = 0; v < experiment.variants.size(); ++v) {
        Plan& plan = experiment.plans[k * experiment.variants.size() + v];
        std::string hash = plan.run_hash();
        const auto [place, fresh] = known.emplace(hash, reproduction.runs.size());
        if (fresh) {
          SharedRun run;
          run.plan = &plan;
          run.text = &experiment.text;
          run.hash = std::move(hash);
          reproduction.runs.push_back(std::move(run));
        }
        ++reproduction.runs[place->second].asked;
        reproduction.serving[e].push_back(place->second);
      }
    }
}

/// Whether the manifest names another build than this.
bool is_of_other_build(const fs::path& run) {
  const nlohmann::json manifest = nlohmann::json::parse(text_of(run / "manifest.json"), nullptr, false);
  const auto id = manifest.is_object() ? manifest.find("build_id") : manifest.end();
  return !manifest.is_object() || id == manifest.end() || *id != build_id();
}

/// Folders below `out`, two deep, that hold DONE.
std::vector<fs::path> finished_below(const fs::path& out) {
  std::vector<fs::path> found;
  std::error_code ignored;
  const auto look = [&](const fs::path& folder, auto&& again, int depth) -> void {
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (!entry.is_directory(ignored)) continue;
      if (fs::exists(entry.path() / "DONE", ignored))
        found.push_back(entry.path());
      else if (depth > 1)
        again(entry.path(), again, depth - 1);
    }
  };
  look(out, look, 2);
  std::sort(found.begin(), found.end());
  return found;
}

/// `out`, or the first of out/again-2, again-3, ... where the run's directory is not taken by something else.
std::string free_folder(const std::string& out, const Plan& plan) {
  std::error_code ignored;
  std::string folder = out;
  for (int number = 2; fs::symlink_status(fs::path(folder) / plan.run_name(), ignored).type() != fs::file_type::not_found; ++number)
    folder = (fs::path(out) / fmt::format("again-{}", number)).string();
  return folder;
}
}  // namespace

std::size_t Reproduction::unfinished() const {
  return static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), [](const SharedRun& run) { return run.path.empty(); }));
}

std::size_t Reproduction::of_other_builds() const {
  return static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), [](const SharedRun& run) { return run.other_build; }));
}

std::vector<std::string> experiment_folders() {
  std::vector<std::string> folders{"experiments"};
  const fs::path prefix = program_prefix();
  if (prefix.empty()) return folders;
  folders.push_back((prefix / "share" / "tocsin" / "experiments").lexically_normal().string());
  folders.push_back((prefix.parent_path() / "experiments").lexically_normal().string());  // of build/bin/tocsin
  return folders;
}

std::vector<std::string> known_papers() {
  std::set<std::string> known;
  std::error_code ignored;
  for (const std::string& folder : experiment_folders())
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.is_directory(ignored) && !files_of(entry.path()).empty()) known.insert(entry.path().filename().string());
  return {known.begin(), known.end()};
}

Reproduction read_reproduction(const ReproduceRequest& request) {
  Reproduction reproduction;
  reproduction.request = request;
  const fs::path folder = find_paper(request.paper);
  const fs::path last = folder.lexically_normal();
  reproduction.paper = (last.has_filename() ? last.filename() : last.parent_path().filename()).string();
  std::vector<Fault> faults;
  for (const auto& [name, file] : chosen_files(request, folder)) try {
      Request one;
      one.file = file;
      one.seeds = request.seeds;
      one.small = request.small;
      one.settings = request.settings;
      reproduction.experiments.push_back(read_experiment(one));
      reproduction.names.push_back(name);
    } catch (const ConfigError& error) {
      faults.insert(faults.end(), error.faults().begin(), error.faults().end());
    }
  if (!faults.empty()) throw ConfigError(faults);
  share_runs(reproduction);
  check_comparisons(reproduction);
  return reproduction;
}

void find_finished(Reproduction& reproduction, const std::string& out) {
  std::map<std::string, SharedRun*> wanted;
  for (SharedRun& run : reproduction.runs)
    if (run.path.empty()) wanted.emplace(run.hash, &run);
  for (const fs::path& path : finished_below(out)) try {
      const FinishedRun run(path.string());
      const auto found = wanted.find(run_hash(parse_toml(run.resolved(), path.string())));
      if (found == wanted.end() || !found->second->path.empty()) continue;
      found->second->records = read_records(run);
      found->second->other_build = is_of_other_build(path);
      found->second->path = path.string();
    } catch (const std::runtime_error&) {  // broken, or of another version: it runs again
    }
}

std::vector<double> expected_seconds(const Reproduction& reproduction, std::size_t workers, DataShelf& shelf) {
  std::map<std::string, double> speeds;
  std::vector<double> seconds;
  for (const SharedRun& run : reproduction.runs) {
    if (!run.path.empty()) {
      seconds.push_back(0);
      continue;
    }
    const Plan& plan = *run.plan;
    const Setting setting = make_setting(plan, shelf.get(plan));
    const std::string key =
        fmt::format("{} {} {} {} {}", setting.architecture.name(), setting.architecture.parameters(), plan.training.batch,
                    static_cast<int>(plan.training.precision), static_cast<int>(plan.training.optimizer.kind));
    auto known = speeds.find(key);
    if (known == speeds.end())
      known =
          speeds
              .emplace(
                  key,
                  measure_speed(setting.architecture, plan.training, *setting.problem.train, kMeasureSeconds).samples_per_second)
              .first;
    seconds.push_back(estimate_seconds(plan, setting, workers, known->second));
  }
  return seconds;
}

void run_reproduction(Reproduction& reproduction, Series series, Observer& observer, std::stop_token stop) {
  const std::string out = series.options.out;
  series.of = reproduction.unfinished();
  for (SharedRun& run : reproduction.runs) {
    if (!run.path.empty()) continue;
    if (stop.stop_requested()) throw Stopped("", 0, run.plan->federation.rounds);
    ++series.number;
    series.options.out = free_folder(out, *run.plan);
    const std::string path = run_into_directory(*run.plan, *run.text, series, observer, stop).path;
    run.records = read_records(FinishedRun(path));
    run.path = path;
  }
}

std::vector<Verdict> verdicts(const Reproduction& reproduction) {
  std::vector<Verdict> result;
  for (std::size_t e = 0; e < reproduction.experiments.size(); ++e) {
    const Experiment& experiment = reproduction.experiments[e];
    RecordsOf records;
    for (std::size_t p = 0; p < experiment.plans.size(); ++p)
      records[{experiment.plans[p].variant, experiment.plans[p].seed}] = &reproduction.runs[reproduction.serving[e][p]].records;
    for (const Expectation& expectation : experiment.expectations) {
      Verdict verdict;
      verdict.experiment = reproduction.names[e];
      verdict.expectation = expectation;
      verdict.outcome = judge(expectation, records);
      for (std::size_t p = 0; p < experiment.plans.size(); ++p) {
        const Plan& plan = experiment.plans[p];
        if (std::find(verdict.seeds.begin(), verdict.seeds.end(), plan.seed) == verdict.seeds.end())
          verdict.seeds.push_back(plan.seed);
        if (std::find(expectation.variants.begin(), expectation.variants.end(), plan.variant) != expectation.variants.end())
          verdict.paths.push_back(reproduction.runs[reproduction.serving[e][p]].path);
      }
      result.push_back(std::move(verdict));
    }
  }
  return result;
}

}  // namespace tocsin::lab
