// SPDX-License-Identifier: Apache-2.0
// The report of an experiment: one table over rounds, one of what the attacker sent, one over seeds, and what it all means in
// words.
#include "tocsin/lab/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"

namespace tocsin::lab {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kWidest = 98;      // with the indent, 100 columns
constexpr std::size_t kMostRounds = 24;  // rows of a table over rounds

using Series = std::vector<double> Summary::*;

std::string name_of(const Group& group) { return group.variant.empty() ? "run" : group.variant; }

std::size_t rounds_of(const std::vector<Group>& groups) {
  std::size_t most = 0;
  for (const Group& group : groups)
    for (const Summary* run : group.runs) most = std::max(most, run->rounds);
  return most;
}

/// Mean over the seeds that got as far as round r (from 1); NaN if none did.
double mean_at(const Group& group, Series series, std::size_t round) {
  std::vector<double> values;
  for (const Summary* run : group.runs)
    if ((run->*series).size() >= round) values.push_back((run->*series)[round - 1]);
  return spread(std::move(values)).mean;
}

/// All rounds, or the first, the last and some between.
std::vector<std::size_t> shown_rounds(std::size_t rounds) {
  std::vector<std::size_t> shown;
  const std::size_t count = std::min(rounds, kMostRounds);
  for (std::size_t k = 0; k < count; ++k) shown.push_back(count == 1 ? 1 : 1 + k * (rounds - 1) / (count - 1));
  return shown;
}

/// "0.9962 ##########"
std::string bar(double share) {
  constexpr double kCells = 10;
  if (std::isnan(share)) return std::string(10, ' ');
  const auto filled = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kCells));
  return std::string(filled, '#') + std::string(10 - filled, '.');
}

std::string score(double value, bool regression) { return regression ? figure(value) : percent(value); }

/// Whether accuracy alone says little of any of them.
bool are_uneven(const std::vector<Group>& groups) {
  return std::any_of(groups.begin(), groups.end(), [](const Group& group) { return is_uneven(*group.runs.front()); });
}

/// Accuracy (or loss), balanced where classes are uneven, and confidence of some variants over rounds.
Grid rounds_grid(const std::vector<Group>& groups, const std::vector<std::size_t>& rounds) {
  const Summary& first = *groups.front().runs.front();
  const Series main = first.regression ? &Summary::test_loss : &Summary::test_accuracy;
  const bool targets = std::any_of(groups.begin(), groups.end(), [](const Group& g) { return !g.runs.front()->targets.empty(); });
  const bool balanced = are_uneven(groups);
  Grid grid(0);
  std::vector<std::string> head{"round"};
  for (std::size_t k = balanced ? 0 : 1; k < 2; ++k)
    for (const Group& group : groups) head.push_back(name_of(group));
  const std::size_t before_targets = head.size();
  if (targets)
    for (const Group& group : groups) {
      head.push_back(name_of(group));
      head.emplace_back();
    }
  grid.row(head);
  grid.group(first.regression ? "test loss" : "test accuracy", 1, groups.size());
  if (balanced) grid.group("balanced", 1 + groups.size(), groups.size());
  if (targets) grid.group("confidence in the wanted label", before_targets, 2 * groups.size());
  for (const std::size_t round : rounds) {
    std::vector<std::string> row{std::to_string(round)};
    for (const Group& group : groups) row.push_back(score(mean_at(group, main, round), first.regression));
    for (const Group& group : groups)
      if (balanced) row.push_back(percent(mean_at(group, &Summary::test_balanced_accuracy, round)));
    for (const Group& group : groups) {
      if (!targets) break;
      const double confidence = mean_at(group, &Summary::target_confidence, round);
      row.push_back(std::isnan(confidence) ? "-" : fmt::format("{:.4f}", confidence));
      row.push_back(bar(confidence));
    }
    grid.row(std::move(row));
  }
  return grid;
}

