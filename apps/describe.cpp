// SPDX-License-Identifier: Apache-2.0
// tocsin describe NAME: facts, paper and options of whatever has that name; `describe experiment`: every key of an experiment file.
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

Json json_of(const lab::CatalogueItem& item) {
  Json json{{"kind", item.kind}, {"name", item.name}, {"summary", item.summary}, {"paper", item.paper}, {"status", item.status}};
  json["facts"] = Json::object();
  for (const auto& [what, words] : item.facts) json["facts"][what] = words;
  json["options"] = Json::array();
  for (const OptionDoc& doc : item.options)
    json["options"].push_back(
        {{"key", doc.key}, {"type", doc.type}, {"default", doc.fallback}, {"range", doc.range}, {"help", doc.help}});
  json["example"] = item.example;
  return json;
}
}  // namespace

int describe(const CommandLine& line) {
  const std::vector<lab::CatalogueItem> items = lab::catalogue();
  std::vector<std::string> names{"experiment"};
  for (const lab::CatalogueItem& item : items) names.push_back(item.name);
  std::string text;
  Json json = Json::array();
  for (const std::string& wanted : line.names) {
    if (std::find(names.begin(), names.end(), wanted) == names.end()) {
      const std::vector<std::string> near = nearest_names(wanted, names);
      throw RunError(Exit::usage, fmt::format("nothing is named '{}'", printable(wanted)),
                     near.empty() ? "`tocsin list` prints all names" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
    }
    if (wanted == "experiment") text += line.markdown ? lab::experiment_file_markdown() : lab::experiment_file_text();
    for (const lab::CatalogueItem& item : items) {
      if (item.name != wanted) continue;
      text += (text.empty() ? "" : "\n") + lab::describe_text(item);
      json.push_back(json_of(item));
    }
  }
  std::fputs((line.json ? json.dump(2) + "\n" : text).c_str(), stdout);
  return 0;
}

}  // namespace tocsin::apps
