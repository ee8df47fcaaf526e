// SPDX-License-Identifier: Apache-2.0
// Records read back. What `record_line` writes is what may be named here: a test holds the two together.
#include "tocsin/lab/record_fields.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"
#include "tocsin/defense/detector_registry.h"
#include "tocsin/lab/summary.h"

namespace tocsin::lab {
namespace {
using Json = nlohmann::ordered_json;
constexpr std::uint64_t kLargestRecords = std::uint64_t{1} << 30;

constexpr int kDeepest = 32;  ///< lists and objects within each other

/// JSON as a tree of values; what is null is left out, in lists it is "null". Throws std::invalid_argument if it is too deep.
Value value_of(const Json& json, int depth = 0) {
  require(depth <= kDeepest, "more than {} lists and objects within each other", kDeepest);
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_integer()) return Value(json.get<std::int64_t>());
  if (json.is_number()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  if (json.is_null()) return Value(std::string("null"));
  if (json.is_array()) {
    Array array;
    for (const Json& element : json) array.push_back(value_of(element, depth + 1));
    return Value(std::move(array));
  }
  Table table;
  for (const auto& [key, element] : json.items())
    if (!element.is_null()) table.set(key, {}, value_of(element, depth + 1));
  return Value(std::move(table));
}

const Value* find(const Table& record, std::string_view field) {
  const Table* table = &record;
  for (;;) {
    const std::size_t dot = field.find('.');
    const Value* value = table->find(field.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    table = value->as<Table>();
    if (table == nullptr) return nullptr;
    field.remove_prefix(dot + 1);
  }
}

std::optional<double> number_of(const Value& value) {
  if (const bool* flag = value.as<bool>()) return *flag ? 1.0 : 0.0;
  if (const auto* count = value.as<std::int64_t>()) return static_cast<double>(*count);
  if (const double* number = value.as<double>()) return *number;
  const std::string* word = value.as<std::string>();
  if (word == nullptr) return std::nullopt;
  if (*word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (*word == "inf") return std::numeric_limits<double>::infinity();
  if (*word == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::set<std::int64_t> ids_of(const Table& record, std::string_view key) {
  std::set<std::int64_t> ids;
  const Value* value = record.find(key);
  const Array* array = value == nullptr ? nullptr : value->as<Array>();
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i)
    if (const auto* id = (*array)[i].as<std::int64_t>()) ids.insert(*id);
  return ids;
}

/// The values of the malicious, or of the benign, clients of the cohort; those without one are left out.
std::vector<double> values_of(const Table& record, const Array& values, bool malicious) {
  const std::set<std::int64_t> cohort = ids_of(record, "cohort"), bad = ids_of(record, "malicious");
  std::vector<double> chosen;
  if (values.size() != cohort.size()) return chosen;
  auto client = cohort.begin();  // ids ascend, as the list does
  for (std::size_t i = 0; i < values.size(); ++i, ++client)
    if ((bad.count(*client) > 0) == malicious)
      if (const std::optional<double> number = number_of(values[i])) chosen.push_back(*number);
  return chosen;
}

std::optional<double> share_of(const Table& record, std::string_view field, bool malicious) {
  const std::set<std::int64_t> ids = ids_of(record, field), cohort = ids_of(record, "cohort"), bad = ids_of(record, "malicious");
  std::size_t of = 0, chosen = 0;
  for (const std::int64_t client : cohort) {
    if ((bad.count(client) > 0) != malicious) continue;
    ++of;
    chosen += ids.count(client);
  }
  if (of == 0) return std::nullopt;
  return static_cast<double>(chosen) / static_cast<double>(of);
}

constexpr std::string_view kGap = ".gap";  ///< not in the records, made of what is

/// How far the distances of the malicious clients lie outside the band of the benign ones, below it or above; negative where they
/// reach into it. Made of four fields of the record.
std::optional<double> gap_of(const Table& record, std::string_view band) {
  const auto edge = [&](std::string_view name) {
    const Value* value = find(record, fmt::format("{}.{}", band, name));
    return value == nullptr ? std::nullopt : number_of(*value);
  };
  const std::optional<double> least = edge("malicious_min"), most = edge("malicious_max"), low = edge("benign_min"),
                              high = edge("benign_max");
  if (!least || !most || !low || !high) return std::nullopt;
  return std::max(*least - *high, *low - *most);
}
}  // namespace

std::vector<RecordField> record_fields(const std::vector<std::string>& labels) {
  std::vector<RecordField> fields;
  const auto add = [&](FieldShape shape, const std::string& front, std::initializer_list<const char*> names) {
    for (const char* name : names) fields.push_back({front + name, shape});
  };
  add(FieldShape::number, "",
      {"test_accuracy", "test_balanced_accuracy", "test_loss", "validation_accuracy", "validation_loss", "target_confidence",
       "attack_success_rate", "held", "diverged", "malicious_share"});
  for (const char* result : {"result.", "result_by_samples."})
    add(FieldShape::number, result, {"distance", "relative", "cosine", "kappa"});
  add(FieldShape::ids, "", {"selected"});
  add(FieldShape::per_client, "", {"weights", "update_norms", "distance_to_mean", "cosine_to_mean", "train_loss"});
  std::vector<std::string> all;  // label and suffix of every reading
  const auto add_readings = [&](std::string_view label, const Entry<defense::Detector>& entry) {
    for (const defense::Detector::ReadingName& name : entry.facts.readings) {
      const std::string reading = std::string(label) + std::string(name.suffix);
      if (!name.title.empty() && std::find(all.begin(), all.end(), reading) == all.end()) all.push_back(reading);
    }
  };
  for (const Entry<defense::Detector>* entry : defense::detectors()) add_readings(entry->name, *entry);
  for (const std::string& label : labels)  // of whichever detector
    for (const Entry<defense::Detector>* entry : defense::detectors()) add_readings(label, *entry);
  const std::initializer_list<const char*> figures{"accuracy_alone", "accuracy_without", "nearest", "farthest",
                                                   "cosine",         "sparsity",         "range"};
  for (const std::string& label : all) {
    const std::string truth = "stealth." + label + ".", blind = "detectors." + label + ".";
    add(FieldShape::number, truth,
        {"passed", "false_alarms", "benign", "detected", "malicious", "auc", "suspicion", "benign_suspicion"});
    add(FieldShape::number, truth + "malicious_", figures);
    add(FieldShape::number, truth + "benign_", figures);
    add(FieldShape::per_client, blind, {"suspicion", "flagged"});
    add(FieldShape::per_client, blind, figures);
    add(FieldShape::number, blind, {"threshold"});
  }
  for (const char* band : {"stealth.band.", "stealth.band_weights."})
    add(FieldShape::number, band, {"figure", "malicious_min", "malicious_max", "benign_min", "benign_max", "passed", "gap"});
  // Not in the records: `reproduce` adds them to the last record of the attacked runs that it compared (reproduce_comparison.cpp).
  add(FieldShape::number, "comparison.",
      {"cells", "distinguishable", "indistinguishable", "blind", "shifted", "undecided", "closer"});
  add(FieldShape::number, "stealth.histogram.", {"wasserstein", "wasserstein_benign", "ks", "ks_benign"});
  return fields;
}

Table parse_record(std::string_view line, const std::string& file, std::size_t number) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) throw DataError(file, std::nullopt, fmt::format("line {} is no JSON object", number));
  try {
    return std::move(*value_of(json).as<Table>());
  } catch (const std::invalid_argument& error) {
    throw DataError(file, std::nullopt, fmt::format("line {}: {}", number, error.what()));
  }
}

std::vector<Table> read_records(const FinishedRun& run) {
  const FileBytes bytes = run.read("records.jsonl", kLargestRecords);
  std::vector<Table> records;
  std::string_view rest(reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    records.push_back(parse_record(rest.substr(0, end), bytes.path, records.size() + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return records;
}

std::optional<double> value_in(const Table& record, std::string_view field, Whose whose) {
  const bool malicious = whose == Whose::malicious;
  if (field.ends_with(kGap)) return gap_of(record, field.substr(0, field.size() - kGap.size()));
  const Value* value = find(record, field);
  if (value == nullptr) return std::nullopt;
  if (field == "selected") return share_of(record, field, malicious);
  const Array* array = value->as<Array>();
  if (array == nullptr) return number_of(*value);
  std::vector<double> values = values_of(record, *array, malicious);
  if (values.empty()) return std::nullopt;
  if (whose == Whose::lowest_benign) return *std::min_element(values.begin(), values.end());
  if (whose == Whose::highest_benign) return *std::max_element(values.begin(), values.end());
  return median_of(std::move(values));
}

bool is_attacked(const Table& record) { return !ids_of(record, "malicious").empty(); }

}  // namespace tocsin::lab
