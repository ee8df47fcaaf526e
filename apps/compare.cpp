// SPDX-License-Identifier: Apache-2.0
// tocsin compare --benign RUN... --attacked RUN...: do explanations tell attacked models from benign ones? Table, figures,
// verdicts.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "failure.h"
#include "signals.h"
#include "terminal.h"
#include "tocsin/core/bytes.h"
#include "tocsin/lab/comparison_report.h"
#include "tocsin/lab/explained_network.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
namespace fs = std::filesystem;
constexpr std::size_t kPaperRound = 8, kShownRows = 8;

std::vector<lab::RecordedRun> opened(const std::vector<std::string>& paths) {
  std::vector<lab::RecordedRun> runs;
  for (const std::string& path : paths) runs.emplace_back(path);
  return runs;
}

/// [explain] of the first run with the settings over it; --preset and --library are settings of the same kind.
lab::ExplainPlan plan_of(const CommandLine& line, const lab::Plan& first) {
  Table table;
  if (const Value* own = first.resolved.find("explain"))
    if (const Table* inner = own->as<Table>()) table = *inner;
  if (!line.preset.empty()) set_override(table, "preset=" + line.preset);
  if (!line.library.empty()) set_override(table, fmt::format("library=\"{}\"", line.library));
  for (const std::string& setting : line.request.settings) set_override(table, setting);
  Faults faults;
  Options options(&table, Place{"--set", 0, 0}, "[explain]", faults);
  lab::ExplainPlan plan = lab::read_explain(options);
  options.finish();
  faults.raise();
  return plan;
}

/// Pair grids of the first benign and the first attacked run: the targets, and a few of each other group.
std::vector<lab::FigureFile> pair_grids(const lab::RunComparison& comparison, const nn::Architecture& architecture) {
  const lab::FigureSubject subject{comparison.plan,   comparison.methods,     architecture,
                                   comparison.images, comparison.class_names, comparison.plan.neurons.front()};
  const auto model = [&](const char* role, const std::vector<explain::Maps>& maps) {
    for (const lab::ComparedModel& one : comparison.models)
      if (one.role == role) return lab::ModelMaps{one.run, one.round, one.answers, maps};
    return lab::ModelMaps{};
  };
  const lab::ModelMaps benign = model("benign", comparison.benign_maps), attacked = model("attacked", comparison.attacked_maps);
  std::vector<lab::FigureFile> files;
  std::size_t begin = 0;
  for (const lab::ImageGroup& group : comparison.groups) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < std::min(kShownRows, group.samples.size()); ++i) rows.push_back(begin + i);
    begin += group.samples.size();
    for (lab::FigureFile& file : lab::pair_figure(subject, benign, attacked, rows, explain::Scaling::shared, "pair_" + group.name))
      files.push_back(std::move(file));
  }
  return files;
}
}  // namespace

int compare(const CommandLine& line) {
  StopSignals signals;
  warn_of_environment(line.json);
  const lab::ComparedRuns runs{opened(line.benign), opened(line.attacked), opened(line.sham)};
  lab::check_comparable(runs);
  const lab::Plan& first = runs.benign.front().plan();
  const lab::ExplainPlan plan = plan_of(line, first);
  std::size_t round = line.round;
  if (round == 0 && plan.paper && runs.benign.front().has_model(kPaperRound)) round = kPaperRound;

  lab::DataShelf shelf;
  Workers workers(std::min(lab::usable_workers(line.workers), nn::prepare_libraries()), nn::prepare_thread);
  const bool live = is_terminal(stderr);
  const auto progress = [&](const std::string& what) {
    if (live) std::fprintf(stderr, "\r\033[K%s", what.c_str());
  };
  const lab::RunComparison comparison = lab::compare_runs(runs, plan, round, shelf, workers, progress, signals.token());
  if (live) std::fputs("\r\033[K", stderr);

  const nn::Architecture architecture = lab::make_setting(first, shelf.get(first)).architecture;
  std::vector<lab::FigureFile> figures = pair_grids(comparison, architecture);
  for (lab::FigureFile& file : lab::strip_charts(comparison)) figures.push_back(std::move(file));
  const fs::path out(line.out);
  std::error_code error;
  fs::create_directories(out, error);
  if (!fs::is_directory(out))
    throw RunError(Exit::io, fmt::format("cannot create {}: {}", printable(line.out, 4096), error.message()));
  const auto write = [&](const std::string& name, std::string_view bytes) {
    fs::create_directories((out / name).parent_path(), error);
    write_file((out / name).string(), bytes);
  };
  std::vector<std::string> shown;
  for (const lab::FigureFile& file : figures) {
    write(file.name, file.bytes);
    if (file.name.ends_with(".svg")) shown.push_back(file.name);
  }
  if (line.write_maps)
    for (std::size_t m = 0; m < comparison.methods.size(); ++m) {
      write(fmt::format("maps/benign-{}.npy", comparison.methods[m].label),
            lab::npy_of(comparison.benign_maps[m], comparison.shape));
      write(fmt::format("maps/attacked-{}.npy", comparison.methods[m].label),
            lab::npy_of(comparison.attacked_maps[m], comparison.shape));
    }
  const std::string verdicts = lab::verdicts_jsonl(comparison);
  write("verdicts.jsonl", verdicts);
  write("pairs.csv", lab::pairs_csv(comparison));
  write("images.csv", lab::images_csv(comparison));
  write("report.md", lab::report_markdown(comparison, shown));
  if (line.json)
    std::fputs(verdicts.c_str(), stdout);
  else
    std::fputs(fmt::format("{} benign and {} attacked runs, {} images, {} methods\n{}report: {}\n", runs.benign.size(),
                           runs.attacked.size(), comparison.images.size(), comparison.methods.size(), lab::primary_text(comparison),
                           (out / "report.md").string())
                   .c_str(),
               stdout);
  return 0;
}

}  // namespace tocsin::apps
