// SPDX-License-Identifier: Apache-2.0
// Small things that many tests need: rows from braces, the message of an exception, a table or an entry read from TOML.
#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/registry.h"
#include "tocsin/core/rows.h"

namespace tocsin::support {

/// Updates from braces: rows({{0, 0}, {2, 0}}).
inline Updates rows(const std::vector<std::vector<double>>& values, Element element = Element::float32) {
  Updates result(values.size(), values.empty() ? 0 : values.front().size(), element);
  for (std::size_t i = 0; i < values.size(); ++i) result.rows().assign(i, values[i]);
  return result;
}

/// what() of what `act` throws; "no exception" if it throws nothing.
template <class Act>
std::string error_of(Act&& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no exception";
}

/// Messages of the faults that `act` throws, without their places.
template <class Act>
std::vector<std::string> messages_of(Act&& act) {
  std::vector<std::string> result;
  try {
    act();
  } catch (const ConfigError& error) {
    for (const Fault& fault : error.faults()) result.push_back(fault.message);
  }
  return result;
}

/// What `read` makes of the options of a table that is written as TOML and stands at `place`. Throws ConfigError with every fault.
template <class Read>
auto read_table(const std::string& toml, const Place& place, const std::string& title, Read&& read) {
  const Table table = parse_toml(toml, place.file);
  Faults faults;
  Options options(&table, place, title, faults);
  auto result = read(options);
  options.finish();
  faults.raise();
  return result;
}

/// An entry with options given as TOML: make(krum_entry, "neighbors = 'n-f-1'"). Throws ConfigError for bad ones.
template <class Interface>
std::unique_ptr<Interface> make(const Entry<Interface>& entry, const std::string& toml = "") {
  return read_table(toml, {"test.toml", 0, 0}, std::string(entry.name), [&](Options& options) { return entry.make(options); });
}

}  // namespace tocsin::support
