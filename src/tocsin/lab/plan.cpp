// SPDX-License-Identifier: Apache-2.0
// A whole experiment file, table by table, into a plan.
#include "tocsin/lab/plan.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tocsin/core/bytes.h"
#include "tocsin/core/random.h"
#include "tocsin/lab/expect.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab {
namespace {
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostClients = std::size_t{1} << 24;
constexpr std::string_view kRuleHelp = "the aggregation rule: its name, or { name, ... } with its options (`tocsin list rules`)";
constexpr std::string_view kAttackHelp = "what the malicious clients do (`tocsin list attacks`); its options stand beside it";

/// What a plan's options read, at addresses that stay.
struct PlanText {
  Table root;
  Table rule;       ///< a rule given as a bare name, as a table
  Value detectors;  ///< the whole list of them, as resolved.toml shows it
  Faults faults;
};

bool same_place(const Place& a, const Place& b) { return a.line == b.line && a.column == b.column && a.file == b.file; }

const std::string* text_at(const Table& table, std::string_view key) {
  const Value* value = table.find(key);
  return value == nullptr ? nullptr : value->as<std::string>();
}

/// Marks every key as read: the method is unknown, so its options are neither right nor wrong.
void read_all(Options& options, const Table* table) {
  if (table == nullptr) return;
  for (const Table::Member& member : table->members()) options.raw(member.key, "", std::nullopt, "");
}

/// Faults at the keys of `table`, as its own method sees them (what is missing is for those who use it).
template <class Interface>
void check_method(const Table& table, const Registry<Interface>& registry, std::string_view kind, std::string_view title,
                  const std::vector<std::string_view>& shared, Faults& faults) {
  const std::string* name = text_at(table, "name");
  if (name == nullptr) return;
  const Entry<Interface>* entry = registry.find(*name);
  if (entry == nullptr) {
    faults.add(table.find("name")->place, unknown_name(kind, *name, registry.names()));
    return;
  }
  Faults found;
  Options options(&table, Place{}, std::string(title), found);
  for (const std::string_view key : shared) options.raw(key, "", std::nullopt, "");
  entry->make(options);
  options.finish();
  try {
    found.raise();
  } catch (const ConfigError& error) {
    for (const Fault& fault : error.faults())
      for (const Table::Member& member : table.members())
        if (same_place(fault.place, member.place) || same_place(fault.place, member.value.place)) {
          faults.add(fault.place, fault.message, fault.hint);
          break;
        }
  }
}

/// An override that names another method replaces the options of the method it replaces: `set = { attack.name = "none" }`.
/// They are still checked against the method they were written for. Keys in `shared` belong to every method.
template <class Interface>
void drop_replaced(Value* merged, const Value* base, const Registry<Interface>& registry, std::string_view kind,
                   std::string_view title, const std::vector<std::string_view>& shared, Faults& faults) {
  Table* now = merged == nullptr ? nullptr : merged->as<Table>();
  const Table* before = base == nullptr ? nullptr : base->as<Table>();
  if (now == nullptr || before == nullptr) return;
  const std::string *is = text_at(*now, "name"), *was = text_at(*before, "name");
  if (is == nullptr || (was == nullptr ? *is != "none" : *is == *was)) return;
  check_method(*before, registry, kind, title, shared, faults);
  std::erase_if(now->members(), [&](const Table::Member& member) {
    if (std::find(shared.begin(), shared.end(), member.key) != shared.end()) return false;
    const Value* old = before->find(member.key);
    return old != nullptr && same_place(old->place, member.value.place);
  });
}

Value* find(Table& root, std::string_view table, std::string_view key = "") {
  Value* found = root.find(table);
  if (key.empty() || found == nullptr) return found;
  Table* inner = found->as<Table>();
  return inner == nullptr ? nullptr : inner->find(key);
}

/// name and seed.
void read_head(Options& options, const std::string& stem, Plan& plan) {
  plan.name = options.text("name", {.fallback = stem, .help = "of the experiment; run directories begin with it"});
  plan.seed = options.count("seed", {.fallback = 1, .help = "where all randomness comes from"});
  if (!is_file_name(plan.name))
    options.fault("name", fmt::format("'{}' cannot be the name of a run directory", printable(plan.name)),
                  "small letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 64");
}

/// [attack] but for its targets.
void read_attack(Options& options, const Table* table, Plan& plan, Place& place) {
  const std::string name = options.text("name", {.fallback = "none", .help = kAttackHelp});
  place = options.place("name");
  plan.targets = detail::read_targets(
      options.table("targets", "test samples and the labels they shall get; evaluated and recorded whatever the attack"));
  plan.attack_entry = attack::attacks().find(name);
  if (plan.attack_entry != nullptr) {
    plan.attack = plan.attack_entry->make(options);
  } else {
    options.fault("name", unknown_name("attack", name, attack::attacks().names()));
    read_all(options, table);
  }
}

/// [defense]: the rule and the detectors, later transforms.
void read_defense(Options& options, PlanText& text, Plan& plan, Place& place) {
  const Value* given = options.raw("rule", "name, or { name, ... }", Value(std::string("weighted_mean")), kRuleHelp);
  const Table* table = given == nullptr ? nullptr : given->as<Table>();
  if (given != nullptr && table == nullptr && given->as<std::string>() == nullptr)
    options.fault("rule", fmt::format("'rule' must be a name or a table {{ name, ... }}, got {}", given->kind()));
  else if (table == nullptr) {
    text.rule.set("name", options.place("rule"), given == nullptr ? Value(std::string("weighted_mean")) : *given);
    table = &text.rule;
  }
  if (table != nullptr) {
    Options rule(table, options.place("rule"), "[defense.rule]", text.faults);
    const std::string name = rule.text("name", {.fallback = std::nullopt, .help = kRuleHelp});
    place = rule.place("name");
    plan.rule_entry = defense::aggregators().find(name);
    if (plan.rule_entry != nullptr) {
      plan.rule = plan.rule_entry->make(rule);
    } else if (rule.has("name")) {
      rule.fault("name", unknown_name("rule", name, defense::aggregators().names()));
      read_all(rule, table);
    }
    rule.finish();
    plan.rule_options = rule;
  }
  if (!options.tables("transforms", "none are known yet: an empty list").empty())
    options.fault("transforms", "no transforms are known yet", "transforms = []");
  plan.detectors = detail::read_detectors(options, text.faults, text.detectors);
  const std::string nonfinite =
      options.word("nonfinite", {.fallback = "count",
                                 .words = {"count", "keep"},
                                 .help = "rows with NaN or Inf are set aside: they count against f, or f stays as it is"});
  plan.nonfinite = nonfinite == "keep" ? defense::NonFiniteCounts::keep : defense::NonFiniteCounts::count;
}

/// Cohort, who is malicious, f.
void count_clients(Plan& plan, const detail::ThreatText& threat, Options& partition) {
  const std::size_t clients = plan.partition.clients;
  plan.cohort = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::llround(plan.federation.participation * static_cast<double>(clients))));
  plan.threat.knowledge = threat.knowledge;
  plan.threat.colluding = threat.colluding;
  std::size_t malicious = threat.ids ? threat.ids->size() : threat.count.value_or(0);
  if (threat.fraction) malicious = static_cast<std::size_t>(std::llround(*threat.fraction * static_cast<double>(clients)));
  plan.threat.assumed = threat.assumed.value_or(std::min(malicious, plan.cohort));
  if (clients > kMostClients) {
    partition.fault("clients", fmt::format("clients = {}: at most {} can be simulated", clients, kMostClients));
    return;
  }
  if (threat.ids) {
    for (const std::size_t id : *threat.ids)
      if (id < clients) plan.threat.malicious.push_back(static_cast<std::uint32_t>(id));
    std::sort(plan.threat.malicious.begin(), plan.threat.malicious.end());
  } else if (malicious > 0 && malicious <= clients) {
    plan.threat.malicious = choice(clients, malicious, Stream(plan.seed).at("malicious"));
  }
}

