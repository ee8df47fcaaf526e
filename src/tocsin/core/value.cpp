// SPDX-License-Identifier: Apache-2.0
// The tree of values: members in written order, merging, and writing it as TOML.
// Doubles are written in their shortest exact form, always with a point or an exponent, so that they stay floats when read back.
#include "tocsin/core/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tocsin {
namespace {
std::string quoted_text(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    // What a terminal would obey is written as an escape: `printable` shows which character that is.
    const std::size_t length = text.size() >= 3 && (text[0] & 0xf0) == 0xe0   ? 3
                               : text.size() >= 2 && (text[0] & 0xe0) == 0xc0 ? 2
                                                                              : 1;
    const std::string_view character = text.substr(0, length);
    const char c = text[0];
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (c == '\t')
      result += "\\t";
    else if (c == '\r')
      result += "\\r";
    else if (length == 1 && ((c >= 0 && c < 0x20) || c == 0x7f))
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else if (const std::string shown = printable(character); length > 1 && shown.rfind("\\u{", 0) == 0)
      result += fmt::format("\\u{:0>4}", std::string_view(shown).substr(3, shown.size() - 4));
    else
      result += character;
    text.remove_prefix(length);
  }
  return result + '"';
}

std::string key_text(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : quoted_text(key);
}

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string result(buffer.data(), end);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result;
}

std::string array_text(const Array& array) {
  std::vector<std::string> items;
  for (const Value& item : array) items.push_back(write_value(item));
  return "[" + joined(items) + "]";
}

std::string inline_table_text(const Table& table) {
  if (table.empty()) return "{}";
  std::vector<std::string> items;
  for (const Table::Member& member : table.members()) items.push_back(key_text(member.key) + " = " + write_value(member.value));
  return "{ " + joined(items) + " }";
}

void write_members(const Table& table, const std::string& path, std::string& out) {
  bool headed = path.empty();
  const auto head = [&] {
    if (!headed) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", path);
    headed = true;
  };
  if (table.empty()) head();
  for (const Table::Member& member : table.members()) {
    if (member.value.as<Table>() != nullptr) continue;
    head();
    out += fmt::format("{} = {}\n", key_text(member.key), write_value(member.value));
  }
  for (const Table::Member& member : table.members())
    if (const Table* inner = member.value.as<Table>())
      write_members(*inner, path + (path.empty() ? "" : ".") + key_text(member.key), out);
}
}  // namespace

const Value* Table::find(std::string_view key) const {
  for (const Member& member : members_)
    if (member.key == key) return &member.value;
  return nullptr;
}

Value* Table::find(std::string_view key) {
  for (Member& member : members_)
    if (member.key == key) return &member.value;
  return nullptr;
}

void Table::set(std::string key, Place key_place, Value value) {
  for (Member& member : members_)
    if (member.key == key) {
      member.place = std::move(key_place);
      member.value = std::move(value);
      return;
    }
  members_.push_back({std::move(key), std::move(key_place), std::move(value)});
}

std::string_view Value::kind() const {
  constexpr std::array<std::string_view, 6> kKinds{"a boolean", "an integer", "a float", "a string", "an array", "a table"};
  return kKinds[data.index()];
}

void merge(Table& base, const Table& over) {
  for (const Table::Member& member : over.members()) {
    Value* const old = base.find(member.key);
    const Table* const inner = member.value.as<Table>();
    if (old != nullptr && inner != nullptr && old->as<Table>() != nullptr)
      merge(*old->as<Table>(), *inner);
    else
      base.set(member.key, member.place, member.value);
  }
}

std::string write_value(const Value& value) {
  if (const auto* flag = value.as<bool>()) return *flag ? "true" : "false";
  if (const auto* integer = value.as<std::int64_t>()) return std::to_string(*integer);
  if (const auto* number = value.as<double>()) return number_text(*number);
  if (const auto* text = value.as<std::string>()) return quoted_text(*text);
  if (const auto* array = value.as<Array>()) return array_text(*array);
  return inline_table_text(*value.as<Table>());
}

std::string write_toml(const Table& root) {
  std::string result;
  write_members(root, "", result);
  return result;
}

}  // namespace tocsin
