// SPDX-License-Identifier: Apache-2.0
// The strict reader of one table: what was read, what was not, and the tables within.
#include "tocsin/core/options.h"

#include <algorithm>

#include "tocsin/core/options_state.h"

namespace tocsin {
namespace {
constexpr std::size_t kMostListed = 12;   // known names in one message
constexpr std::size_t kMostUnknown = 20;  // unknown keys of a table with a message each; the rest are counted

/// "[defense]" and "rule" make "[defense.rule]"; a title that is no plain header is continued with words.
std::string title_within(const std::string& title, std::string_view key) {
  if (title.empty()) return fmt::format("[{}]", key);
  if (title.front() == '[' && title.back() == ']') return fmt::format("{}.{}]", title.substr(0, title.size() - 1), key);
  return fmt::format("{} {}", title, key);
}
}  // namespace

void Faults::add(Place place, std::string message, std::string hint) {
  // The same option may be read twice (by an entry and by its facts); its fault is reported once.
  if (!seen_.insert(fmt::format("{}\n{}\n{}", place.text(), message, hint)).second) return;
  faults_.push_back({std::move(place), std::move(message), std::move(hint)});
}

void Faults::raise() const {
  if (!faults_.empty()) throw ConfigError(faults_);
}

const Value* Options::State::take(OptionDoc doc) {
  const Value* const value = given(doc.key);
  if (find(doc.key) == nullptr) reads.push_back({std::move(doc), std::nullopt, {}, false});
  return value;
}

Options::State::Read* Options::State::find(std::string_view key) {
  const auto found = std::find_if(reads.begin(), reads.end(), [&](const Read& read) { return read.doc.key == key; });
  return found == reads.end() ? nullptr : &*found;
}

Options::Options(const Table* table, Place place, std::string title, Faults& faults) : state_(std::make_shared<State>()) {
  state_->table = table;
  state_->place = std::move(place);
  state_->title = std::move(title);
  state_->faults = &faults;
}

Options Options::describing(Faults& scratch) {
  Options result(nullptr, {}, "", scratch);
  result.state_->describing = true;
  return result;
}

Options Options::table(std::string_view key, std::string_view help) {
  const Value* const value = state_->take({std::string(key), "table", "", "", std::string(help)});
  State::Read& read = *state_->find(key);
  if (!read.tables.empty()) return read.tables.front();
  const Table* const inner = value == nullptr ? nullptr : value->as<Table>();
  if (value != nullptr && inner == nullptr) fault(key, fmt::format("expected a table, got {}", value->kind()));
  Options result(inner, place(key), title_within(state_->title, key), *state_->faults);
  result.state_->describing = state_->describing;
  read.tables.push_back(result);
  return result;
}

std::vector<Options> Options::tables(std::string_view key, std::string_view help) {
  const Value* const value = state_->take({std::string(key), "array of tables", "[]", "", std::string(help)});
  State::Read& read = *state_->find(key);
  read.is_array = true;
  if (!read.tables.empty() || value == nullptr) return read.tables;
  const Array* const array = value->as<Array>();
  if (array == nullptr) fault(key, fmt::format("expected an array of tables, got {}", value->kind()));
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const Value& item = (*array)[i];
    const Table* inner = item.as<Table>();
    std::shared_ptr<const Table> made;
    if (const auto* name = item.as<std::string>()) {
      Table named;
      named.set("name", item.place, Value(*name, item.place));
      made = std::make_shared<const Table>(std::move(named));
      inner = made.get();
    } else if (inner == nullptr) {
      state_->fault(item.place, fmt::format("expected a table or a name, got {}", item.kind()));
      continue;
    }
    Options entry(inner, item.place, fmt::format("{} entry {}", title_within(state_->title, key), i + 1), *state_->faults);
    entry.state_->made = std::move(made);
    read.tables.push_back(std::move(entry));
  }
  return read.tables;
}

const Value* Options::raw(std::string_view key, std::string_view type, std::optional<Value> resolved, std::string_view help) {
  const std::string fallback = resolved ? write_value(*resolved) : "";
  const Value* const value = state_->take({std::string(key), std::string(type), fallback, "", std::string(help)});
  state_->find(key)->value = value != nullptr ? std::optional<Value>(*value) : std::move(resolved);
  return value;
}

bool Options::has(std::string_view key) const { return state_->given(key) != nullptr; }

Place Options::place(std::string_view key) const {
  const Value* const value = state_->given(key);
  return value == nullptr ? state_->place : value->place;
}

const Place& Options::place() const { return state_->place; }
const std::string& Options::title() const { return state_->title; }
bool Options::is_describing() const { return state_->describing; }

void Options::fault(std::string_view key, std::string message, std::string hint) {
  state_->fault(place(key), std::move(message), std::move(hint));
}

bool is_file_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kLongest && plain(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

void Options::no_effect(std::string_view key, std::string message, std::string hint) {
  if (has(key)) fault(key, std::move(message), std::move(hint));
  if (State::Read* const read = state_->find(key); read != nullptr && !has(key)) read->value.reset();
}

void Options::finish() {
  if (std::exchange(state_->finished, true)) return;
  for (const State::Read& read : state_->reads)
    for (Options inner : read.tables) inner.finish();
  if (state_->table == nullptr) return;
  std::vector<std::string> known;
  for (const State::Read& read : state_->reads) known.push_back(read.doc.key);
  std::sort(known.begin(), known.end());
  std::size_t unknown = 0;
  Place further;
  for (const Table::Member& member : state_->table->members()) {
    if (state_->find(member.key) != nullptr) continue;
    if (++unknown == kMostUnknown + 1) further = member.place;
    if (unknown > kMostUnknown) continue;
    const std::vector<std::string> near = nearest_names(member.key, known);
    std::string message = fmt::format("unknown key '{}' {}", printable(member.key), state_->in_title());
    if (known.empty())
      message += "; it takes no keys";
    else if (known.size() <= kMostListed || near.empty())
      message += "; known: " + joined(known);
    state_->fault(member.place, message, near.empty() ? "" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
  }
  if (unknown > kMostUnknown)
    state_->fault(further, fmt::format("from here on {} more unknown key{} {}", unknown - kMostUnknown,
                                       unknown - kMostUnknown == 1 ? "" : "s", state_->in_title()));
}

std::vector<OptionDoc> Options::documented() const {
  std::vector<OptionDoc> result;
  for (const State::Read& read : state_->reads) {
    result.push_back(read.doc);
    if (read.is_array || read.tables.empty()) continue;
    for (OptionDoc& inner : read.tables.front().documented()) {
      inner.key = read.doc.key + "." + inner.key;
      result.push_back(std::move(inner));
    }
  }
  return result;
}

Table Options::resolved() const {
  Table result;
  for (const State::Read& read : state_->reads) {
    Array entries;
    for (const Options& inner : read.tables) entries.emplace_back(inner.resolved());
    if (read.is_array)
      result.set(read.doc.key, {}, Value(std::move(entries)));
    else if (!entries.empty())
      result.set(read.doc.key, {}, std::move(entries.front()));
    else if (read.value)
      result.set(read.doc.key, {}, *read.value);
  }
  return result;
}

}  // namespace tocsin