/// What must be equal for two plans to share loaded data.
std::string key_of_source(const Plan& plan, const Table& data) {
  Table origin;
  for (const Table::Member& member : data.members())
    if (member.key != "validation") origin.set(member.key, {}, member.value);
  const std::vector<data::Known> known = data::known_datasets();
  const auto found = std::find_if(known.begin(), known.end(), [&](const data::Known& one) { return one.name == plan.source.name; });
  const bool made = found != known.end() && found->places.empty();
  return write_toml(origin) + joined(plan.source.files, "\n") + (made ? fmt::format("\nmade for seed {}", plan.seed) : "");
}

/// Rows that a rule could fold are kept for detectors that were asked for. Where their name alone asks, resolved.toml would not say
/// so: it then says keep_rows.
bool keep_rows_for_detectors(Plan& plan) {
  if (plan.federation.keep_rows || !plan.rule->folds()) return false;
  bool by_name = false;
  for (const PlannedDetector& one : plan.detectors) {
    if (!one.asked_for) continue;
    plan.federation.keep_rows = true;
    by_name |= one.as_standard;
  }
  return by_name;
}

void resolve(Plan& plan, Options& root, const Value& validation, const Value& detectors) {
  plan.resolved = root.resolved();
  const auto put = [&](std::string_view table, std::string key, Value value) {
    if (Value* found = plan.resolved.find(table))
      if (Table* inner = found->as<Table>()) inner->set(std::move(key), {}, std::move(value));
  };
  put("data", "validation", validation);
  put("threat", "assumed", Value(static_cast<std::int64_t>(plan.threat.assumed)));
  put("defense", "rule", Value(plan.rule_options->resolved()));
  put("defense", "detectors", detectors);
  if (keep_rows_for_detectors(plan)) put("federation", "keep_rows", Value(true));
}