/// Tables over rounds, as many variants side by side as 100 columns hold.
std::string rounds_text(const std::vector<Group>& groups, const Ink& ink) {
  const std::vector<std::size_t> rounds = shown_rounds(rounds_of(groups));
  std::string result;
  for (std::size_t begin = 0; begin < groups.size();) {
    std::size_t end = groups.size();
    const auto part = [&] {
      return std::vector<Group>(groups.begin() + static_cast<std::ptrdiff_t>(begin),
                                groups.begin() + static_cast<std::ptrdiff_t>(end));
    };
    while (end > begin + 1 && rounds_grid(part(), rounds).width() > kWidest) --end;
    result += rounds_grid(part(), rounds).text(ink) + "\n";
    begin = end;
  }
  if (are_uneven(groups))
    result += fmt::format("  {}balanced: mean over classes; answering the most frequent class always is right in {}{}\n\n", ink.dim,
                          percent(groups.front().runs.front()->majority_baseline), ink.off);
  return result;
}

/// One field of the stealth figures at a round, mean over seeds.
double stealth_at(const Group& group, double Stealth::*field, std::size_t round) {
  std::vector<double> values;
  for (const Summary* run : group.runs)
    for (const Stealth& one : run->stealth)
      if (one.round == round) values.push_back(one.*field);
  return spread(std::move(values)).mean;
}

bool has_attack(const Group& group) { return group.runs.front()->attack != "none" && !group.runs.front()->malicious.empty(); }

std::string stealth_text(const Group& group, const Ink& ink) {
  const std::vector<std::size_t> rounds = shown_rounds(rounds_of({group}));
  const bool rows = std::any_of(rounds.begin(), rounds.end(), [&](std::size_t round) {
    return !std::isnan(stealth_at(group, &Stealth::benign_distance, round));
  });
  Grid grid(0);
  grid.row(rows ? std::vector<std::string>{"round", "attacker", "others", "attacker", "others", "attacker", "others"}
                : std::vector<std::string>{"round", "attacker", "others"});
  grid.group("norm", 1, 2);
  if (rows) grid.group("distance to mean", 3, 2);
  if (rows) grid.group("cosine with mean", 5, 2);
  for (const std::size_t round : rounds) {
    std::vector<std::string> row{std::to_string(round)};
    for (double Stealth::*field : {&Stealth::malicious_norm, &Stealth::benign_norm, &Stealth::malicious_distance,
                                   &Stealth::benign_distance, &Stealth::malicious_cosine, &Stealth::benign_cosine}) {
      if (row.size() == 3 && !rows) break;
      row.push_back(figure(stealth_at(group, field, round)));
    }
    grid.row(std::move(row));
  }
  const std::string of = group.variant.empty() ? "" : fmt::format(" in '{}'", group.variant);
  return fmt::format(
      "{}What the attacker sent against what the others sent{}{}\n{}  medians over clients; the mean is that of the others{}\n{}\n",
      ink.bold, of, ink.off, ink.dim, ink.off, grid.text(ink));
}

std::string seeds_text(const std::vector<Group>& groups, const Ink& ink) {
  const Summary& first = *groups.front().runs.front();
  struct Column {
    std::string name;
    Spread spread;
    bool share;
  };
  std::vector<Column> columns;
  const auto add = [&](Series series, bool share) {
    for (const Group& group : groups) columns.push_back({name_of(group), final_spread(group, series), share});
  };
  add(first.regression ? &Summary::test_loss : &Summary::test_accuracy, !first.regression);
  if (!first.targets.empty()) add(&Summary::target_confidence, false);
  const auto text = [](double value, bool share) {
    return share ? percent(value) : std::isnan(value) ? "-" : fmt::format("{:.4f}", value);
  };
  Grid grid;
  std::vector<std::string> head{""}, mean{"mean"}, deviation{"deviation"};
  for (const Column& column : columns) {
    head.push_back(column.name);
    mean.push_back(text(column.spread.mean, column.share));
    deviation.push_back(text(column.spread.deviation, column.share));
  }
  grid.row(head);
  grid.group(first.regression ? "test loss" : "test accuracy", 1, groups.size());
  if (!first.targets.empty()) grid.group("confidence in the wanted label", 1 + groups.size(), groups.size());
  grid.row(mean, ink.bold);
  grid.row(deviation);
  for (std::size_t k = 0; k < groups.front().runs.size(); ++k) {
    std::vector<std::string> row{fmt::format("seed {}", groups.front().runs[k]->seed)};
    for (const Column& column : columns) row.push_back(text(column.spread.each[k], column.share));
    grid.row(std::move(row));
  }
  return fmt::format("{}After the last round, over {} seeds{} (deviation with n - 1)\n{}\n", ink.bold, groups.front().runs.size(),
                     ink.off, grid.text(ink));
}

