// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/comparison_report.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "tocsin/explain/strip_chart.h"
#include "tocsin/lab/explained_network.h"

namespace tocsin::lab {
namespace {
constexpr std::size_t kShownRows = 8;  ///< of a group in a pair grid

using Json = nlohmann::ordered_json;
using explain::Set;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json json_of(const explain::Estimate& estimate) {
  Json json{{"value", number(estimate.value)}, {"low", Json()}, {"high", Json()}};
  if (estimate.interval) json["low"] = number(estimate.interval->low), json["high"] = number(estimate.interval->high);
  return json;
}

Json json_of(const ComparedCell& cell) {
  const explain::Comparison& c = cell.figures;
  Json json{{"method", cell.method},
            {"similarity", cell.similarity},
            {"group", cell.group},
            {"neuron", cell.neuron},
            {"primary", cell.is_primary},
            {"images", c.images},
            {"benign_runs", c.benign},
            {"attacked_runs", c.attacked},
            {"shared_seeds", c.shared_seeds},
            {"scope", c.scope == explain::Scope::runs ? "runs" : "models"},
            {"images_resampled", c.images_resampled},
            {"undefined_images", c.undefined_images},
            {"ceiling", explain::text(c.ceiling)}};
  for (const Set set : explain::kSets) {
    const explain::SetFigures& figures = c.sets[explain::at(set)];
    json["sets"][std::string(explain::text(set))] = {{"pairs", figures.pairs},
                                                     {"undefined", figures.undefined},
                                                     {"mean", number(figures.mean)},
                                                     {"median", number(figures.median)},
                                                     {"auc", json_of(c.auc[explain::at(set)])}};
  }
  json["ceiling_over_floor"] = json_of(c.ceiling_over_floor);
  json["percentile"] = number(c.percentile);
  json["odd_one_out"] = {{"score", number(c.odd_one_out.score)}, {"chance", number(c.odd_one_out.chance)}};
  for (const double rank : c.odd_one_out.ranks) json["odd_one_out"]["ranks"].push_back(number(rank));
  json["swap"] = {{"statistic", number(c.swap_statistic)},
                  {"p", number(c.swap_p)},
                  {"family_p", number(c.family_p)},
                  {"patterns", c.swap_patterns}};
  json["position"] = json_of(c.position);
  json["ceiling_less_floor"] = json_of(c.ceiling_less_floor);
  json["verdict"] = explain::text(c.verdict);
  json["words"] = c.words;
  return json;
}

std::string digits(double value) { return std::isfinite(value) ? fmt::format("{:.3f}", value) : "-"; }
std::string digits(const explain::Estimate& estimate) {
  if (!std::isfinite(estimate.value)) return "-";
  return estimate.interval ? fmt::format("{:.3f} [{:.3f}, {:.3f}]", estimate.value, estimate.interval->low, estimate.interval->high)
                           : fmt::format("{:.3f}", estimate.value);
}

std::string table_head() {
  return "| method | similarity | group | neuron | n | K | scope | O | C1 | C3 | C4 | F2 | F3 | position | AUC against the ceiling "
         "| "
         "percentile | odd one out (chance) | swap p (family) | verdict |\n"
         "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
}
std::string table_line(const ComparedCell& cell) {
  const explain::Comparison& c = cell.figures;
  const auto mean = [&](Set set) { return digits(c.sets[explain::at(set)].mean); };
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} + {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} ({}) | {} ({}) | {} |\n",
      cell.method, cell.similarity, cell.group, cell.neuron, c.images, c.benign, c.attacked,
      c.scope == explain::Scope::runs ? "runs" : "models", mean(Set::observed), mean(Set::seeds), mean(Set::rounds),
      mean(Set::sham), mean(Set::other_class), mean(Set::random_weights), digits(c.position), digits(c.auc[explain::at(c.ceiling)]),
      std::isfinite(c.percentile) ? fmt::format("{:.0f}", c.percentile) : "-", digits(c.odd_one_out.score),
      digits(c.odd_one_out.chance), digits(c.swap_p), digits(c.family_p), c.words);
}

std::string models_table(const RunComparison& comparison) {
  std::string text =
      "| role | run | seed | round | test accuracy | attack success | target confidence |\n| --- | --- | --- | --- | --- | --- | "
      "--- |\n";
  for (const ComparedModel& model : comparison.models)
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", model.role, model.run, model.seed, model.round,
                        digits(model.test_accuracy), digits(model.attack_success), digits(model.target_confidence));
  return text;
}