/// A run that keeps models must reach the rounds they are of.
void check_explain(const ExplainPlan& explain, const Plan& plan, Options& table, Options& federation) {
  for (const std::size_t round : explain.rounds)
    if (round > plan.federation.rounds)
      table.fault("rounds", fmt::format("round {} is asked for, and the run has {}", round, plan.federation.rounds));
  if (plan.federation.stop_at_accuracy)
    federation.fault("stop_at_accuracy", "a run that keeps models for explanations does not stop early",
                     "leave stop_at_accuracy out, or [explain]");
}

struct Section {
  std::string_view key, help;
};
constexpr Section kData{"data", "where the samples come from (`tocsin data`)"};
constexpr Section kPartition{"partition", "who gets which samples of the training part"};
constexpr Section kModel{"model", "the network: a built-in one (`tocsin list networks`), or layers of one's own"};
constexpr Section kTraining{"training", "what a benign client does with its samples in a round"};
constexpr Section kFederation{"federation", "how rounds go"};
constexpr Section kServer{"server", "how the aggregated update moves the global model"};
constexpr Section kThreat{"threat", "who is malicious, what they see, and what the defense is told to expect"};
constexpr Section kAttack{"attack", "what the malicious clients do, and to what end"};
constexpr Section kDefense{"defense", "how the server combines the updates of a round"};
constexpr Section kExplain{"explain", "explanations: which models a run keeps for them, and how sets of runs are compared"};
constexpr Section kVariant{"variant", "[[variant]]: a name and the keys in which it differs; a file with variants runs them all"};
constexpr Section kExpect{"expect",
                          "[[expect]]: what the experiment is claimed to show; judged by `tocsin reproduce`, never part of a plan"};
constexpr Section kSmall{"small",
                         "keys of the small size (--small), merged over the file before variants; the name gets the end -small"};
}  // namespace

std::string Plan::run_name() const {
  return variant.empty() ? fmt::format("{}-s{}", name, seed) : fmt::format("{}-{}-s{}", name, variant, seed);
}

std::string Plan::resolved_toml() const { return write_toml(resolved); }