std::string ids_text(const std::vector<std::uint32_t>& ids) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(ids.size(), kMost); ++i) words.push_back(std::to_string(ids[i]));
  std::string result = (ids.size() == 1 ? "client " : "clients ") + joined(words);
  if (ids.size() > kMost) result += fmt::format(" and {} more", ids.size() - kMost);
  return result;
}

/// What was run, in a few lines.
std::string head_text(const std::vector<Group>& groups, const Ink& ink) {
  const Summary& first = *groups.front().runs.front();
  std::string result =
      fmt::format("{}{}{}  {} ({} parameters) on {}, {} clients, {} a round, {} {}\n", ink.bold, first.name, ink.off,
                  printable(first.network), grouped(first.parameters), printable(first.dataset), first.clients, first.cohort,
                  groups.front().runs.size() > 1 ? "seeds" : "seed",
                  groups.front().runs.size() > 1 ? fmt::format("{} to {}", first.seed, groups.front().runs.back()->seed)
                                                 : std::to_string(first.seed));
  for (const Group& group : groups) {
    const Summary& run = *group.runs.front();
    const std::string who = run.malicious.empty() ? "" : " by " + ids_text(run.malicious);
    const std::string attack = run.attack == "none" ? "no attack" : run.attack + who;
    result += fmt::format("  {}: {}, rule {}\n", name_of(group), attack, run.rule);
  }
  for (const std::string& note : first.data_notes) result += fmt::format("  data: {}\n", note);
  const std::string targets = target_text(first);
  if (!targets.empty()) result += fmt::format("  target: {}\n", targets);
  return result + "\n";
}

std::string ending_text(const Summary& run) {
  if (run.ended == fed::Ending::held)
    return fmt::format("ended after round {}: {} rounds held in a row ({})", run.rounds, run.held_rounds, run.held);
  if (run.diverged) return "the model diverged";
  if (run.ended == fed::Ending::accuracy) return fmt::format("reached its accuracy in round {}", run.rounds);
  return "";
}

/// Says so where a model is hardly better than the most frequent class; else nothing.
std::string collapse_text(const Group& group) {
  constexpr double kPoint = 0.01;
  const Summary& run = *group.runs.front();
  const double accuracy = final_spread(group, &Summary::test_accuracy).mean;
  if (run.majority_baseline <= 0.0 || !(accuracy < run.majority_baseline + kPoint)) return "";
  const bool below = accuracy < run.majority_baseline - kPoint;
  return fmt::format("{}: test accuracy {} is {} answering the most frequent class always ({}); balanced accuracy {}{}.",
                     name_of(group), percent(accuracy), below ? "less than that of" : "within a point of",
                     percent(run.majority_baseline), percent(final_spread(group, &Summary::test_balanced_accuracy).mean),
                     below ? "" : ": a collapsed model");
}

