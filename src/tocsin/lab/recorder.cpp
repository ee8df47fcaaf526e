// SPDX-License-Identifier: Apache-2.0
// Creates, fills and closes a run directory. Files 0640, folders 0750, both narrowed by the umask.
// DONE has the form of `sha256sum`, so that `sha256sum -c DONE` inside the directory checks a run without us.
#include "tocsin/lab/recorder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "tocsin/nn/safetensors.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 40;

std::string cause_of(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  throw RunError(Exit::io, fmt::format("cannot {} {}: {}", what, printable(path, 4096), cause_of(error)),
                 "check the path, its permissions and the space left");
}

[[noreturn]] void refuse_existing(const std::string& path) {
  throw RunError(Exit::run_directory, fmt::format("{} exists already and is never overwritten", printable(path, 4096)),
                 "choose another --out, or another name or seed");
}

/// A folder that everybody may write to is no place for results.
void check_safe(const std::string& out) {
  struct stat state {};
  if (::stat(out.c_str(), &state) != 0) fail("look at", out, errno);
  if ((state.st_mode & S_IWOTH) != 0 && (state.st_mode & S_ISVTX) == 0)
    throw RunError(Exit::run_directory, fmt::format("{} may be written by everybody", printable(out, 4096)),
                   "chmod o-w it, or choose another --out");
}

void sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("flush", path, errno);
  const bool synced = ::fsync(descriptor) == 0 || errno == EINVAL;
  const int error = errno;
  ::close(descriptor);
  if (!synced) fail("flush", path, error);
}

/// A new folder beside the final one.
std::string make_temporary(const std::string& out, const std::string& name) {
  constexpr int kTries = 100;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const std::string path = (fs::path(out) / fmt::format(".{}.{}-{}.tmp", name, ::getpid(), attempt)).string();
    if (::mkdir(path.c_str(), 0750) == 0) return path;
    if (errno != EEXIST) fail("create", path, errno);
  }
  fail("create a folder in", out, EEXIST);
}

void move_into_place(const std::string& from, const std::string& to) {
  int result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (result != 0 && (errno == EINVAL || errno == ENOSYS))  // a file system without it: a full folder still refuses
    result = ::rename(from.c_str(), to.c_str());
  if (result == 0) return;
  const int error = errno;
  std::error_code ignored;
  fs::remove_all(from, ignored);
  if (error == EEXIST || error == ENOTEMPTY || error == ENOTDIR) refuse_existing(to);
  fail("create", to, error);
}
}  // namespace

std::string time_of_day() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::vector<std::string> compared_files() {
  return {"records.jsonl", "histograms.jsonl", "model.safetensors", "summary.json", "resolved.toml"};
}

std::string free_run_path(const std::string& out, const Plan& plan) {
  const fs::path path = fs::path(out) / plan.run_name();
  std::error_code ignored;
  if (fs::symlink_status(path, ignored).type() != fs::file_type::not_found) refuse_existing(path.string());
  return path.string();
}

RunDirectory::RunDirectory(const std::string& out, const Plan& plan, const std::string& experiment_text,
                           const std::string& manifest)
    : path_(free_run_path(out, plan)) {
  make_folders(out);
  check_safe(out);
  const std::string temporary = make_temporary(out, plan.run_name());
  const auto file = [&](const char* name) { return (fs::path(temporary) / name).string(); };
  write_file(file("manifest.json"), manifest);
  write_file(file("experiment.toml"), experiment_text);
  write_file(file("resolved.toml"), plan.resolved_toml());
  records_ = std::make_unique<LineFile>(file("records.jsonl"));
  histograms_ = std::make_unique<LineFile>(file("histograms.jsonl"));
  times_ = std::make_unique<LineFile>(file("times.jsonl"));
  sync_folder(temporary);
  move_into_place(temporary, path_);
  sync_folder(out);
}

void RunDirectory::add(const fed::RoundRecord& record, const fed::RoundTimes& times) {
  records_->append(record_line(record));
  if (!record.histograms.empty()) histograms_->append(histograms_line(record));
  times_->append(times_line(times));
}

void RunDirectory::keep_model(std::size_t round, const Layout& layout, ConstRows global) {
  keep(model_file(round), nn::format_safetensors(layout, global));
}

void RunDirectory::keep(const std::string& name, std::string_view bytes) {
  const fs::path file = fs::path(path_) / name;
  make_folders(file.parent_path().string());
  write_file(file.string(), bytes);
  kept_.push_back(name);
}

void RunDirectory::finish(const Layout& layout, ConstRows global, const std::string& summary) {
  const auto file = [&](const std::string& name) { return (fs::path(path_) / name).string(); };
  records_->sync();
  histograms_->sync();
  times_->sync();
  nn::write_safetensors(file("model.safetensors"), layout, global);
  write_file(file("summary.json"), summary);
  std::string done;
  std::vector<std::string> names = compared_files();
  names.insert(names.end(), kept_.begin(), kept_.end());
  for (const std::string& name : names) done += fmt::format("{}  {}\n", read_file(file(name), kLargestFile).sha256, name);
  write_file(file("DONE"), done);
}

}  // namespace tocsin::lab
