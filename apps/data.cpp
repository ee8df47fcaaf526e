// SPDX-License-Identifier: Apache-2.0
// tocsin data: which data sets are here, where, what is in them, and what to install for the others.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tocsin/data/catalog.h"
#include "tocsin/lab/sections.h"
#include "tocsin/lab/table.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;

struct Found {
  std::optional<data::Problem> problem;
  std::string missing;  ///< why not
};

Found look_for(const data::Known& known) {
  Table table;
  table.set("dataset", {}, Value(known.name));
  Faults faults;
  Options options(&table, {}, "[data]", faults);
  const data::Source source = data::read_source(options, ".");
  try {
    return {data::load(source, Stream(1).at("data")), ""};
  } catch (const DataError& error) {
    return {std::nullopt, error.what()};
  }
}

std::string shape_text(const data::Dataset& part) {
  const data::Shape& shape = part.shape;
  if (shape.height == 1 && shape.width == 1) return fmt::format("{} features", shape.channels);
  return shape.channels == 1 ? fmt::format("{} x {}", shape.height, shape.width)
                             : fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

void print(const data::Known& known, const Found& found) {
  std::string text = fmt::format("{}  {}\n", known.name, known.summary);
  if (!found.problem) {
    text += fmt::format("  not usable: {}\n", found.missing);
  } else {
    const data::Dataset &train = *found.problem->train, &test = *found.problem->test;
    text +=
        fmt::format("  {}{} training and {} test samples, {}, {}\n", known.places.empty() ? "made on demand, as it stands: " : "",
                    lab::grouped(train.size()), lab::grouped(test.size()), shape_text(train),
                    train.classes > 0 ? fmt::format("{} classes", train.classes) : "a regression");
    if (!known.licence.empty() && !known.places.empty()) text += fmt::format("  licence {}\n", known.licence);
    for (const data::SourceFile& file : found.problem->files)
      text += fmt::format("  {}  {:>11} bytes  {}\n", file.sha256, lab::grouped(file.size), printable(file.path, 4096));
  }
  std::fputs((text + "\n").c_str(), stdout);
}

Json json_of(const data::Known& known, const Found& found) {
  Json json{{"name", known.name}, {"summary", known.summary}, {"licence", known.licence}, {"places", known.places}};
  json["install"] = known.install;
  json["found"] = found.problem.has_value();
  if (!found.problem) {
    json["missing"] = found.missing;
    return json;
  }
  const data::Dataset &train = *found.problem->train, &test = *found.problem->test;
  json["train"] = train.size();
  json["test"] = test.size();
  json["shape"] = {train.shape.channels, train.shape.height, train.shape.width};
  json["classes"] = train.classes;
  json["files"] = Json::array();
  for (const data::SourceFile& file : found.problem->files)
    json["files"].push_back({{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  return json;
}
}  // namespace

int data(const CommandLine& line) {
  const std::vector<data::Known> all = data::known_datasets();
  std::vector<std::string> names;
  for (const data::Known& known : all) names.push_back(known.name);
  for (const std::string& wanted : line.names)
    if (std::find(names.begin(), names.end(), wanted) == names.end())
      throw RunError(Exit::usage, unknown_name("data set", wanted, names));
  Json json = Json::array();
  for (const data::Known& known : all) {
    if (!line.names.empty() && std::find(line.names.begin(), line.names.end(), known.name) == line.names.end()) continue;
    const Found found = look_for(known);
    if (line.json)
      json.push_back(json_of(known, found));
    else
      print(known, found);
  }
  if (line.json) std::fputs((json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stdout);
  return 0;
}

}  // namespace tocsin::apps
