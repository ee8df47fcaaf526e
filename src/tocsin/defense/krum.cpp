// SPDX-License-Identifier: Apache-2.0
// The rules Krum and Multi-Krum and the options that choose a reading; the arithmetic is in krum_scores.cpp.
// Presets (`compat`) are those of rules.md, 2.3.
#include "tocsin/defense/krum.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/defense/registry.h"
#include "tocsin/defense/rule_options.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::defense {
namespace {

/// Everything either rule may be asked for.
struct RuleOptions {
  KrumOptions krum;
  Keep keep{.kind = Keep::Kind::count, .count = 1};
  WeightOptions weights;
  bool by_mass = true;  ///< weights turn counts into masses; false: they only weigh the mean of what was selected
  Over over = Over::all;
  AssumedMalicious assumed;
};

Neighbors read_neighbors(Options& options, const std::string& compat) {
  std::string_view preset = "n-f-2";
  if (compat == "byzfl" || compat == "epfl" || compat == "flpoison") preset = "n-f-1";
  if (compat == "ndss21") preset = "n-f-3";
  const std::string neighbors = options.word(
      "neighbors",
      {.fallback = preset, .words = {"n-f-2", "n-f-1", "n-f-3", "n-f"}, .help = "nearest other rows that a score sums over"});
  if (neighbors == "n-f-1") return Neighbors::n_f_1;
  if (neighbors == "n-f-3") return Neighbors::n_f_3;
  return neighbors == "n-f" ? Neighbors::n_f : Neighbors::n_f_2;
}

Distance read_distance(Options& options, const std::string& compat) {
  std::string_view preset = "squared";
  if (compat == "epfl" || compat == "flpoison") preset = "plain";
  if (compat == "epfml" || compat == "blades") preset = "fourth";
  const std::string distance =
      options.word("distance", {.fallback = preset,
                                .words = {"squared", "plain", "fourth"},
                                .help = "what a score sums: squared distances, distances, or squares of squared ones"});
  if (distance == "plain") return Distance::plain;
  return distance == "fourth" ? Distance::fourth : Distance::squared;
}

Bound read_bound(Options& options, const std::string& compat, Neighbors neighbors) {
  const bool loose = compat == "byzfl" && neighbors == Neighbors::n_f_1;
  const std::string bound = options.word("bound", {.fallback = loose ? "2f+1" : "2f+3",
                                                   .words = {"2f+3", "2f+1"},
                                                   .help = "fewest rows; 2f+1 only with neighbors = \"n-f-1\""});
  if (bound == "2f+3") return Bound::two_f_3;
  if (neighbors != Neighbors::n_f_1)
    options.fault("bound", "bound = \"2f+1\" leaves a row without neighbors unless neighbors = \"n-f-1\"",
                  "set neighbors = \"n-f-1\", or bound = \"2f+3\"");
  return Bound::two_f_1;
}

/// What Krum and Multi-Krum share.
RuleOptions read_shared(Options& options, const std::string& compat, std::string_view weights) {
  RuleOptions result;
  result.krum.neighbors = read_neighbors(options, compat);
  result.krum.distance = read_distance(options, compat);
  result.krum.bound = read_bound(options, compat, result.krum.neighbors);
  result.weights = read_weights(options, WeightUse::mass, weights);
  result.over = read_over(options, "coordinates that distances are over: all, or weights without biases");
  result.assumed = read_assumed(options);
  return result;
}

RuleOptions read_krum(Options& options) { return read_shared(options, read_compat(options), "none"); }

Keep read_keep(Options& options, const std::string& compat) {
  std::variant<std::size_t, std::string_view> preset = "n-f-2";
  if (compat == "byzfl") preset = "n-f";
  if (compat == "epfml" || compat == "blades") preset = std::size_t{1};
  if (compat == "flpoison") preset = "fraction";
  const auto keep = options.count_or_word("keep", {.fallback = preset,
                                                   .at_least = 1,
                                                   .words = {"n-f-2", "n-f", "n-2f-3", "fraction"},
                                                   .help = "rows averaged, at most n - f; the paper's m"});
  Keep result;
  if (const auto* count = std::get_if<std::size_t>(&keep)) {
    result.kind = Keep::Kind::count;
    result.count = *count;
  } else {
    const std::string& word = std::get<std::string>(keep);
    if (word == "n-f") result.kind = Keep::Kind::n_f;
    if (word == "n-2f-3") result.kind = Keep::Kind::n_2f_3;
    if (word == "fraction") result.kind = Keep::Kind::fraction;
  }
  result.fraction =
      options.number("fraction", {.fallback = Keep{}.fraction,
                                  .at_least = 0,
                                  .at_most = 0.999,
                                  .above = true,
                                  .help = "with keep = \"fraction\": this share of the rows, rounded down, at least one"});
  if (result.kind != Keep::Kind::fraction)
    options.no_effect("fraction", "'fraction' has no effect unless keep = \"fraction\"", "remove it, or set keep = \"fraction\"");
  return result;
}

RuleOptions read_multi_krum(Options& options) {
  const std::string compat = read_compat(options);
  const bool flower = compat == "flower";
  RuleOptions result = read_shared(options, compat, flower ? "samples" : "none");
  result.keep = read_keep(options, compat);
  result.by_mass =
      options.word("weights_kind",
                   {.fallback = flower ? "mean" : "mass",
                    .words = {"mass", "mean"},
                    .help = "with weights: turn every count into a mass, or weigh only the mean of the selected rows"}) == "mass";
  if (!result.by_mass) options.no_effect("mass", "'mass' has no effect with weights_kind = \"mean\"", "remove it");
  const std::string selection =
      options.word("selection", {.fallback = compat == "ndss21" ? "iterative" : "once",
                                 .words = {"once", "iterative"},
                                 .help = "score once; or pick a row, score the others again, until 2f+2 are left"});
  if (selection == "once") return result;
  result.krum.selection = Selection::iterative;
  options.no_effect("keep", "'keep' has no effect with selection = \"iterative\", which keeps n-2f-2 rows",
                    "remove it, or set selection = \"once\"");
  if (result.weights.weights != Weights::none && result.by_mass)
    options.fault("selection", "selection = \"iterative\" has no meaning by mass",
                  "set weights_kind = \"mean\", or weights = \"none\"");
  return result;
}

/// The fewest rows for which the bound holds and the rows kept are at least 1 and at most n - f.
std::size_t fewest(std::size_t f, const RuleOptions& options) {
  const std::size_t least = 2 * f + (options.krum.bound == Bound::two_f_3 ? 3 : 1);
  if (options.krum.selection == Selection::iterative) return std::max({least, 2 * f + 3, fewest_to_cap(options.weights, f)});
  const auto fits = [&](std::size_t n) {
    const double keep = options.keep.of(static_cast<double>(n), static_cast<double>(f));
    return keep >= 1 && keep <= static_cast<double>(n - f);
  };
  // Once it fits it fits for more rows too: steps that double, then halves.
  constexpr std::size_t kMost = std::size_t{1} << 52;  // whole numbers in a double
  std::size_t low = least, high = least;
  for (std::size_t step = 1; !fits(high) && high < kMost; step *= 2) low = high, high += step;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (fits(middle) ? high : low) = middle;
  }
  return std::max(high, fewest_to_cap(options.weights, f));
}

