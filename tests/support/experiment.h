// SPDX-License-Identifier: Apache-2.0
// Experiments in a folder of their own: write a file, read it as plans, run it, look at what it left.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/files.h"
#include "tocsin/lab/runner.h"

namespace tocsin::support {

/// Writes `text` into `folder` and reads it as plans.
inline lab::Experiment read(const Folder& folder, const std::string& text, lab::Request request = {}) {
  request.file = folder.write("exp.toml", text);
  return lab::read_experiment(request);
}

/// The last plan of an experiment, and its data as it uses them.
struct Met {
  lab::Plan plan;
  lab::Setting setting;
};
inline Met meet(const std::string& text) {
  const Folder folder;
  lab::Experiment experiment = read(folder, text);
  lab::DataShelf shelf;
  lab::Setting setting = lab::make_setting(experiment.plans.back(), shelf.get(experiment.plans.back()));
  return {std::move(experiment.plans.back()), std::move(setting)};
}

/// Writes and reads it, and runs it into `folder`/`out`.
inline std::vector<lab::RunResult> run(const Folder& folder, const std::string& text, const std::string& out = "runs",
                                       std::size_t workers = 2, lab::Request request = {}) {
  lab::Experiment experiment = read(folder, text, std::move(request));
  lab::Observer nobody;
  return lab::run_experiment(
      experiment, {.out = folder.at(out), .workers = workers, .memory_limit_bytes = std::nullopt, .arguments = {"tocsin"}}, nobody,
      {});
}

/// The compared files of every run below a folder, by relative path.
inline std::map<std::string, std::string> compared(const std::string& out) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
    const std::string name = entry.path().filename().string();
    for (const std::string& one : lab::compared_files())
      if (name == one) files[std::filesystem::relative(entry.path(), out).string()] = contents(entry.path().string());
  }
  return files;
}

}  // namespace tocsin::support