/// Which runs a pair is of, by name; the second is empty where the pair is of one run.
void add_pairs(std::string& text, const RunComparison& comparison, const ComparedCell& cell) {
  const explain::Cell& pairs = cell.pairs;
  std::size_t begin = 0;
  for (const ImageGroup& group : comparison.groups) {
    if (group.name == cell.group) break;
    begin += group.samples.size();
  }
  std::vector<std::string> benign, attacked;
  for (const ComparedModel& model : comparison.models) {
    if (model.role == "benign") benign.push_back(model.run);
    if (model.role == "attacked") attacked.push_back(model.run);
  }
  for (std::size_t image = 0; image < pairs.images; ++image) {
    const auto line = [&](Set set, const std::string& a, const std::string& b, double value) {
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", cell.method, cell.similarity, cell.group, cell.neuron,
                          comparison.images.index[begin + image], explain::text(set), a, b,
                          std::isfinite(value) ? fmt::format("{}", value) : "");
    };
    for (std::size_t i = 0; i < pairs.benign; ++i) {
      for (std::size_t j = 0; j < pairs.attacked; ++j)
        line(pairs.shared_seeds && i == j && pairs.runs() > 1 ? Set::same_seed : Set::observed, benign[i], attacked[j],
             pairs.of_both(image, i, j));
      for (std::size_t j = i + 1; j < pairs.benign; ++j) line(Set::seeds, benign[i], benign[j], pairs.of_benign(image, i, j));
      for (const Set set : explain::kSets)
        if (!pairs.by_run[explain::at(set)].empty())
          line(set, benign[i], "", pairs.by_run[explain::at(set)][image * pairs.benign + i]);
    }
  }
}

std::string pairs_csv(const RunComparison& comparison) {
  std::string text = "method,similarity,group,neuron,image,set,run,other,value\n";
  for (const ComparedCell& cell : comparison.cells) add_pairs(text, comparison, cell);
  return text;
}

std::string images_csv(const RunComparison& comparison) {
  std::string text = "index,group,label,wanted,role,run,predicted,logit,probability\n";
  std::size_t i = 0;
  for (const ImageGroup& group : comparison.groups)
    for (std::size_t k = 0; k < group.samples.size(); ++k, ++i)
      for (const ComparedModel& model : comparison.models)
        text += fmt::format("{},{},{},{},{},{},{},{},{}\n", comparison.images.index[i], group.name, comparison.images.labels[i],
                            comparison.images.wanted[i] < 0 ? "" : std::to_string(comparison.images.wanted[i]), model.role,
                            model.run, model.answers.predicted[i], model.answers.logit[i], model.answers.probability[i]);
  return text;
}

std::vector<FigureFile> strip_charts(const RunComparison& comparison) {
  struct Shown {
    Set set;
    const char *name, *meaning;
    explain::Role role;
  };
  constexpr std::array kShown{
      Shown{Set::observed, "O", "benign and attacked, different seeds", explain::Role::observed},
      Shown{Set::seeds, "C1", "two benign runs", explain::Role::ceiling},
      Shown{Set::rounds, "C3", "one run, consecutive rounds", explain::Role::ceiling},
      Shown{Set::sham, "C4", "a benign run and its sham", explain::Role::ceiling},
      Shown{Set::other_class, "F2", "another class", explain::Role::floor},
      Shown{Set::random_weights, "F3", "random weights", explain::Role::floor},
  };
  std::vector<FigureFile> files;
  for (const ComparedCell& cell : comparison.cells) {
    if (!cell.is_primary) continue;
    explain::StripChart chart{.title = fmt::format("{}: {} on the {} images", cell.method, cell.similarity, cell.group),
                              .caption = {cell.figures.words},
                              .axis = cell.similarity,
                              .strips = {}};
    for (const Shown& shown : kShown) {
      explain::Strip strip{shown.name, shown.meaning, shown.role, {}};
      for (std::size_t image = 0; image < cell.pairs.images; ++image)
        for (const explain::Member& member : explain::members(cell.pairs, shown.set, image)) strip.values.push_back(member.value);
      if (!strip.values.empty()) chart.strips.push_back(std::move(strip));
    }
    files.push_back({fmt::format("strip_{}_{}.svg", cell.method, cell.similarity), explain::format_svg(chart)});
  }
  return files;
}

/// Pair grids of the first benign and the first attacked run: the targets, and a few of each other group.
std::vector<FigureFile> pair_grids(const RunComparison& comparison, const nn::Architecture& architecture) {
  const FigureSubject subject{comparison.plan,   comparison.methods,     architecture,
                              comparison.images, comparison.class_names, comparison.plan.neurons.front()};
  const auto model = [&](const char* role, const std::vector<explain::Maps>& maps) {
    for (const ComparedModel& one : comparison.models)
      if (one.role == role) return ModelMaps{one.run, one.round, one.answers, maps};
    return ModelMaps{};
  };
  const ModelMaps benign = model("benign", comparison.benign_maps), attacked = model("attacked", comparison.attacked_maps);
  std::vector<FigureFile> files;
  std::size_t begin = 0;
  for (const ImageGroup& group : comparison.groups) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < std::min(kShownRows, group.samples.size()); ++i) rows.push_back(begin + i);
    begin += group.samples.size();
    for (FigureFile& file : pair_figure(subject, benign, attacked, rows, explain::Scaling::shared, "pair_" + group.name))
      files.push_back(std::move(file));
  }
  return files;
}
}  // namespace

