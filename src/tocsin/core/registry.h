// SPDX-License-Identifier: Apache-2.0
// What an entry of a family (attacks, aggregators, ...) says about itself, and the list of all of them.
// A family's `.inc` file is its explicit registry: CMake compiles the sources it names and `registry.h` of the room declares
// `<name>_entry` for each line. Nothing registers itself, so no linker can drop an entry and no order depends on linking.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"

namespace tocsin {

/// How far an entry may be trusted; printed by the catalogue.
enum class Status { verified, reproduces_paper, lightly_tested, known_problem };
std::string_view text(Status status);

/// One entry of a family. `Interface::Facts` is plain data that loader, laws and catalogue read.
template <class Interface>
struct Entry {
  std::string_view name;
  std::string_view summary;
  std::string_view paper;
  Status status = Status::lightly_tested;
  typename Interface::Facts facts = {};
  std::unique_ptr<Interface> (*make)(Options&) = nullptr;  ///< reads its options; never throws for a bad one, collects the fault
};

/// All entries of a family, in the order of its `.inc` file.
template <class Interface>
class Registry {
 public:
  constexpr explicit Registry(std::span<const Entry<Interface>* const> entries) : entries_(entries) {}
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const Entry<Interface>* find(std::string_view name) const {
    for (const Entry<Interface>* entry : entries_)
      if (entry->name == name) return entry;
    return nullptr;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Entry<Interface>* entry : entries_) result.emplace_back(entry->name);
    return result;
  }

 private:
  std::span<const Entry<Interface>* const> entries_;
};

/// The documented options of an entry, by asking its `make`.
template <class Interface>
std::vector<OptionDoc> options_of(const Entry<Interface>& entry) {
  Faults scratch;
  Options options = Options::describing(scratch);
  entry.make(options);
  return options.documented();
}

}  // namespace tocsin
