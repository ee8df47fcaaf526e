// SPDX-License-Identifier: Apache-2.0
// TOML in, by toml++, and the overrides of the command line. reliability.md, section 2.2.
// toml++ bounds the nesting of brackets, but a dotted key of 100,000 parts overflows its stack: dots are counted before it.
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "tocsin/core/bytes.h"
#include "tocsin/core/value.h"

namespace tocsin {
namespace {
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
constexpr std::size_t kMostDots = 32, kLongestKey = 64, kLongestString = 4096, kLongestArray = 10000;

[[noreturn]] void refuse(Place place, std::string message, std::string hint = "") {
  throw ConfigError({Fault{std::move(place), std::move(message), std::move(hint)}});
}

Place place_of(const std::string& name, const toml::source_region& region) {
  return {name, static_cast<std::size_t>(region.begin.line), static_cast<std::size_t>(region.begin.column)};
}

/// A comment line cannot open or close a string of several lines, so what it holds is no key.
bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '#' && line.find("\"\"\"") == std::string_view::npos &&
         line.find("'''") == std::string_view::npos;
}

void refuse_deep_keys(std::string_view text, const std::string& name) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    const std::string_view content = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (is_comment(content)) continue;
    std::size_t dots = 0;
    for (std::size_t i = 0; i < content.size(); ++i) {
      const char c = content[i];
      if (c == '=' || c == ',' || c == '{' || c == '[') dots = 0;
      if (c == '.' && ++dots > kMostDots)
        refuse({name, line, i + 1}, fmt::format("more than {} dots in one key or value", kMostDots));
    }
  }
}

/// toml++ nodes into our own values; collects what TOML allows and we refuse.
class Conversion {
 public:
  explicit Conversion(const std::string& name) : name_(name) {}

  Table table(const toml::table& from) {
    std::vector<std::tuple<toml::source_position, const toml::key*, const toml::node*>> members;
    for (auto&& [key, node] : from) members.emplace_back(key.source().begin, &key, &node);
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
    Table result;
    result.members().reserve(members.size());
    for (const auto& [position, key, node] : members) {
      const Place place = place_of(name_, key->source());
      if (key->str().empty()) fault(place, "a key may not be empty");
      if (key->str().size() > kLongestKey)
        fault(place, fmt::format("a key of {} bytes, at most {} are allowed", key->str().size(), kLongestKey));
      result.members().push_back({std::string(key->str()), place, value(*node, place)});
    }
    return result;
  }

  void raise() const {
    if (!faults_.empty()) throw ConfigError(faults_);
  }

 private:
  void fault(const Place& place, std::string message, std::string hint = "") {
    faults_.push_back({place, std::move(message), std::move(hint)});
  }

  Value value(const toml::node& node, const Place& key_place) {
    Place place = place_of(name_, node.source());
    if (place.line == 0) place = key_place;
    if (const auto* inner = node.as_table()) return Value(table(*inner), place);
    if (const auto* array = node.as_array()) return Value(items(*array, place), place);
    if (const auto* flag = node.as_boolean()) return Value(flag->get(), place);
    if (const auto* integer = node.as_integer()) return Value(integer->get(), place);
    if (const auto* number = node.as_floating_point()) return Value(number->get(), place);
    if (const auto* text = node.as_string()) {
      if (text->get().size() > kLongestString)
        fault(place, fmt::format("a string of {} bytes, at most {} are allowed", text->get().size(), kLongestString));
      return Value(text->get(), place);
    }
    fault(place, "dates and times are not used here", "write it as a string");
    return Value(std::string(), place);
  }

  Array items(const toml::array& from, const Place& place) {
    if (from.size() > kLongestArray)
      fault(place, fmt::format("an array of {} entries, at most {} are allowed", from.size(), kLongestArray));
    Array result;
    result.reserve(from.size());
    for (const toml::node& node : from) result.push_back(value(node, place));
    return result;
  }

  const std::string& name_;
  std::vector<Fault> faults_;
};

/// "Error while parsing X: Y (TOML_...)" as "Y (in X)".
std::string parser_text(std::string_view text) {
  constexpr std::string_view kBegin = "Error while parsing ";
  if (const std::size_t macro = text.find(" (TOML_"); macro != std::string_view::npos) text = text.substr(0, macro);
  const std::size_t colon = text.find(": ");
  if (!text.starts_with(kBegin) || colon == std::string_view::npos) return printable(text, 400);
  return fmt::format("{} (in {})", printable(text.substr(colon + 2), 400), text.substr(kBegin.size(), colon - kBegin.size()));
}

