// SPDX-License-Identifier: Apache-2.0
// Reads /proc and /sys/fs/cgroup; reliability.md, section 8.
#include "tocsin/data/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::data {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

/// The first number behind `key` at the start of a line of a small system file ("" is the file's first number).
std::optional<std::uint64_t> number_in(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const std::size_t at = line.find_first_not_of(" \t", key.size());
    std::uint64_t number = 0;
    if (at == std::string::npos || std::from_chars(line.data() + at, line.data() + line.size(), number).ec != std::errc{})
      return std::nullopt;  // "max" is no limit
    return number;
  }
  return std::nullopt;
}

/// What the groups from `group` up to `root` leave.
std::uint64_t left_in_groups(const fs::path& root, const std::string& group, const char* limit_name, const char* use_name,
                             std::string_view cache_key) {
  std::uint64_t least = kUnlimited;
  fs::path folder = root / fs::path(group).relative_path();
  for (;;) {
    const std::optional<std::uint64_t> limit = number_in(folder / limit_name, "");
    if (limit) {
      const std::uint64_t use = number_in(folder / use_name, "").value_or(0);
      const std::uint64_t cache = number_in(folder / "memory.stat", cache_key).value_or(0);
      const std::uint64_t held = use - std::min(use, cache);
      least = std::min(least, *limit - std::min(*limit, held));
    }
    if (folder == root || !folder.has_relative_path()) return least;
    folder = folder.parent_path();
  }
}

std::uint64_t left_in_groups() {
  std::uint64_t least = kUnlimited;
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "id:controllers:path", version 2 has the id 0 and no controllers
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",", path = line.substr(second + 1);
    if (controllers == ",,")
      least = std::min(least, left_in_groups("/sys/fs/cgroup", path, "memory.max", "memory.current", "inactive_file "));
    else if (controllers.find(",memory,") != std::string::npos)
      least = std::min(least, left_in_groups("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                             "total_inactive_file "));
  }
  return least;
}

std::uint64_t left_of_limit(decltype(RLIMIT_AS) resource, std::uint64_t use) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, use);
}

}  // namespace

std::uint64_t available_memory() {
  constexpr std::uint64_t kKibi = 1024;
  const std::optional<std::uint64_t> machine = number_in("/proc/meminfo", "MemAvailable:");
  const std::uint64_t mapped = number_in("/proc/self/status", "VmSize:").value_or(0) * kKibi;
  const std::uint64_t data = number_in("/proc/self/status", "VmData:").value_or(0) * kKibi;
  return std::min({machine ? *machine * kKibi : kUnlimited, left_in_groups(), left_of_limit(RLIMIT_AS, mapped),
                   left_of_limit(RLIMIT_DATA, data)});
}

std::uint64_t default_max_bytes() { return std::min(available_memory() / 2, std::uint64_t{64} << 30); }

}  // namespace tocsin::data