std::string verdicts_jsonl(const RunComparison& comparison) {
  std::string text;
  for (const ComparedCell& cell : comparison.cells) text += json_of(cell).dump() + "\n";
  return text;
}

std::string primary_text(const RunComparison& comparison) {
  std::string text;
  for (const ComparedCell& cell : comparison.cells) {
    if (!cell.is_primary) continue;
    const explain::Comparison& c = cell.figures;
    text += fmt::format("  {:<22} alike {:>6} (seeds {}, random weights {})  {}\n", cell.method,
                        digits(c.sets[explain::at(Set::observed)].mean), digits(c.sets[explain::at(Set::seeds)].mean),
                        digits(c.sets[explain::at(Set::random_weights)].mean), c.words);
  }
  return text;
}

std::string report_markdown(const RunComparison& comparison, const std::vector<std::string>& figures) {
  std::string text = "# Do explanations show that the model was poisoned?\n\n";
  text += fmt::format(
      "Preset `{}`, {} methods, {} images in {} groups, explanation seed {}, precision {}. Similarities: larger is more alike "
      "(distances are negated). O: a benign and an attacked model of different seeds; C1: two benign models of different seeds; "
      "C3: "
      "one benign model in two rounds; C4: a benign run and its sham; F2: another class; F3: random weights.\n\n",
      comparison.plan.paper ? "paper" : "sane", comparison.methods.size(), comparison.images.size(), comparison.groups.size(),
      comparison.plan.seed, nn::text(comparison.plan.engine.precision));
  const bool has_targets = comparison.groups.front().name == "target";
  text +=
      fmt::format("## Primary\n\nFixed before anything was looked at: the headline similarity, {}, each model's own neuron.\n\n",
                  has_targets ? "the attacker's targets" : "the group `other` (no attack has targets)") +
      table_head();
  for (const ComparedCell& cell : comparison.cells)
    if (cell.is_primary) text += table_line(cell);
  text +=
      "\nIf O is as low as F2, the maps differ because the class does, not because the model reasons otherwise: the neurons "
      "`label` "
      "and `target` below settle it.\n";
  text += "\n## Models\n\nModels of unequal accuracy differ for reasons other than poison.\n\n" + models_table(comparison);
  for (std::size_t m = 0; m < comparison.methods.size(); ++m)
    if (comparison.undefined_maps[m] > 0)
      text += fmt::format("\n{} maps of {} are not finite and are left out.\n", comparison.undefined_maps[m],
                          comparison.methods[m].label);
  if (!figures.empty()) text += "\n## Figures\n\n";
  for (const std::string& figure : figures) text += fmt::format("![{}]({})\n\n", figure, figure);
  text += "\n## Do the methods notice a broken network?\n\n" + sanity_markdown(comparison.sanity);
  text += "\n## Exploratory\n\nEverything else. With so many cells some look remarkable by chance.\n\n" + table_head();
  for (const ComparedCell& cell : comparison.cells)
    if (!cell.is_primary) text += table_line(cell);
  text += "\n## Methods and options\n\n";
  for (const explain::MethodUse& use : comparison.methods)
    text += fmt::format("- {}: `{}`\n", use.title, write_value(Value(use.resolved)));
  return text;
}

std::vector<FigureFile> comparison_files(const RunComparison& comparison, const nn::Architecture& architecture, bool maps) {
  std::vector<FigureFile> files = pair_grids(comparison, architecture);
  for (FigureFile& file : strip_charts(comparison)) files.push_back(std::move(file));
  std::vector<std::string> shown;
  for (const FigureFile& file : files)
    if (file.name.ends_with(".svg")) shown.push_back(file.name);
  if (maps)
    for (std::size_t m = 0; m < comparison.methods.size(); ++m) {
      files.push_back(
          {fmt::format("maps/benign-{}.npy", comparison.methods[m].label), npy_of(comparison.benign_maps[m], comparison.shape)});
      files.push_back({fmt::format("maps/attacked-{}.npy", comparison.methods[m].label),
                       npy_of(comparison.attacked_maps[m], comparison.shape)});
    }
  files.push_back({"verdicts.jsonl", verdicts_jsonl(comparison)});
  files.push_back({"pairs.csv", pairs_csv(comparison)});
  files.push_back({"images.csv", images_csv(comparison)});
  files.push_back({"report.md", report_markdown(comparison, shown)});
  return files;
}

}  // namespace tocsin::lab
