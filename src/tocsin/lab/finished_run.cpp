// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/finished_run.h"

#include <filesystem>
#include <utility>

#include "tocsin/core/errors.h"

namespace tocsin::lab {
namespace {
constexpr std::uint64_t kLargestDone = std::uint64_t{1} << 26;  // a line for each of hundreds of thousands of maps
constexpr std::uint64_t kLargestPlan = std::uint64_t{1} << 20;
}  // namespace

FinishedRun::FinishedRun(std::string path) : path_(std::move(path)) {
  const FileBytes done = read_file((std::filesystem::path(path_) / "DONE").string(), kLargestDone);
  done_.assign(done.bytes.begin(), done.bytes.end());
}

bool FinishedRun::has(std::string_view name) const { return done_.find(fmt::format("  {}\n", name)) != std::string::npos; }

FileBytes FinishedRun::read(const std::string& name, std::uint64_t largest) const {
  FileBytes bytes = read_file((std::filesystem::path(path_) / name).string(), largest);
  if (done_.find(fmt::format("{}  {}\n", bytes.sha256, name)) == std::string::npos)
    throw DataError(bytes.path, std::nullopt, "the file is not the one that DONE names", "remove this run directory and run again");
  return bytes;
}

std::string FinishedRun::resolved() const {
  const FileBytes file = read("resolved.toml", kLargestPlan);
  return {file.bytes.begin(), file.bytes.end()};
}

}  // namespace tocsin::lab