class Krum final : public Aggregator {
 public:
  Krum(bool multi, const RuleOptions& options) : multi_(multi), options_(options) {}

  Aggregation aggregate(ConstRows updates, const Round& round) override {
    const kernels::Gram gram = distances(updates, round);
    std::vector<double> weights = weights_of(gram, round, options_.assumed.of(round));
    std::vector<double> update = kernels::weighted_mean(updates, weights, round.workers);
    return {.update = std::move(update), .weights = std::move(weights), .note = ""};
  }

 private:
  [[nodiscard]] std::string_view name() const { return multi_ ? "multi_krum" : "krum"; }

  /// The centred Gram matrix of all columns, or the sum of those of the weight tensors.
  [[nodiscard]] kernels::Gram distances(ConstRows updates, const Round& round) const {
    if (options_.over == Over::all) return kernels::centered_gram(updates, round.workers);
    const std::size_t n = updates.clients();
    kernels::Gram sum(n);
    for (const ColumnRange& range : column_ranges(name(), round.layout, updates.coordinates())) {
      if (range.is_bias) continue;
      const kernels::Gram part = kernels::centered_gram(updates.columns(range.begin, range.end), round.workers);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) sum(i, j) += part(i, j);
    }
    return sum;
  }

  [[nodiscard]] std::vector<double> weights_of(const kernels::Gram& gram, const Round& round, std::size_t f) const {
    const std::size_t n = gram.clients();
    if (n < fewest(f, options_))
      throw TooFew(fmt::format("{}: needs at least {} rows for f = {}, got {}", name(), fewest(f, options_), f, n));
    if (options_.weights.weights != Weights::none && options_.by_mass) {
      const Masses by_mass = masses(name(), options_.weights, round.samples, n, f);
      std::optional<double> keep;
      if (multi_) keep = options_.keep.of(by_mass.total, by_mass.malicious);
      return krum_weights_by_mass(gram, by_mass, keep, options_.krum);
    }
    return options_.weights.weights == Weights::none ? selected(gram, f) : averaged_by_samples(gram, round, f);
  }

  [[nodiscard]] std::vector<double> selected(const kernels::Gram& gram, std::size_t f) const {
    KrumOptions krum = options_.krum;
    if (krum.selection == Selection::once)
      krum.keep = static_cast<std::size_t>(options_.keep.of(static_cast<double>(gram.clients()), static_cast<double>(f)));
    return krum_weights(gram, f, krum);
  }

  /// Selected among the rows that have weight, which then enter the mean with it.
  [[nodiscard]] std::vector<double> averaged_by_samples(const kernels::Gram& gram, const Round& round, std::size_t f) const {
    std::vector<double> weights = client_weights(name(), options_.weights, round.samples, gram.clients(), f);
    std::vector<std::size_t> present;
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (weights[i] > 0) present.push_back(i);
    if (present.size() < fewest(f, options_))
      throw TooFew(fmt::format("{}: needs at least {} rows that report samples for f = {}, got {}", name(), fewest(f, options_), f,
                               present.size()));
    const std::vector<double> chosen = selected(kernels::sub_gram(gram, present), f);
    double total = 0;
    for (std::size_t k = 0; k < present.size(); ++k) total += chosen[k] > 0 ? weights[present[k]] : 0.0;
    for (std::size_t k = 0; k < present.size(); ++k) weights[present[k]] = chosen[k] > 0 ? weights[present[k]] / total : 0.0;
    return weights;
  }

  bool multi_;
  RuleOptions options_;
};
}  // namespace

