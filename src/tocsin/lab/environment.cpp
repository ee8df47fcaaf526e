// SPDX-License-Identifier: Apache-2.0
// What this process may use: CPUs, and memory by the least of all limits that hold for it.
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "tocsin/lab/estimate.h"
#include "tocsin/lab/runner.h"

namespace tocsin::lab {
namespace {
namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file(path);  // files of the kernel: small, and whatever goes wrong means that there is no such limit
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin == std::string_view::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data() + begin, end, value).ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<double> available_memory() {
  const std::string text = contents("/proc/meminfo");
  const std::size_t at = text.find("MemAvailable:");
  if (at == std::string::npos) return std::nullopt;
  const std::optional<double> kib = number_in(std::string_view(text).substr(at));
  return kib ? std::optional(*kib * 1024.0) : std::nullopt;
}

/// The least limit minus use along a control group and all its ancestors.
void add_control_groups(const fs::path& mount, fs::path group, const char* limit_file, const char* use_file,
                        std::vector<MemoryAllowed>& bounds) {
  constexpr double kNoLimit = 0x1p60;  // the old hierarchy writes a number near 2^63 for none
  for (;;) {
    const fs::path folder = mount / group.relative_path();
    const std::string limit_text = contents(folder / limit_file);
    const std::optional<double> limit = number_in(limit_text), use = number_in(contents(folder / use_file));
    if (limit && use && *limit < kNoLimit) bounds.push_back({std::max(0.0, *limit - *use), "limit of the control group"});
    if (!group.has_relative_path()) return;
    group = group.parent_path();
  }
}

void add_control_groups(std::vector<MemoryAllowed>& bounds) {
  std::istringstream lines(contents("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {  // "4:memory:/a/b" or "0::/a/b"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      add_control_groups("/sys/fs/cgroup", group, "memory.max", "memory.current", bounds);
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      add_control_groups("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes", bounds);
    }
  }
}

void add_resource_limit(int resource, double use, std::string source, std::vector<MemoryAllowed>& bounds) {
  struct rlimit limit {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  bounds.push_back({std::max(0.0, static_cast<double>(limit.rlim_cur) - use), std::move(source)});
}
}  // namespace

MemoryAllowed memory_allowed(std::optional<double> limit_bytes) {
  std::vector<MemoryAllowed> bounds;
  if (const std::optional<double> available = available_memory()) bounds.push_back({*available, "available memory"});
  add_control_groups(bounds);
  const std::string statm = contents("/proc/self/statm");  // pages: size, resident, shared, text, library, data
  const double page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::istringstream fields(statm);
  double size = 0, data = 0, skipped = 0;
  fields >> size >> skipped >> skipped >> skipped >> skipped >> data;
  add_resource_limit(RLIMIT_AS, size * page, "limit of the address space", bounds);
  add_resource_limit(RLIMIT_DATA, data * page, "limit of the data segment", bounds);
  if (limit_bytes) bounds.push_back({*limit_bytes, "--memory-limit"});
  if (bounds.empty()) return {std::numeric_limits<double>::infinity(), "no limit is known"};
  return *std::min_element(bounds.begin(), bounds.end(),
                           [](const MemoryAllowed& a, const MemoryAllowed& b) { return a.bytes < b.bytes; });
}

std::size_t usable_workers(std::size_t wanted) {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::size_t cpus = 1;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) cpus = static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
  return wanted > 0 ? wanted : cpus;
}

}  // namespace tocsin::lab
