// SPDX-License-Identifier: Apache-2.0
// From a file and a command line to plans: variants merged over the file, --set over both, seeds counted up.
#include "tocsin/lab/experiment.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include "tocsin/core/bytes.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab {
namespace {
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;

/// One [[variant]].
struct Variant {
  std::string name;
  Table set;
};

std::vector<Variant> read_variants(const Table& root, const std::string& file, Faults& faults) {
  std::vector<Variant> variants;
  Table only;  // the other keys are read elsewhere
  if (const Value* value = root.find("variant")) only.set("variant", value->place, *value);
  Options options(&only, Place{file, 0, 0}, "", faults);
  std::set<std::string> names;
  for (Options& table : options.tables("variant", "what else to run")) {
    Variant variant;
    variant.name = table.text("name", {.fallback = std::nullopt, .help = "of the variant"});
    if (table.has("name") && !is_file_name(variant.name))
      table.fault("name", fmt::format("'{}' cannot be part of the name of a run directory", printable(variant.name)),
                  "small letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64");
    if (!names.insert(variant.name).second && table.has("name"))
      table.fault("name", fmt::format("there are two variants named '{}'", printable(variant.name)));
    const Value* set = table.raw("set", "table of dotted keys", std::nullopt, "keys of this variant");
    if (set != nullptr && set->as<Table>() == nullptr)
      table.fault("set", fmt::format("'set' must be a table of dotted keys, got {}", set->kind()));
    else if (set != nullptr)
      variant.set = *set->as<Table>();
    for (const char* key : {"variant", "name"})
      if (variant.set.find(key) != nullptr) table.fault("set", fmt::format("a variant cannot set '{}'", key));
    variants.push_back(std::move(variant));
  }
  options.finish();
  return variants;
}

std::string key_of(const std::string& setting) { return setting.substr(0, setting.find('=')); }

void check_settings(const std::vector<std::string>& settings) {
  std::vector<Fault> faults;
  std::set<std::string> keys;
  for (const std::string& setting : settings) {
    const std::string key = key_of(setting);
    if (!keys.insert(key).second) faults.push_back({Place{"--set " + key, 0, 0}, "this key is set twice", "leave one of them out"});
    if (key == "variant" || key.starts_with("variant."))
      faults.push_back({Place{"--set " + key, 0, 0}, "variants cannot be set", "--variant NAME chooses one"});
  }
  if (!faults.empty()) throw ConfigError(faults);
}

/// Faults of all variants, each once: most of them are faults of the file that every variant shares.
class AllFaults {
 public:
  void add(const ConfigError& error) {
    for (const Fault& fault : error.faults())
      if (seen_.emplace(fault.place.file, fault.place.line, fault.place.column, fault.message).second) faults_.push_back(fault);
  }
  void raise() const {
    if (!faults_.empty()) throw ConfigError(faults_);
  }

 private:
  std::set<std::tuple<std::string, std::size_t, std::size_t, std::string>> seen_;
  std::vector<Fault> faults_;
};

Table merged(const Table& base, const Variant& variant, const Request& request, std::size_t seed_number) {
  Table root = base;
  merge(root, variant.set);
  for (const std::string& setting : request.settings) set_override(root, setting);
  if (seed_number == 0) return root;
  std::int64_t seed = 1;
  Place place{"--seeds", 0, 0};
  if (const Value* given = root.find("seed")) {
    if (const std::int64_t* number = given->as<std::int64_t>()) seed = *number;
  }
  if (__builtin_add_overflow(seed, static_cast<std::int64_t>(seed_number), &seed)) seed = -1;  // out of range, and said so
  root.set("seed", place, Value(seed, place));
  return root;
}
}  // namespace

Experiment read_experiment(const Request& request) {
  Experiment experiment;
  experiment.file = request.file;
  read_toml(request.file);  // says what is wrong with a file that cannot be read at all
  const FileBytes bytes = read_file(request.file, kMostBytes);
  experiment.text.assign(bytes.bytes.begin(), bytes.bytes.end());
  Table base = parse_toml(experiment.text, request.file);
  check_settings(request.settings);

  Faults variant_faults;
  std::vector<Variant> variants = read_variants(base, request.file, variant_faults);
  AllFaults faults;
  try {
    variant_faults.raise();
  } catch (const ConfigError& error) {
    faults.add(error);
  }
  std::erase_if(base.members(), [](const Table::Member& member) { return member.key == "variant"; });
  if (!request.variant.empty()) {
    std::vector<std::string> names;
    for (const Variant& variant : variants) names.push_back(variant.name);
    if (std::find(names.begin(), names.end(), request.variant) == names.end())
      throw ConfigError(
          {Fault{Place{request.file, 0, 0},
                 names.empty() ? "the file has no variants" : detail::unknown_name("variant", request.variant, names), ""}});
    std::erase_if(variants, [&](const Variant& variant) { return variant.name != request.variant; });
  }
  if (variants.empty()) variants.push_back({});

  std::string folder = std::filesystem::path(request.file).parent_path().string();
  if (folder.empty()) folder = ".";
  for (std::size_t k = 0; k < request.seeds; ++k) {
    for (const Variant& variant : variants) try {
        experiment.plans.push_back(read_plan(merged(base, variant, request, k), base, variant.name, folder, request.file));
      } catch (const ConfigError& error) {
        faults.add(error);
      }
    faults.raise();
  }
  for (const Variant& variant : variants) experiment.variants.push_back(variant.name);
  experiment.name = experiment.plans.front().name;
  return experiment;
}

}  // namespace tocsin::lab