constexpr std::string_view kByMass =
    "needs 2F + 2 < n, F the mass of the f: else malicious rows find all the neighbours that a score sums over among themselves, "
    "score 0 and win; with neighbors = \"n-f-1\" and bound = \"2f+1\" 2F < n";

constinit const Entry<Aggregator> krum_entry{
    .name = "krum",
    .summary = "the row closest to its n - f - 2 nearest neighbours",
    .paper = "arXiv:1703.02757",
    .status = Status::verified,
    .facts = {.shape = Shape::gram,
              .min_clients =
                  [](std::size_t f, Options& options) {
                    const RuleOptions read = read_krum(options);
                    return fewest(read.assumed.of(f), read);
                  },
              .min_clients_text = "2f+3",
              .robust = true,
              .selects = true,
              .weights = WeightUse::mass,
              .by_mass = kByMass},
    .make = [](Options& options) -> std::unique_ptr<Aggregator> { return std::make_unique<Krum>(false, read_krum(options)); },
};

constinit const Entry<Aggregator> multi_krum_entry{
    .name = "multi_krum",
    .summary = "mean of the `keep` rows closest to their n - f - 2 nearest neighbours",
    .paper = "arXiv:1703.02757",
    .status = Status::verified,
    .facts = {.shape = Shape::gram,
              .min_clients =
                  [](std::size_t f, Options& options) {
                    const RuleOptions read = read_multi_krum(options);
                    return fewest(read.assumed.of(f), read);
                  },
              .min_clients_text = "2f+3",
              .robust = true,
              .selects = true,
              .weights = WeightUse::mass,
              .by_mass = kByMass},
    .make = [](Options& options) -> std::unique_ptr<Aggregator> { return std::make_unique<Krum>(true, read_multi_krum(options)); },
};

}  // namespace tocsin::defense
