// SPDX-License-Identifier: Apache-2.0
// Reads the list of detectors; every label, with the suffixes of readings, must be one of a kind, since records are keyed by it.
#include "tocsin/lab/detectors.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tocsin/fed/explanations.h"
#include "tocsin/lab/plan.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab::detail {
namespace {

/// One detector and what stands in resolved.toml for it.
struct Read {
  PlannedDetector planned;
  Table resolved;
};

/// Looks the names up that only the room `explain` knows, each a fault of its own.
void check_names(const ExplanationQuestion& question, Options& options) {
  const auto look_up = [&](std::string_view key, const ExplanationQuestion& asked) {
    try {
      fed::check_names(asked);
    } catch (const std::invalid_argument& error) {
      options.fault(key, error.what());
    }
  };
  look_up("method", {.method = question.method});
  look_up("similarity", {.similarity = question.similarity});
}

/// A listed detector; nothing if its name is unknown.
std::optional<Read> read_one(Options& options) {
  const std::string name = options.text("name", {.fallback = std::nullopt, .help = "of the detector (`tocsin list detectors`)"});
  if (!options.has("name")) return std::nullopt;
  const Entry<defense::Detector>* entry = defense::detectors().find(name);
  if (entry == nullptr) {
    options.fault("name", unknown_name("detector", name, defense::detectors().names()));
    return std::nullopt;
  }
  const std::string label = options.label("label", {.fallback = entry->name, .help = "what it is called in the records"});
  PlannedDetector planned{.label = label, .entry = entry, .detector = entry->make(options), .place = options.place("name")};
  if (const ExplanationQuestion* question = planned.detector->question()) check_names(*question, options);
  return Read{std::move(planned), options.resolved()};
}

/// A standard detector with all its defaults.
Read read_standard(const Entry<defense::Detector>& entry, Faults& faults) {
  Options options(nullptr, Place{}, "[defense]", faults);
  options.text("name", {.fallback = entry.name, .help = ""});
  options.text("label", {.fallback = entry.name, .help = ""});
  PlannedDetector planned{.label = std::string(entry.name), .entry = &entry, .detector = entry.make(options)};
  return {std::move(planned), options.resolved()};
}

/// Whether some listed detectors are just the standard ones, all of them: resolved.toml lists these too, so it asks for nothing.
bool names_every_standard(const std::set<std::string>& listed) {
  return std::all_of(defense::detectors().begin(), defense::detectors().end(), [&](const Entry<defense::Detector>* entry) {
    return !entry->facts.standard || listed.count(std::string(entry->name)) == 1;
  });
}

/// Where records of a detector stand: its label with each suffix.
std::vector<std::string> keys_of(const PlannedDetector& planned) {
  std::vector<std::string> keys;
  for (const defense::Detector::ReadingName& name : planned.entry->facts.readings)
    if (!name.title.empty()) keys.push_back(planned.label + std::string(name.suffix));
  return keys;
}
}  // namespace

std::vector<PlannedDetector> read_detectors(Options& defense, Faults& faults, Value& resolved) {
  const bool standard =
      defense.flag("standard_detectors",
                   {.fallback = true,
                    .help = "measure every update of every round by the standard detectors, for the records; they change nothing"});
  std::vector<Options> listed =
      defense.tables("detectors",
                     "detectors beside the standard ones, or in their place with other options: names, or { name, label, ... } "
                     "(`tocsin list detectors`)");
  std::vector<Read> reads;
  if (standard)
    for (const Entry<defense::Detector>* entry : defense::detectors())
      if (entry->facts.standard) reads.push_back(read_standard(*entry, faults));
  const std::size_t standards = reads.size();
  std::set<std::string> listed_labels;
  for (Options& options : listed) {
    std::optional<Read> read = read_one(options);
    if (!read) {
      for (const Entry<defense::Detector>* entry : defense::detectors())  // its options are neither right nor wrong
        for (const OptionDoc& doc : options_of(*entry)) options.raw(doc.key, "", std::nullopt, "");
      options.raw("label", "", std::nullopt, "");
      continue;
    }
    const std::string& label = read->planned.label;
    read->planned.asked_for = true;
    if (!listed_labels.insert(label).second)
      options.fault(options.has("label") ? "label" : "name", fmt::format("detector '{}' is listed twice", label),
                    "give one of them another label = \"...\"");
    const auto same = std::find_if(reads.begin(), reads.begin() + static_cast<std::ptrdiff_t>(standards),
                                   [&](const Read& one) { return one.planned.label == label; });
    if (same != reads.begin() + static_cast<std::ptrdiff_t>(standards)) {
      read->planned.as_standard = write_toml(read->resolved) == write_toml(same->resolved);
      *same = std::move(*read);
    } else
      reads.push_back(std::move(*read));
  }
  if (standard && names_every_standard(listed_labels))
    for (Read& read : reads)
      if (read.planned.as_standard) read.planned.asked_for = false;
  std::set<std::string> taken{"band", "band_weights", "histogram"};  // these stand beside detectors in a record
  Array list;
  std::vector<PlannedDetector> result;
  for (Read& read : reads) {
    for (const std::string& key : keys_of(read.planned))
      if (!taken.insert(key).second && listed_labels.count(read.planned.label) == 1)
        defense.fault("detectors", fmt::format("two detectors would stand in the records as '{}'", key), "give one another label");
    list.emplace_back(std::move(read.resolved));
    result.push_back(std::move(read.planned));
  }
  resolved = Value(std::move(list));
  return result;
}

}  // namespace tocsin::lab::detail
