// SPDX-License-Identifier: Apache-2.0
// Saving and loading the named fields of a stateful part; a field that does not fit is refused by name.
#include "tocsin/core/snapshot.h"

#include <array>

#include "tocsin/core/errors.h"

namespace tocsin {
namespace {
constexpr std::array<std::string_view, 4> kKinds{"a float tensor", "a double tensor", "an integer", "a number"};

void store(Snapshot& snapshot, std::string_view name, Snapshot::Field field) {
  const bool added = snapshot.fields.emplace(std::string(name), std::move(field)).second;
  require(added, "snapshot: field '{}' is named twice", name);
}
}  // namespace

void SnapshotSaver::snapshot(std::string_view name, Snapshot& value) {
  for (const auto& [key, field] : value.fields) store(result, fmt::format("{}/{}", name, key), field);
}
void SnapshotSaver::tensor(std::string_view name, std::vector<float>& values) { store(result, name, values); }
void SnapshotSaver::tensor(std::string_view name, std::vector<double>& values) { store(result, name, values); }
void SnapshotSaver::scalar(std::string_view name, std::int64_t& value) { store(result, name, value); }
void SnapshotSaver::scalar(std::string_view name, double& value) { store(result, name, value); }

template <class T>
void SnapshotLoader::take(std::string_view name, T& value) {
  const auto found = from_.fields.find(name);
  require(found != from_.fields.end(), "snapshot: field '{}' is missing", name);
  const Snapshot::Field wanted = T{};
  require(found->second.index() == wanted.index(), "snapshot: field '{}' must be {}, found {}", name, kKinds[wanted.index()],
          kKinds[found->second.index()]);
  value = std::get<T>(found->second);
  taken_.emplace(name);
}

void SnapshotLoader::snapshot(std::string_view name, Snapshot& value) {
  const std::string prefix = fmt::format("{}/", name);
  value.fields.clear();
  for (auto at = from_.fields.lower_bound(prefix); at != from_.fields.end() && at->first.starts_with(prefix); ++at) {
    value.fields.emplace(at->first.substr(prefix.size()), at->second);
    taken_.emplace(at->first);
  }
}
void SnapshotLoader::tensor(std::string_view name, std::vector<float>& values) { take(name, values); }
void SnapshotLoader::tensor(std::string_view name, std::vector<double>& values) { take(name, values); }
void SnapshotLoader::scalar(std::string_view name, std::int64_t& value) { take(name, value); }
void SnapshotLoader::scalar(std::string_view name, double& value) { take(name, value); }

void SnapshotLoader::finish() const {
  std::vector<std::string> left;
  for (const auto& [name, field] : from_.fields)
    if (!taken_.contains(name)) left.push_back(name);
  require(left.empty(), "snapshot: fields left over: {}", joined(left));
}

}  // namespace tocsin
