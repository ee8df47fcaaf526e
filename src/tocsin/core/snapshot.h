// SPDX-License-Identifier: Apache-2.0
// The one way in and out for everything that lives across rounds: a server optimizer's momentum, a rule's centre, an attacker's
// memory. A stateful part has one function, `void visit(SnapshotVisitor&)`, that names each of its fields once; saving, loading,
// hashing and measuring are visitors.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tocsin {

struct Snapshot;

/// Walks the named fields of a part. Loading assigns, saving reads.
class SnapshotVisitor {
 public:
  virtual ~SnapshotVisitor() = default;
  /// The fields of another part, under `name`: a snapshot within a snapshot. Loading replaces all of them.
  virtual void snapshot(std::string_view name, Snapshot& value) = 0;
  virtual void tensor(std::string_view name, std::vector<float>& values) = 0;
  virtual void tensor(std::string_view name, std::vector<double>& values) = 0;
  virtual void scalar(std::string_view name, std::int64_t& value) = 0;
  virtual void scalar(std::string_view name, double& value) = 0;
};

/// The saved fields of one part, by name.
struct Snapshot {
  using Field = std::variant<std::vector<float>, std::vector<double>, std::int64_t, double>;
  std::map<std::string, Field, std::less<>> fields;
  bool operator==(const Snapshot&) const = default;
};

/// Everything `part.visit` names.
template <class Part>
Snapshot save(Part& part);
/// Puts it back. Throws std::invalid_argument naming a field that is missing, has another type, or is left over.
template <class Part>
void load(Part& part, const Snapshot& snapshot);

/// The two visitors behind `save` and `load`.
class SnapshotSaver final : public SnapshotVisitor {
 public:
  void snapshot(std::string_view name, Snapshot& value) override;
  void tensor(std::string_view name, std::vector<float>& values) override;
  void tensor(std::string_view name, std::vector<double>& values) override;
  void scalar(std::string_view name, std::int64_t& value) override;
  void scalar(std::string_view name, double& value) override;
  Snapshot result;
};
class SnapshotLoader final : public SnapshotVisitor {
 public:
  explicit SnapshotLoader(const Snapshot& from) : from_(from) {}
  void snapshot(std::string_view name, Snapshot& value) override;
  void tensor(std::string_view name, std::vector<float>& values) override;
  void tensor(std::string_view name, std::vector<double>& values) override;
  void scalar(std::string_view name, std::int64_t& value) override;
  void scalar(std::string_view name, double& value) override;
  void finish() const;  ///< throws if a field of the snapshot was never asked for

 private:
  template <class T>
  void take(std::string_view name, T& value);
  const Snapshot& from_;
  std::set<std::string, std::less<>> taken_;
};

template <class Part>
Snapshot save(Part& part) {
  SnapshotSaver saver;
  part.visit(saver);
  return std::move(saver.result);
}
template <class Part>
void load(Part& part, const Snapshot& snapshot) {
  SnapshotLoader loader(snapshot);
  part.visit(loader);
  loader.finish();
}

}  // namespace tocsin
