// SPDX-License-Identifier: Apache-2.0
// What several tables of an experiment say together: clients and cohort, f and the rule, knowledge and the attack.
// Facts of the entries decide; more attackers than the defense assumes is an experiment, not an error.
#include <algorithm>

#include "tocsin/defense/rule_options.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab::detail {
namespace {

void check_malicious(const Plan& plan, const ThreatText& threat, Options table, Faults&) {
  const std::size_t clients = plan.partition.clients;
  if (threat.ids) {
    std::vector<std::size_t> sorted = *threat.ids;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) table.fault("malicious", fmt::format("client {} stands here twice", *twice));
    if (!sorted.empty() && sorted.back() >= clients)
      table.fault("malicious",
                  fmt::format("there is no client {}: {} clients are numbered 0 to {}", sorted.back(), clients, clients - 1));
  }
  if (threat.count && *threat.count > clients)
    table.fault("count", fmt::format("count = {} malicious clients, and there are {}", *threat.count, clients));
}

/// The least n the rule is defined for against the cohort.
void check_rule(const Plan& plan, PlanTables& tables, Faults& faults) {
  const std::size_t assumed = plan.threat.assumed;
  if (assumed > plan.cohort) {
    tables.threat.fault("assumed", fmt::format("assumed = {} malicious clients, and a round has {}", assumed, plan.cohort));
    return;
  }
  const auto& facts = plan.rule_entry->facts;
  const std::size_t least = facts.min_clients(assumed, tables.rule);
  if (plan.cohort < least) {
    const bool own = tables.rule.has("f");  // the rule's own key is what it expects, whatever the threat says
    const std::size_t f = own ? defense::read_assumed(tables.rule).of(assumed) : assumed;
    faults.add(own ? tables.rule.place("f") : tables.rule_place,
               fmt::format("rule '{}' needs at least {} clients a round for {}f = {}, and a round has {}", plan.rule_entry->name,
                           defense::needed_text(*plan.rule_entry, f, tables.rule), own ? "its own " : "", f, plan.cohort),
               fmt::format("more clients, a larger participation, or a smaller {}", own ? "f of the rule" : "[threat] assumed"));
  }
  if (plan.federation.alpha == fed::AlphaOver::all_clients && !facts.averages)
    tables.federation.fault(
        "alpha", fmt::format("alpha = \"all_clients\" needs a weighted mean, and rule '{}' is none", plan.rule_entry->name),
        "alpha = \"cohort\"");
  if (facts.needs_root)
    faults.add(tables.rule_place,
               fmt::format("rule '{}' needs data of the server's own, which no key grants yet", plan.rule_entry->name));
}

/// A schedule that begins behind the last round never comes due, and an estimate of the others needs an earlier round.
void check_schedule(const Plan& plan, PlanTables& tables) {
  const Table resolved = tables.attack.resolved();
  const Value* estimate = resolved.find("estimate");
  const std::string* kind = estimate == nullptr ? nullptr : estimate->as<std::string>();
  if (kind != nullptr && *kind != "none" && plan.federation.rounds == 1)
    tables.attack.fault("estimate", fmt::format("estimate = \"{}\" is made from an earlier round, and the run has 1", *kind),
                        "[federation] rounds = 2, or estimate = \"none\"");
  const Value* schedule = resolved.find("schedule");
  const Table* table = schedule == nullptr ? nullptr : schedule->as<Table>();
  const Value* start = table == nullptr ? nullptr : table->find("start");
  const std::int64_t* first = start == nullptr ? nullptr : start->as<std::int64_t>();
  if (first != nullptr && static_cast<std::size_t>(*first) > plan.federation.rounds)
    tables.attack.fault("schedule",
                        fmt::format("the attack begins in round {}, and the run has {}", *first, plan.federation.rounds));
}

