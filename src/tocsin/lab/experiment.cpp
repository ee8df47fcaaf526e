// SPDX-License-Identifier: Apache-2.0
// From a file and a command line to plans: [small] merged over the file, then a variant, then --set; seeds counted up.
#include "tocsin/lab/experiment.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>

#include "tocsin/lab/sections.h"

namespace tocsin::lab {
namespace {
/// One [[variant]].
struct Variant {
  std::string name;
  Size size = Size::both;
  Table set, small;  ///< `small`: in that size only, over `set`
};

/// Keys that belong to the file as a whole.
constexpr const char* kOfTheFile[] = {"name", "variant", "expect", "small"};

/// `root` with one key alone: the others are read elsewhere.
Table only(const Table& root, const char* key) {
  Table table;
  if (const Value* value = root.find(key)) table.set(key, value->place, *value);
  return table;
}

/// A table of keys to merge over the file.
Table read_keys(Options& options, const char* key, std::string_view who, std::string_view help) {
  const Value* set = options.raw(key, "table of dotted keys", std::nullopt, help);
  if (set == nullptr) return {};
  const Table* table = set->as<Table>();
  if (table == nullptr) {
    options.fault(key, fmt::format("'{}' must be a table of dotted keys, got {}", key, set->kind()));
    return {};
  }
  for (const char* forbidden : kOfTheFile)
    if (table->find(forbidden) != nullptr) options.fault(key, fmt::format("{} cannot set '{}'", who, forbidden));
  return *table;
}

std::vector<Variant> read_variants(const Table& root, const std::string& file, Faults& faults) {
  std::vector<Variant> variants;
  const Table table_of_variants = only(root, "variant");
  Options options(&table_of_variants, Place{file, 0, 0}, "", faults);
  std::set<std::string> names;
  for (Options& table : options.tables("variant", "what else to run")) {
    Variant variant;
    variant.name = table.text("name", {.fallback = std::nullopt, .help = "of the variant"});
    if (table.has("name") && !is_file_name(variant.name))
      table.fault("name", fmt::format("'{}' cannot be part of the name of a run directory", printable(variant.name)),
                  "small letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64");
    if (!names.insert(variant.name).second && table.has("name"))
      table.fault("name", fmt::format("there are two variants named '{}'", printable(variant.name)));
    variant.size = read_size(table, "in which size of the experiment it runs");
    variant.set = read_keys(table, "set", "a variant", "keys of this variant");
    variant.small = read_keys(table, "small", "a variant", "its keys in the small size alone, over `set`");
    variants.push_back(std::move(variant));
  }
  options.finish();
  return variants;
}

/// The [small] table; nothing if there is none.
std::optional<Table> read_small(const Table& root, const std::string& file, Faults& faults) {
  const Table table = only(root, "small");
  Options options(&table, Place{file, 0, 0}, "", faults);
  Table keys = read_keys(options, "small", "[small]", "keys of the small size");
  if (table.empty()) return std::nullopt;
  return keys;
}

/// Labels that detectors are given anywhere in `table`: records have fields named for them.
void collect_labels(const Table& table, std::vector<std::string>& labels) {
  for (const Table::Member& member : table.members()) {
    if (const Table* inner = member.value.as<Table>()) collect_labels(*inner, labels);
    if (const auto* label = member.value.as<std::string>(); label != nullptr && member.key == "label") labels.push_back(*label);
    if (const Array* array = member.value.as<Array>())
      for (const Value& element : *array)
        if (const Table* inner = element.as<Table>()) collect_labels(*inner, labels);
  }
}

std::vector<Expectation> read_claims(const Table& root, const std::vector<Variant>& variants, const std::string& file,
                                     Faults& faults) {
  std::vector<VariantName> names;
  for (const Variant& variant : variants) names.push_back({variant.name, variant.size});
  if (names.empty()) names.push_back({});
  std::vector<std::string> labels;
  collect_labels(root, labels);
  const Table table = only(root, "expect");
  Options options(&table, Place{file, 0, 0}, "", faults);
  std::vector<Expectation> expectations = read_expectations(options, names, record_fields(labels));
  options.finish();
  return expectations;
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

/// `base` has [small] in it already, if that is asked for.
Table merged(const Table& base, const Variant& variant, const Request& request, std::size_t seed_number) {
  Table root = base;
  merge(root, variant.set);
  if (request.small) merge(root, variant.small);
  for (const std::string& setting : request.settings) set_override(root, setting);
  if (request.small) {
    const Value* given = root.find("name");
    const std::string* name = given == nullptr ? nullptr : given->as<std::string>();
    const std::string stem = std::filesystem::path(request.file).stem().string();
    const Place place = given == nullptr ? Place{request.file, 0, 0} : given->place;
    if (given == nullptr || name != nullptr)
      root.set("name", place, Value(fmt::format("{}-small", name == nullptr ? stem : *name), place));
  }
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
/// Those of the size asked for, or the one asked for.
void choose_variants(std::vector<Variant>& variants, const Request& request, const AllFaults& faults) {
  const bool any = !variants.empty();
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.name);
  const bool known = std::find(names.begin(), names.end(), request.variant) != names.end();
  if (!request.variant.empty() && !known)
    throw RunError(Exit::usage,
                   fmt::format("--variant: {}: {}", printable(request.file, 4096),
                               names.empty() ? "the file has no variants" : unknown_name("variant", request.variant, names)));
  std::erase_if(variants, [&](const Variant& variant) {
    return !belongs(variant.size, request.small) || (!request.variant.empty() && variant.name != request.variant);
  });
  if (!any || !variants.empty()) return;
  faults.raise();
  throw ConfigError(
      {Fault{Place{request.file, 0, 0},
             fmt::format("{} runs in the {} size only", known ? fmt::format("variant '{}'", request.variant) : "every variant",
                         request.small ? "full" : "small"),
             request.small ? "leave --small out" : "--small"}});
}

/// Variants that [explain] compares are variants of the file.
void check_compared(const Plan& plan, const std::vector<std::string>& known, Faults& faults) {
  if (!plan.explain || known.empty()) return;
  for (const std::string* name : {&plan.explain->benign, &plan.explain->attacked, &plan.explain->sham})
    if (!name->empty() && std::find(known.begin(), known.end(), *name) == known.end())
      faults.add(plan.explain->places.compare, unknown_name("variant", *name, known));
}
}  // namespace

Experiment read_experiment(const Request& request) { return read_experiment(request, read_toml_text(request.file)); }

Experiment read_experiment(const Request& request, std::string text) {
  Experiment experiment;
  experiment.file = request.file;
  experiment.text = std::move(text);
  Table base = parse_toml(experiment.text, request.file);
  check_settings(request.settings);

  Faults head_faults;
  std::vector<Variant> variants = read_variants(base, request.file, head_faults);
  const std::optional<Table> small = read_small(base, request.file, head_faults);
  experiment.expectations = read_claims(base, variants, request.file, head_faults);
  AllFaults faults;
  try {
    head_faults.raise();
  } catch (const ConfigError& error) {
    faults.add(error);
  }
  std::erase_if(base.members(), [](const Table::Member& member) {
    return member.key == "variant" || member.key == "expect" || member.key == "small";
  });
  experiment.has_small = small.has_value();
  if (request.small && !small)
    throw ConfigError({Fault{Place{request.file, 0, 0}, "the file has no [small] table", "run it without --small, or write one"}});
  if (request.small) merge(base, *small);
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.name);
  std::erase_if(experiment.expectations, [&](const Expectation& one) { return !belongs(one.size, request.small); });
  choose_variants(variants, request, faults);
  if (variants.empty()) variants.push_back({});

  std::string folder = std::filesystem::path(request.file).parent_path().string();
  if (folder.empty()) folder.push_back('.');
  for (std::size_t k = 0; k < request.seeds; ++k) {
    for (const Variant& variant : variants) try {
        experiment.plans.push_back(read_plan(merged(base, variant, request, k), base, variant.name, folder, request.file));
      } catch (const ConfigError& error) {
        faults.add(error);
      }
    faults.raise();
  }
  Faults compared;
  check_compared(experiment.plans.front(), names, compared);
  compared.raise();
  for (const Variant& variant : variants) experiment.variants.push_back(variant.name);
  experiment.name = experiment.plans.front().name;
  return experiment;
}

}  // namespace tocsin::lab
