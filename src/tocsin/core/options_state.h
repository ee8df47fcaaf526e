// SPDX-License-Identifier: Apache-2.0
// What an Options handle shares with its copies. Private to core: the reads of single values and those of whole tables are two
// sources.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"

namespace tocsin {

struct Options::State {
  /// A key that was read: its documentation, its value for `resolved`, and the tables within it.
  struct Read {
    OptionDoc doc;
    std::optional<Value> value;
    std::vector<Options> tables;
    bool is_array = false;  ///< of tables
  };

  const Table* table = nullptr;
  Place place;
  std::string title;
  Faults* faults = nullptr;
  bool describing = false;
  bool finished = false;
  std::vector<Read> reads;            ///< in the order of the first reads
  std::shared_ptr<const Table> made;  ///< owns `table` where a bare string stands for it

  /// Notes that `doc.key` is known and returns its value, null if absent.
  const Value* take(OptionDoc doc);
  [[nodiscard]] Read* find(std::string_view key);
  [[nodiscard]] const Value* given(std::string_view key) const { return table == nullptr ? nullptr : table->find(key); }
  void fault(const Place& where, std::string message, std::string hint = "") {
    faults->add(where, std::move(message), std::move(hint));
  }
  /// "in [training]"; the top level has no title.
  [[nodiscard]] std::string in_title() const { return title.empty() ? "at the top level" : "in " + title; }
};

}  // namespace tocsin