void check_attack(const Plan& plan, const ThreatText& threat, PlanTables& tables, Faults& faults) {
  const auto& facts = plan.attack_entry->facts;
  const std::string_view name = plan.attack_entry->name;
  if (name == "none") return;
  check_schedule(plan, tables);
  if (threat.is_silent())
    faults.add(tables.attack_place, fmt::format("attack '{}' has nobody to carry it out", name),
               "say who is malicious in [threat]: malicious = [0], count = 1 or fraction = 0.1");
  if (facts.needs_targets && plan.targets.empty())
    faults.add(tables.attack_place, fmt::format("attack '{}' needs targets", name),
               "targets = { test_indices = [...], wanted = [...] }");
  if (!facts.fedsgd && plan.federation.algorithm == fed::Algorithm::fedsgd)
    faults.add(tables.attack_place,
               fmt::format("attack '{}' trains on its own and has no meaning with algorithm = \"fedsgd\"", name),
               "algorithm = \"fedavg\", or another attack");

  if (const std::size_t batch = facts.batch(tables.attack); batch > plan.training.batch)
    tables.attack.fault("batch",
                        fmt::format("batch = {} is more than the {} samples of [training] batch, which is all a replica holds",
                                    batch, plan.training.batch),
                        fmt::format("at most {}, or a larger [training] batch", plan.training.batch));
  std::vector<std::string> others;
  for (const Entry<attack::Attack>* other : attack::attacks()) {
    if (other->name == name || other->name == "none") continue;
    Faults scratch;
    Options defaults = Options::describing(scratch);
    if (other->facts.needs(defaults) <= plan.threat.knowledge) others.emplace_back(other->name);
  }
  const KnowledgeFault fault =
      knowledge_fault(name, facts.needs(tables.attack), plan.threat.knowledge, tables.threat.place("knowledge"), others);
  if (!fault.message.empty()) faults.add(tables.attack_place, fault.message, fault.hint);
}

/// Standard detectors are skipped where there is no hold-out or no row; one that was asked for says so before the start.
void check_detectors(const Plan& plan, const ThreatText& threat, Faults& faults) {
  const bool crafts = plan.attack_entry != nullptr && plan.attack_entry->facts.crafts && !threat.is_silent();
  const bool folds = plan.rule != nullptr && plan.rule->folds() && !plan.federation.keep_rows.value_or(true) && !crafts;
  for (const PlannedDetector& one : plan.detectors) {
    if (folds && one.asked_for)
      faults.add(
          one.place,
          fmt::format("detector '{}' looks at the rows of a round, and keep_rows = false lets them go as they finish", one.label),
          "leave keep_rows out, or the detector");
    if (one.entry->facts.needs_explanations && plan.validation.count == 0)
      faults.add(one.place,
                 fmt::format("detector '{}' explains models on labelled samples of the server's, and none are held out", one.label),
                 "[data] validation = 1000");
  }
}

}  // namespace

KnowledgeFault knowledge_fault(std::string_view name, attack::Level needs, attack::Level granted, const Place& place,
                               const std::vector<std::string>& others) {
  if (needs <= granted) return {};
  const std::string_view what = needs == attack::Level::server ? "the server's defense" : "the benign updates";
  const std::string where = place.line > 0 ? fmt::format(" (line {})", place.line) : "";
  std::string hint = fmt::format("set knowledge = \"{}\"", text(needs));
  if (!others.empty()) hint += ", or take one that does without: " + joined(others);
  return {fmt::format("attack '{}' needs {}, and knowledge = \"{}\"{} does not grant them", name, what, text(granted), where),
          hint};
}

void check_across(const Plan& plan, const ThreatText& threat, PlanTables tables, Faults& faults) {
  check_malicious(plan, threat, tables.threat, faults);
  if (plan.rule_entry != nullptr) check_rule(plan, tables, faults);
  if (plan.attack_entry != nullptr) check_attack(plan, threat, tables, faults);
  check_detectors(plan, threat, faults);
  if (!nn::available(plan.training.precision))
    tables.training.fault(
        "precision",
        fmt::format("precision = \"{}\" needs a CPU with AVX512_BF16, and this one has it not", nn::text(plan.training.precision)),
        "precision = \"float32\"");
}

}  // namespace tocsin::lab::detail
