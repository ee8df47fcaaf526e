// SPDX-License-Identifier: Apache-2.0
// tocsin list [KIND]: names and what they are, from the registries.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tocsin/lab/catalogue.h"
#include "tocsin/lab/sections.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;

/// "attacks" for "attack"; "data" stays.
std::string plural(std::string_view kind) { return kind == "data" ? "data" : std::string(kind) + "s"; }
}  // namespace

int list(const CommandLine& line) {
  const std::vector<std::string> kinds = lab::catalogue_kinds();
  for (const std::string& wanted : line.names)
    if (std::find(kinds.begin(), kinds.end(), wanted) == kinds.end())
      throw RunError(Exit::usage, unknown_name("kind", wanted, kinds));
  const std::vector<lab::CatalogueItem> items = lab::catalogue();
  std::size_t width = 0;
  for (const lab::CatalogueItem& item : items) width = std::max(width, item.name.size());
  std::string text;
  Json json = Json::array();
  for (const std::string& kind : kinds) {
    if (!line.names.empty() && std::find(line.names.begin(), line.names.end(), kind) == line.names.end()) continue;
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", kind);
    for (const lab::CatalogueItem& item : items) {
      if (plural(item.kind) != kind) continue;
      text += fmt::format("  {:<{}}  {}\n", item.name, width, item.summary);
      json.push_back(
          {{"kind", item.kind}, {"name", item.name}, {"summary", item.summary}, {"paper", item.paper}, {"status", item.status}});
    }
  }
  if (line.json)
    text = json.dump(2) + "\n";
  else
    text += "\ntocsin describe NAME says more\n";
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace tocsin::apps