void move_to(Value& value, const Place& place) {
  value.place = place;
  if (Array* array = value.as<Array>())
    for (Value& item : *array) move_to(item, place);
  if (Table* table = value.as<Table>())
    for (Table::Member& member : table->members()) {
      member.place = place;
      move_to(member.value, place);
    }
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The '=' behind the key, which may hold quoted parts.
std::size_t equals_of(std::string_view assignment) {
  char quote = 0;
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    const char c = assignment[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '=') {
      return i;
    }
  }
  return std::string_view::npos;
}

struct Override {
  std::vector<std::string> path;
  std::string_view key, value;  // as written
  Place place;
};

Override split(std::string_view assignment) {
  const Place anywhere{fmt::format("--set {}", printable(assignment, 80)), 0, 0};
  const std::size_t equals = equals_of(assignment);
  const std::string_view key = trimmed(assignment.substr(0, equals));
  if (equals == std::string_view::npos || key.empty())
    refuse(anywhere, "expected key=value", "for example --set federation.rounds=3");
  Override result{{}, key, trimmed(assignment.substr(equals + 1)), {}};
  result.place.file = fmt::format("--set {}", printable(result.key, 200));
  if (key.find('\n') != std::string_view::npos) refuse(result.place, "one key is expected before '='");
  Table parsed;
  try {
    parsed = parse_toml(fmt::format("{} = 0", result.key), result.place.file);
  } catch (const ConfigError& error) {
    refuse(result.place, "the key cannot be read: " + error.faults().front().message, "for example --set federation.rounds=3");
  }
  for (const Table* table = &parsed; table != nullptr; table = table->members()[0].value.as<Table>()) {
    if (table->members().size() != 1) refuse(result.place, "one key is expected before '='");
    result.path.push_back(table->members()[0].key);
  }
  return result;
}

Value override_value(const Override& given) {
  if (given.value.empty()) refuse(given.place, "a value is missing behind '='", "an empty string is written \"\"");
  std::optional<Fault> fault;  // of the value read as TOML; a bare word, which is none, becomes a string
  try {
    Table parsed = parse_toml(fmt::format("value = {}", given.value), given.place.file);
    if (parsed.members().size() != 1) refuse(given.place, "one value is expected behind '='");
    Value value = std::move(parsed.members()[0].value);
    move_to(value, given.place);
    return value;
  } catch (const ConfigError& error) {
    fault = error.faults().front();
  }
  const bool bare = given.value.find_first_of("\"'[]{}=,") == std::string_view::npos && given.value.size() <= kLongestString &&
                    printable(given.value, kLongestString) == given.value;
  if (!bare) refuse(given.place, "the value cannot be read: " + fault->message, fault->hint);
  return Value(std::string(given.value), given.place);
}
}  // namespace

Table parse_toml(std::string_view text, const std::string& name) {
  if (text.size() > kMostBytes) refuse({name, 0, 0}, fmt::format("is {} bytes long, the limit is {}", text.size(), kMostBytes));
  refuse_deep_keys(text, name);
  Conversion conversion(name);
  try {
    Table result = conversion.table(toml::parse(text, std::string_view("")));
    conversion.raise();
    return result;
  } catch (const toml::parse_error& error) {
    refuse(place_of(name, error.source()), parser_text(error.description()));
  }
}

Table read_toml(const std::string& path) {
  FileBytes file;
  try {
    file = read_file(path, kMostBytes);
  } catch (const DataError& error) {
    refuse({path, 0, 0}, error.message(), error.hint());
  } catch (const RunError& error) {
    refuse({path, 0, 0}, error.what(), error.hint());
  }
  return parse_toml(std::string_view(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()), path);
}

std::vector<std::string> override_path(std::string_view assignment) { return split(assignment).path; }

void set_override(Table& root, std::string_view assignment) {
  const Override given = split(assignment);
  Value value = override_value(given);
  Table* table = &root;
  for (std::size_t i = 0; i + 1 < given.path.size(); ++i) {
    if (table->find(given.path[i]) == nullptr) table->set(given.path[i], given.place, Value(Table{}, given.place));
    Value* const next = table->find(given.path[i]);
    if (next->as<Table>() == nullptr)
      refuse(given.place, fmt::format("'{}' is {} ({}), not a table", printable(given.path[i]), next->kind(), next->place.text()),
             "set it as a whole");
    table = next->as<Table>();
  }
  table->set(given.path.back(), given.place, std::move(value));
}

}  // namespace tocsin