std::string Plan::hash() const {
  const std::string bytes = fmt::format("{}\n{}", variant, resolved_toml());
  return sha256_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string run_hash(const Table& resolved) {
  Table unnamed = resolved;
  std::erase_if(unnamed.members(), [](const Table::Member& member) { return member.key == "name"; });
  const std::string bytes = write_toml(unnamed);
  return sha256_hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

std::string Plan::run_hash() const { return lab::run_hash(resolved); }

Plan read_plan(const Table& root, const Table& base, const std::string& variant, const std::string& folder,
               const std::string& file) {
  const auto text = std::make_shared<PlanText>();
  text->root = root;
  Faults& faults = text->faults;
  Table written = base;
  drop_replaced(find(text->root, "attack"), find(written, "attack"), attack::attacks(), "attack", "[attack]", {"name", "targets"},
                faults);
  drop_replaced(find(text->root, "defense", "rule"), find(written, "defense", "rule"), defense::aggregators(), "rule",
                "[defense.rule]", {"name"}, faults);

  Plan plan;
  plan.text = text;
  plan.variant = variant;
  Options options(&text->root, Place{file, 0, 0}, "", faults);
  const auto table = [&](const Section& section) { return options.table(section.key, section.help); };
  read_head(options, std::filesystem::path(file).stem().string(), plan);
  Options data = table(kData);
  plan.source = data::read_source(data, folder);
  Value validation;
  plan.validation = detail::read_validation(data, faults, validation);
  Options partition = table(kPartition);
  plan.partition = data::read_partition(partition, folder);
  Options model = table(kModel);
  plan.model = nn::read_model(model, folder);
  Options training = table(kTraining);
  plan.training = nn::read_training(training);
  Options federation = table(kFederation);
  plan.federation = detail::read_federation(federation);
  Options server = table(kServer);
  plan.federation.server = detail::read_server(server);
  Options threat_table = table(kThreat);
  const detail::ThreatText threat = detail::read_threat(threat_table);
  count_clients(plan, threat, partition);
  Place attack_place, rule_place;
  Options attack = table(kAttack);
  const Value* attack_value = text->root.find("attack");
  read_attack(attack, attack_value == nullptr ? nullptr : attack_value->as<Table>(), plan, attack_place);
  Options defense = table(kDefense);
  read_defense(defense, *text, plan, rule_place);
  if (options.has(kExplain.key)) {
    Options explain = table(kExplain);
    plan.explain = read_explain(explain);
    check_explain(*plan.explain, plan, explain, federation);
  } else {
    options.raw(kExplain.key, "", std::nullopt, kExplain.help);
  }
  for (const Section& section : {kVariant, kExpect, kSmall})  // read before, but names to be known
    options.raw(section.key, "", std::nullopt, section.help);
  options.finish();

  Faults scratch;
  detail::check_across(plan, threat,
                       {federation, threat_table, training, attack, plan.rule_options.value_or(Options::describing(scratch)),
                        attack_place, rule_place},
                       faults);
  if (plan.run_name().size() > kLongestName)
    options.fault("name",
                  fmt::format("the run directory '{}' would have a name longer than {}", printable(plan.run_name()), kLongestName),
                  "take a shorter one");
  faults.raise();

  plan.attack_classes = plan.attack_entry->facts.classes(attack);
  Options targets = attack.table("targets", "");
  plan.places = {data.place("validation"),
                 partition.place("clients"),
                 model.place(model.has("name") ? "name" : "layers"),
                 attack_place,
                 targets.place(plan.targets.count > 0 ? "count" : "test_indices"),
                 targets.place("wanted")};
  resolve(plan, options, validation, text->detectors);
  plan.source_key = key_of_source(plan, *plan.resolved.find("data")->as<Table>());
  return plan;
}

std::vector<TableDoc> experiment_file_docs() {
  std::vector<TableDoc> docs;
  Faults scratch;
  Plan plan;
  PlanText text;
  Place place;
  Value value;
  const auto add = [&](std::string title, std::string_view help, auto&& read) {
    Options options = Options::describing(scratch);
    read(options);
    docs.push_back({std::move(title), std::string(help), options.documented()});
  };
  const auto section = [&](const Section& which, auto&& read) { add(fmt::format("[{}]", which.key), which.help, read); };
  add("the file", "keys above the first table",
      [&](Options& options) { read_head(options, "the file's name without .toml", plan); });
  section(kData, [&](Options& options) {
    data::read_source(options, "");
    detail::read_validation(options, scratch, value);
  });
  add("[data] columns", "with kind = \"csv\": one table for each column of the files",
      [](Options& options) { data::read_column(options); });
  section(kPartition, [](Options& options) { data::read_partition(options, ""); });
  section(kModel, [](Options& options) { nn::read_model(options, ""); });
  section(kTraining, [](Options& options) { nn::read_training(options); });
  section(kFederation, [](Options& options) { detail::read_federation(options); });
  section(kServer, [](Options& options) { detail::read_server(options); });
  section(kThreat, [](Options& options) { detail::read_threat(options); });
  section(kAttack, [&](Options& options) {
    options.text("name", {.fallback = "none", .help = kAttackHelp});
    options.table("targets", "test samples and the labels they shall get; evaluated and recorded whatever the attack");
  });
  add("[attack.targets]", "named test samples, or some drawn by the seed", [](Options& options) { detail::read_targets(options); });
  section(kDefense, [&](Options& options) { read_defense(options, text, plan, place); });
  section(kExplain, [](Options& options) { read_explain(options); });
  section(kVariant, [](Options& options) {
    options.text("name", {.fallback = std::nullopt, .help = "of the variant; run directories are named for it"});
    read_size(options, "in which size of the experiment it runs");
    options.raw("set", "table", std::nullopt, "keys of this variant, dotted: { attack.name = \"none\" }");
    options.raw("small", "table", std::nullopt, "its keys in the small size alone, over `set`");
  });
  section(kSmall, [](Options& options) {
    options.raw("key.path", "as elsewhere", std::nullopt, "any key of the tables above: training.epochs = 1");
  });
  section(kExpect, [](Options& options) { describe_expectation(options); });
  return docs;
}

}  // namespace tocsin::lab