/// What it means, in words.
std::string verdict_text(const std::vector<Group>& groups, const Ink& ink) {
  const auto clean = std::find_if(groups.begin(), groups.end(), [](const Group& group) { return !has_attack(group); });
  std::string result;
  const auto say = [&](std::string_view mark, const std::string& line) {
    std::string text = wrapped(line, kWidest + 2, "  ");
    result += fmt::format("{}{}{}", mark, text, mark.empty() ? "" : ink.off);
  };
  for (const Group& group : groups) {
    const Summary& run = *group.runs.front();
    for (const Summary* one : group.runs) {
      const std::string ending = ending_text(*one);
      if (!ending.empty()) say(one->diverged ? ink.bad : "", fmt::format("{}: {}", one->run, ending));
    }
    if (const std::string collapse = collapse_text(group); !collapse.empty()) say(ink.bad, collapse);
    if (!has_attack(group)) {
      const std::string alarms = false_alarms_text(group);
      if (!alarms.empty()) say("", fmt::format("{}: {}.", name_of(group), alarms));
      continue;
    }
    if (!run.targets.empty()) {
      const double success = final_spread(group, &Summary::attack_success_rate).mean;
      const double total = static_cast<double>(run.targets.size() * group.runs.size());
      say(success > 0.5 ? ink.bad : ink.good,
          fmt::format(
              "{}: the attack {}: {:.0f} of {:.0f} targets came out as wanted after the last round, with confidence {:.4f}{}.",
              name_of(group), success > 0.5 ? "succeeds" : "fails", success * total, total,
              final_spread(group, &Summary::target_confidence).mean,
              clean == groups.end() || clean->runs.front()->targets.empty()
                  ? ""
                  : fmt::format(" ({:.4f} without it)", final_spread(*clean, &Summary::target_confidence).mean)));
    }
    if (clean != groups.end() && !run.regression) {
      const double lost = final_spread(*clean, &Summary::test_accuracy).mean - final_spread(group, &Summary::test_accuracy).mean;
      say("", fmt::format("{}: test accuracy {:.1f} points {} {}.", name_of(group), std::fabs(100.0 * lost),
                          lost >= 0.0 ? "below" : "above", name_of(*clean)));
    }
    std::vector<double> ratios;
    for (const Summary* one : group.runs)
      for (const Stealth& stealth : one->stealth)
        if (stealth.benign_norm > 0.0) ratios.push_back(stealth.malicious_norm / stealth.benign_norm);
    const double ratio = median_of(ratios);
    if (!std::isnan(ratio))
      say("",
          fmt::format("{}: what the attacker sends is {} times as long as what the others send (median over rounds){}.",
                      name_of(group), ratio < 1000.0 ? fmt::format("{:.1f}", ratio) : figure(ratio), ratio > 2.0 ? ": loud" : ""));
  }
  return result.empty() ? "" : result + "\n";
}
}  // namespace

std::vector<Group> by_variant(const std::vector<Summary>& runs) {
  std::vector<Group> groups;
  for (const Summary& run : runs) {
    auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) { return group.variant == run.variant; });
    if (found == groups.end()) found = groups.insert(groups.end(), Group{run.variant, {}});
    found->runs.push_back(&run);
  }
  return groups;
}

Spread final_spread(const Group& group, std::vector<double> Summary::*series) {
  std::vector<double> values;
  for (const Summary* run : group.runs) values.push_back((run->*series).empty() ? kNone : (run->*series).back());
  return spread(std::move(values));
}

std::string label_text(const Summary& summary, std::int32_t label) {
  const auto index = static_cast<std::size_t>(label);
  if (index >= summary.class_names.size()) return std::to_string(label);
  return fmt::format("{} ({})", label, printable(summary.class_names[index]));
}

std::string target_text(const Summary& summary) {
  if (summary.targets.empty()) return "";
  const attack::Target& first = summary.targets.front();
  if (summary.targets.size() > 1)
    return fmt::format("{} test samples, the first: {}, {} -> {}", summary.targets.size(), first.index,
                       label_text(summary, first.label), label_text(summary, first.wanted));
  return fmt::format("test sample {}, {} -> {}", first.index, label_text(summary, first.label), label_text(summary, first.wanted));
}

std::string report(const std::vector<Summary>& runs, const std::vector<std::string>& paths, const Ink& ink) {
  if (runs.empty()) return "";
  const std::vector<Group> groups = by_variant(runs);
  const bool seeds = groups.front().runs.size() > 1;
  std::string result = head_text(groups, ink);
  result += fmt::format("{}Round by round{}{}\n", ink.bold, ink.off, seeds ? " (means over seeds)" : "");
  result += rounds_text(groups, ink);
  for (const Group& group : groups)
    if (has_attack(group)) result += stealth_text(group, ink) + checks_text(group, ink);
  if (seeds) result += seeds_text(groups, ink);
  result += verdict_text(groups, ink);
  result += fmt::format("{}Records{}\n", ink.bold, ink.off);
  for (const std::string& path : paths) result += fmt::format("  {}\n", printable(path, 4096));
  return result;
}

}  // namespace tocsin::lab
