// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/recorded_run.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"
#include "tocsin/lab/experiment.h"
#include "tocsin/lab/record_fields.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;
constexpr std::uint64_t kLargestModel = std::uint64_t{1} << 34;

Plan plan_of(const std::string& path, std::string resolved) {
  Experiment experiment = read_experiment({.file = path, .variant = {}, .settings = {}}, std::move(resolved));
  return std::move(experiment.plans.front());
}

/// Every key with its value as text, "training.batch" -> "50".
void flatten(const Table& table, const std::string& prefix, std::set<std::pair<std::string, std::string>>& into) {
  for (const Table::Member& member : table.members()) {
    const std::string key = prefix.empty() ? member.key : prefix + "." + member.key;
    if (const Table* inner = member.value.as<Table>())
      flatten(*inner, key, into);
    else
      into.emplace(key, write_value(member.value));
  }
}

fs::path folder_of(const std::string& path) {
  std::error_code unknown;
  const fs::path whole = fs::weakly_canonical(path, unknown);
  return whole.has_filename() ? whole : whole.parent_path();
}

/// A folder's name as a part of file names: no control characters, no markup, nothing that looks like a flag, of bounded length.
std::string safe_name(const fs::path& folder) {
  constexpr std::size_t kLongest = 80;
  std::string name = folder.filename().string().substr(0, kLongest);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') c = '_';
  if (!name.empty() && !std::isalnum(static_cast<unsigned char>(name.front()))) name.front() = '_';
  return name.empty() ? "run" : name;
}
}  // namespace

RecordedRun::RecordedRun(const std::string& path) : path_(path), name_(safe_name(folder_of(path))) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  const fs::path folder(path_);
  std::error_code ignored;
  if (!fs::exists(folder / "DONE", ignored))
    throw RunError(
        Exit::run_directory, fmt::format("{} is no finished run: it has no DONE", printable(path, 4096)),
        fs::exists(folder, ignored) ? "give the folder of a run, as `tocsin run` printed it" : "there is no such folder");
  finished_.emplace(path_);
  records_ = read_records(*finished_);
  if (records_.empty()) throw RunError(Exit::run_directory, fmt::format("{} has no finished round", printable(path, 4096)));
  plan_ = std::make_shared<const Plan>(plan_of((folder / "resolved.toml").string(), finished_->resolved()));
}

void RecordedRun::tell_apart(const std::vector<std::vector<RecordedRun>*>& kinds) {
  std::vector<RecordedRun*> runs;
  for (std::vector<RecordedRun>* kind : kinds)
    for (RecordedRun& run : *kind) runs.push_back(&run);
  std::map<std::string, std::size_t> sharing;
  for (const RecordedRun* run : runs) ++sharing[run->name_];
  for (RecordedRun* run : runs)
    if (const fs::path above = folder_of(run->path_).parent_path(); sharing[run->name_] > 1 && above.has_filename())
      run->name_ = safe_name(above) + "-" + run->name_;
  std::set<std::string> taken;
  for (RecordedRun* run : runs) {
    const std::string name = run->name_;
    for (std::size_t number = 2; !taken.insert(run->name_).second; ++number) run->name_ = fmt::format("{}-{}", name, number);
  }
}

std::size_t RecordedRun::round(std::size_t round) const {
  if (round == kLastRound) return rounds();
  if (round <= rounds()) return round;
  throw RunError(Exit::run_directory, fmt::format("{} has {} rounds, there is no round {}", name(), rounds(), round));
}

std::string RecordedRun::file_of(std::size_t round) const {
  const std::string kept = model_file(round);
  if (finished_->has(kept)) return kept;
  return round == rounds() ? "model.safetensors" : "";
}

bool RecordedRun::has_model(std::size_t round) const { return round >= 1 && round <= rounds() && !file_of(round).empty(); }

Updates RecordedRun::model(std::size_t round, const Layout& layout) const {
  const std::string name = file_of(round);
  if (name.empty()) {
    std::vector<std::string> kept;
    for (std::size_t one = 1; one <= rounds(); ++one)
      if (has_model(one)) kept.push_back(std::to_string(one));
    throw RunError(Exit::run_directory,
                   fmt::format("{} kept no model of round {}; it has those of: {}", this->name(), round, joined(kept)),
                   fmt::format("run it with [explain] rounds = [{}]", round));
  }
  const FileBytes bytes = finished_->read(name, kLargestModel);
  Updates parameters(1, layout.coordinates());
  nn::assign(nn::parse_safetensors(bytes), bytes.path, layout, parameters.rows());
  return parameters;
}

std::vector<std::string> differing_keys(const Plan& a, const Plan& b) {
  std::set<std::pair<std::string, std::string>> left, right, differing;
  flatten(a.resolved, "", left);
  flatten(b.resolved, "", right);
  std::set_symmetric_difference(left.begin(), left.end(), right.begin(), right.end(), std::inserter(differing, differing.end()));
  std::set<std::string> keys;
  for (const auto& [key, value] : differing)
    if (key != "name" && key != "seed" && !key.starts_with("threat.") && !key.starts_with("attack.")) keys.insert(key);
  return {keys.begin(), keys.end()};
}

}  // namespace tocsin::lab
