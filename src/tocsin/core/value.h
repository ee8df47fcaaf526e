// SPDX-License-Identifier: Apache-2.0
// A configuration as a tree of values that remember where they were written; reading and writing TOML.
// The only room that knows toml++. Overrides (`--set`, variants) are merged here, before anything is interpreted.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tocsin/core/errors.h"

namespace tocsin {

class Value;
using Array = std::vector<Value>;

/// Keys in the order in which they were written.
class Table {
 public:
  struct Member;
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  void set(std::string key, Place key_place, Value value);  ///< replaces an existing member in place
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] std::vector<Member>& members() { return members_; }
  [[nodiscard]] bool empty() const { return members_.empty(); }

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  using Data = std::variant<bool, std::int64_t, double, std::string, Array, Table>;
  Value();  ///< an empty table
  explicit Value(Data given, Place where = {});
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&data);
  }
  template <class T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&data);
  }
  /// "an integer", "a string", "a table", ...: for messages.
  [[nodiscard]] std::string_view kind() const;

  Data data;
  Place place;
};

struct Table::Member {
  std::string key;
  Place place;  ///< of the key
  Value value;
};

inline Value::Value() : data(Table{}) {}
inline Value::Value(Data given, Place where) : data(std::move(given)), place(std::move(where)) {}

/// Reads a TOML file (at most 1 MiB). Throws ConfigError for syntax, duplicates, nesting bombs, non-UTF-8 (reliability.md 2.2),
/// IoError-like RunError never: a file that cannot be opened is a ConfigError as well.
Table read_toml(const std::string& path);
/// The bytes of such a file, not parsed yet.
std::string read_toml_text(const std::string& path);
/// The same from text; `name` stands where a file name would.
Table parse_toml(std::string_view text, const std::string& name);
/// Applies `key.path=value` to `root`; the value is TOML, or a bare word taken as a string. Its place is `--set key.path`.
/// Throws ConfigError for a malformed assignment.
void set_override(Table& root, std::string_view assignment);
/// The key of an assignment, {"key", "path"}: who sets the same twice compares these. Throws as `set_override` does.
std::vector<std::string> override_path(std::string_view assignment);
/// Merges `over` into `base`, table by table; arrays and scalars replace. Inline keys such as `attack.name` are tables already.
void merge(Table& base, const Table& over);
/// TOML text that reads back to the same tree: scalars first, then [tables], arrays of tables inline. Doubles in shortest form.
std::string write_toml(const Table& root);
/// One value as it stands behind `=`.
std::string write_value(const Value& value);

}  // namespace tocsin
