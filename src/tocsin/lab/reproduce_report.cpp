// SPDX-License-Identifier: Apache-2.0
// The table of verdicts, for a terminal and as Markdown. A failed expectation is shown as failed.
#include <algorithm>
#include <cmath>

#include "tocsin/lab/build_id.h"
#include "tocsin/lab/reproduce.h"
#include "tocsin/nn/network.h"

namespace tocsin::lab {
namespace {
std::string value_text(double value) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "never" : "-inf";
  return fmt::format("{:.4g}", value);
}

/// "0.9931 +- 0.0021"; "-" where nothing was measured.
std::string measured_text(const Outcome& outcome, std::string_view plus_minus) {
  const Spread measured = spread(outcome.measured);
  if (outcome.measured.size() < 2 || !std::isfinite(measured.mean)) return value_text(measured.mean);
  return fmt::format("{} {} {}", value_text(measured.mean), plus_minus, fmt::format("{:.2g}", measured.deviation));
}

/// The expectation, and for a comparison with another measure what that came to.
std::string wanted_text(const Verdict& verdict) {
  const Expectation& expectation = verdict.expectation;
  std::string result = expected_text(expectation);
  if (expectation.every) result += " in every run";
  if (expectation.than) result += fmt::format(" (= {})", value_text(spread(verdict.outcome.expected).mean));
  return result;
}

/// "a, b"; "a-0, ..., a-9 (10)" where they are many.
std::string variants_text(const std::vector<std::string>& variants) {
  constexpr std::size_t kMost = 4;
  if (variants.size() <= kMost) return joined(variants);
  return fmt::format("{}, ..., {} ({})", variants.front(), variants.back(), variants.size());
}

std::string what_text(const Expectation& expectation) {
  const std::string variants = variants_text(expectation.variants);
  return (variants.empty() ? "" : variants + ": ") + measure_text(expectation.measure);
}

std::string held_text(const Outcome& outcome) { return fmt::format("{}/{}", outcome.held, outcome.measured.size()); }

/// Words of `text` in lines of at most `width` characters.
std::vector<std::string> lines_of(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  const std::string all = wrapped(text, width, "");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    lines.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string count_text(const std::vector<Verdict>& verdicts, bool of_paper) {
  std::size_t all = 0, good = 0;
  for (const Verdict& verdict : verdicts) {
    if (verdict.expectation.of_paper != of_paper) continue;
    ++all;
    good += verdict.outcome.reproduced ? 1U : 0U;
  }
  if (all == 0) return "";
  return of_paper ? fmt::format("{} of {} claims of the paper are reproduced", good, all)
                  : fmt::format("{} of {} bands of our own are met", good, all);
}

std::string counts_text(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> parts;
  for (const bool of_paper : {true, false})
    if (const std::string text = count_text(verdicts, of_paper); !text.empty()) parts.push_back(text);
  return parts.empty() ? "nothing was claimed" : joined(parts, "; ");
}

std::string seeds_text(const Reproduction& reproduction) {
  const std::vector<Plan>& plans = reproduction.experiments.front().plans;
  if (reproduction.request.seeds == 1) return fmt::format("a single seed ({})", plans.front().seed);
  return fmt::format("{} seeds ({} to {})", reproduction.request.seeds, plans.front().seed, plans.back().seed);
}

/// "small", "full size, with training.precision=bf16".
std::string size_text(const Reproduction& reproduction) {
  const std::vector<std::string>& settings = reproduction.request.settings;
  return (reproduction.request.small ? "small" : "full size") + (settings.empty() ? "" : ", with " + joined(settings));
}

std::string escaped(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}
}  // namespace

std::string verdicts_file(const Reproduction& reproduction) {
  std::string name = reproduction.request.small ? "reproduction-small" : "reproduction";
  if (!reproduction.request.names.empty())
    for (const std::string& one : reproduction.names) name += "-" + one;
  return name;
}

std::string verdicts_text(const Reproduction& reproduction, const std::vector<Verdict>& verdicts, const Ink& ink) {
  constexpr std::size_t kClaim = 34, kWhat = 38;
  std::string result =
      fmt::format("{}{}{}  {}, {}\n\n", ink.bold, reproduction.paper, ink.off, size_text(reproduction), seeds_text(reproduction));
  for (const std::string& name : reproduction.names) {
    Grid grid(2);
    bool any = false;
    grid.row({"claim", "expected", "measured", "runs"});
    for (const Verdict& verdict : verdicts) {
      if (verdict.experiment != name) continue;
      any = true;
      const Expectation& expectation = verdict.expectation;
      const std::vector<std::string> claim = lines_of(expectation.claim + (expectation.of_paper ? "" : " (our band)"), kClaim);
      std::vector<std::string> what = lines_of(what_text(expectation), kWhat);
      for (std::string& line : lines_of(wanted_text(verdict), kWhat)) what.push_back(std::move(line));
      const std::string_view mark = verdict.outcome.reproduced ? ink.good : ink.bad;
      for (std::size_t i = 0; i < std::max(claim.size(), what.size()); ++i) {
        std::vector<std::string> cells{i < claim.size() ? claim[i] : "", i < what.size() ? what[i] : ""};
        if (i == 0) cells.insert(cells.end(), {measured_text(verdict.outcome, "+-"), held_text(verdict.outcome)});
        if (i == 1) cells.push_back(std::string(verdict.word()));
        grid.row(std::move(cells), mark);
      }
    }
    if (any) result += fmt::format("{}{}{}\n{}\n", ink.bold, name, ink.off, grid.text(ink));
  }
  const bool all = std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& one) { return one.outcome.reproduced; });
  result += fmt::format("{}{}{}\n", all ? ink.good : ink.bad, counts_text(verdicts), ink.off);
  if (reproduction.request.seeds > 1)
    result +=
        "measured: mean and deviation (n - 1) over runs; verdicts are about means, unless they say every\nrun; runs: how many hold "
        "alone\n";
  if (const std::size_t others = reproduction.of_other_builds(); others > 0)
    result += fmt::format("{} of {} runs were finished by another build\n", others, reproduction.runs.size());
  return result;
}

std::string verdicts_markdown(const Reproduction& reproduction, const std::vector<Verdict>& verdicts) {
  std::string result = fmt::format("# {}: {}, {}\n\n", reproduction.paper, size_text(reproduction), seeds_text(reproduction));
  result += fmt::format(
      "{}. Build {}, {}; {} runs{}. Deviation with n - 1; a verdict compares means over runs unless it says every run; "
      "*runs* says how many hold alone.\n",
      counts_text(verdicts), build_id(), nn::numeric_class(), reproduction.runs.size(),
      reproduction.of_other_builds() > 0 ? fmt::format(", {} of them by other builds", reproduction.of_other_builds()) : "");
  std::string before;
  for (const Verdict& verdict : verdicts) {
    if (verdict.experiment != before)
      result += fmt::format(
          "\n## {}\n\n| claim | of | figure | expected | measured | each | runs | verdict |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
          verdict.experiment);
    before = verdict.experiment;
    std::vector<std::string> each;
    for (const double value : verdict.outcome.measured) each.push_back(value_text(value));
    const Expectation& expectation = verdict.expectation;
    result += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", escaped(expectation.claim),
                          expectation.of_paper ? "the paper" : "us", escaped(what_text(expectation)), escaped(wanted_text(verdict)),
                          measured_text(verdict.outcome, "±"), joined(each), held_text(verdict.outcome),
                          verdict.outcome.reproduced ? "reproduced" : "**not reproduced**");
  }
  return result;
}

}  // namespace tocsin::lab
