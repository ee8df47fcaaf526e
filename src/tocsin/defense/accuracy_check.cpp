// SPDX-License-Identifier: Apache-2.0
// The accuracy check: is the model of one client so much worse than the model of all others together?
// Bhagoji et al., Analyzing Federated Learning through an Adversarial Lens, ICML 2019, section 3; arXiv:1811.12470: client i is
// flagged if acc(w + sum over j != i of alpha_j x_j) - acc(w + x_i) > gamma.
// Differs: the weights of the others are made to add up to 1 again, or the model without i falls short of a whole step; the form as
// printed is the second reading. Accuracies are of a fixed part of the server's hold-out; the server's own rate is left out, as in
// the paper. Hits are compared as counts, so that a difference of exactly gamma passes on every machine.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/own_model.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLoud = 1e4;  // times the median weighted length: subtracting such a row from the sum would cost the others digits

struct AccuracyCheckOptions {
  std::size_t samples = 250;  ///< of the hold-out; 0: all
  double gamma = 0.1;         ///< accuracy lost
};

AccuracyCheckOptions read_accuracy_check(Options& options) {
  AccuracyCheckOptions result;
  const auto samples = options.count_or_word("samples", {.fallback = result.samples,
                                                         .at_least = 1,
                                                         .words = {"all"},
                                                         .help = "of the hold-out, the same ones in every round; or all of it"});
  result.samples = samples.index() == 0 ? std::get<0>(samples) : 0;
  result.gamma = options.number(
      "gamma", {.fallback = result.gamma,
                .at_least = 0.0,
                .at_most = 1.0,
                .help = "flagged if the model of all others is more accurate than the client's own by more than this"});
  return result;
}

/// alpha_i [n]: shares of the samples; equal ones where no client reports any.
std::vector<double> shares(std::size_t n, const Round& round) {
  std::vector<double> alpha(round.samples.begin(), round.samples.end());
  double total = 0.0;
  for (const double count : alpha) total += count;
  if (total == 0.0) return std::vector<double>(n, 1.0 / static_cast<double>(n));
  for (double& share : alpha) share /= round.sample_total > 0.0 ? round.sample_total : total;
  return alpha;
}

/// The sum of all weighted rows but one. Subtracts, which is one pass for all n of them, but adds anew where row i is loud.
class SumOfOthers {
 public:
  SumOfOthers(ConstRows updates, std::vector<double> alpha, Workers* workers)
      : updates_(updates), alpha_(std::move(alpha)), sum_(kernels::combine(updates, alpha_, workers)) {
    std::vector<double> lengths = kernels::norms(updates, workers);
    for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] *= alpha_[i];
    std::vector<double> sorted = lengths;
    std::sort(sorted.begin(), sorted.end());
    const double usual = sorted[sorted.size() / 2];
    for (const double length : lengths) loud_.push_back(length > kLoud * usual);
  }
  /// How much of the whole the others are.
  [[nodiscard]] double share(std::size_t i) const {
    double rest = 0.0;
    for (std::size_t j = 0; j < alpha_.size(); ++j)
      if (j != i) rest += alpha_[j];
    return rest;
  }
  /// model = global + scale * sum over j != i of alpha_j x_j.
  void write(std::size_t i, ConstRows global, double scale, Rows model) const {
    std::vector<double> anew;
    if (loud_[i]) {
      std::vector<double> weights = alpha_;
      weights[i] = 0.0;
      anew = kernels::combine(updates_, weights);
    }
    model.visit([&](auto out) {
      using Out = typename decltype(out)::value_type;
      global.visit([&](auto start) {
        updates_.visit([&](auto rows) {
          const auto own = rows[i];
          for (std::size_t c = 0; c < own.size(); ++c) {
            const double others = anew.empty() ? sum_[c] - alpha_[i] * static_cast<double>(own[c]) : anew[c];
            out[0][c] = static_cast<Out>(static_cast<double>(start[0][c]) + scale * others);
          }
        });
      });
    });
  }

 private:
  ConstRows updates_;
  std::vector<double> alpha_, sum_;
  std::vector<bool> loud_;
};

/// Three models a client: its own, the others' re-normalised, the others' as printed.
class AccuracyCheck final : public Detector {
 public:
  explicit AccuracyCheck(const AccuracyCheckOptions& options) : options_(options) {}

  Suspicion suspicion(ConstRows updates, const Round& round) override {
    require(round.hold_out != nullptr, "accuracy_check: the round has no hold-out");
    require(round.global.coordinates() == updates.coordinates(), "accuracy_check: {} parameters and updates of {}",
            round.global.coordinates(), updates.coordinates());
    const std::size_t n = updates.clients(), samples = used(round.hold_out->samples());
    const SumOfOthers others(updates, shares(n, round), round.workers);
    std::vector<double> rest(n);
    for (std::size_t i = 0; i < n; ++i) rest[i] = others.share(i);
    const auto make = [&](std::size_t k, Rows model) {
      const std::size_t i = k % n;
      if (k < n)
        write_own_model(updates, i, round.global, model);
      else
        others.write(i, round.global, k < 2 * n && rest[i] > 0.0 ? 1.0 / rest[i] : 1.0, model);
    };
    const std::vector<std::size_t> hits = round.hold_out->hits(3 * n, make, samples);
    require(hits.size() == 3 * n, "accuracy_check: {} models and {} answers", 3 * n, hits.size());
    const std::span<const std::size_t> all(hits);
    Suspicion found;
    found.readings = {reading(all.first(n), all.subspan(n, n), rest, samples),
                      reading(all.first(n), all.subspan(2 * n), rest, samples)};
    found.readings[1].figures.erase(found.readings[1].figures.begin());  // the same accuracies stand in the first
    return found;
  }

  [[nodiscard]] double forward_passes(std::size_t rows, std::size_t held_out) const override {
    return 3.0 * static_cast<double>(rows) * static_cast<double>(used(held_out));
  }

 private:
  [[nodiscard]] std::size_t used(std::size_t held_out) const {
    return options_.samples == 0 ? held_out : std::min(options_.samples, held_out);
  }

  /// Nothing is said of a client that has no others.
  [[nodiscard]] Reading reading(std::span<const std::size_t> alone, std::span<const std::size_t> without,
                                const std::vector<double>& rest, std::size_t samples) const {
    const auto share = [&](double count) { return count / static_cast<double>(samples); };
    Reading result{std::vector<double>(alone.size(), kNone)};
    Figure own{"accuracy_alone", {}}, others{"accuracy_without", {}};
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const auto a = static_cast<double>(alone[i]), b = static_cast<double>(without[i]);
      own.values.push_back(share(a));
      others.values.push_back(rest[i] > 0.0 ? share(b) : kNone);
      if (rest[i] > 0.0) result.suspicion[i] = share(b - a);
    }
    result.threshold = options_.gamma;
    result.figures = {std::move(own), std::move(others)};
    return result;
  }

  AccuracyCheckOptions options_;
};
}  // namespace

constinit const Entry<Detector> accuracy_check_entry{
    .name = "accuracy_check",
    .summary = "whether the model of all others is more accurate than the model of the client alone",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "accuracy check"}, {"_printed", "accuracy check, as printed"}}},
              .score =
                  "accuracy of w + sum over j != i of alpha_j x_j, less that of w + x_i; alpha re-normalised over the others, and "
                  "as printed in the paper without",
              .standard = true,
              .needs_hold_out = true},
    .make = [](Options& options) -> std::unique_ptr<Detector> {
      return std::make_unique<AccuracyCheck>(read_accuracy_check(options));
    },
};

}  // namespace tocsin::defense
