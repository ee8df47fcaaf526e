// SPDX-License-Identifier: Apache-2.0
// Explanation similarity: does a client's model explain the server's own images unlike the models of the others do?
// After the observation of Bhagoji et al., Analyzing Federated Learning through an Adversarial Lens, ICML 2019, section 5
// (arXiv:1811.12470), that interpretations of benign and poisoned models look alike: taken at its word, as a detector.
// Differs: the paper shows two models and one image; here every client's model is compared with those of all others, on several
// images that no client has. The median over the others, so that fewer than half of them cannot change who is unlike whom.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/own_model.h"

namespace tocsin::defense {
namespace {
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kDeviations = 1.4826;  // of a normal distribution's median absolute deviation to its standard deviation

struct ExplanationSimilarityOptions {
  ExplanationQuestion question;
  std::optional<double> kappa;
};

ExplanationSimilarityOptions read_explanation_similarity(Options& options) {
  ExplanationSimilarityOptions result;
  ExplanationQuestion& question = result.question;
  question.images = options.count("images", {.fallback = question.images,
                                             .at_least = 1,
                                             .help = "of the hold-out, the same ones in every round; all, if there are no more"});
  question.method =
      options.text("method", {.fallback = question.method, .help = "of explanation (an unknown name lists them all)"});
  question.similarity = options.text(
      "similarity", {.fallback = question.similarity, .help = "of two explanations (likewise); distances are taken negative"});
  question.own_neuron = options.word("neuron", {.fallback = "label",
                                                .words = {"label", "own"},
                                                .help = "what is explained: the logit of the label, or of each model's own "
                                                        "prediction"}) == "own";
  constexpr std::string_view kKappa =
      "flagged if the suspicion is so many deviations (1.4826 times the median absolute one) above the median of the round; "
      "default: no verdict";
  if (options.has("kappa"))
    result.kappa = options.number("kappa", {.fallback = std::nullopt, .at_least = 0.0, .help = kKappa});
  else
    options.raw("kappa", "number >= 0", std::nullopt, kKappa);
  return result;
}

/// The mean of the middle two if they are even in number; NaN of none.
double median(std::vector<double> values) {
  if (values.empty()) return kNone;
  std::sort(values.begin(), values.end());
  const double low = values[(values.size() - 1) / 2], high = values[values.size() / 2];
  return low + (high - low) / 2;
}

/// The median over the others of the likeness [n, n] of each row on one image [n]. A row that is like nobody in any defined way,
/// where others are, counts as the least alike pair: an attacker gains nothing by an explanation of zeros or NaN. Empty if no
/// pair is defined.
std::vector<double> typical_likeness(std::span<const double> likeness, std::size_t n) {
  std::vector<double> result(n, kNone);
  double least = kNone;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> others;
    for (std::size_t j = 0; j < n; ++j) {
      const double one = likeness[i * n + j];
      if (j == i || std::isnan(one)) continue;
      others.push_back(one);
      least = std::isnan(least) ? one : std::min(least, one);
    }
    result[i] = median(std::move(others));
  }
  if (std::isnan(least)) return {};
  for (double& one : result)
    if (std::isnan(one)) one = least;
  return result;
}

/// One explanation a client and image.
class ExplanationSimilarity final : public Detector {
 public:
  explicit ExplanationSimilarity(ExplanationSimilarityOptions options) : options_(std::move(options)) {}

  Suspicion suspicion(ConstRows updates, const Round& round) override {
    require(round.explanations != nullptr, "explanation_similarity: nobody explains models in this round");
    require(round.global.coordinates() == updates.coordinates(), "explanation_similarity: {} parameters and updates of {}",
            round.global.coordinates(), updates.coordinates());
    const std::size_t n = updates.clients();
    const std::vector<double> all = round.explanations->likeness(
        n, [&](std::size_t i, Rows model) { write_own_model(updates, i, round.global, model); }, options_.question);
    require(all.size() % (n * n) == 0, "explanation_similarity: {} models and {} likenesses", n, all.size());

    std::vector<double> sum(n, 0.0);
    Figure least{"least", std::vector<double>(n, kNone)};
    std::size_t images = 0;
    for (std::size_t image = 0; image < all.size() / (n * n); ++image) {
      const std::vector<double> typical = typical_likeness(std::span(all).subspan(image * n * n, n * n), n);
      if (typical.empty()) continue;
      ++images;
      for (std::size_t i = 0; i < n; ++i) {
        sum[i] += typical[i];
        least.values[i] = images == 1 ? typical[i] : std::min(least.values[i], typical[i]);
      }
    }
    Reading reading{std::vector<double>(n, kNone)};
    for (std::size_t i = 0; i < n && images > 0; ++i) reading.suspicion[i] = -sum[i] / static_cast<double>(images);
    if (options_.kappa && images > 0) reading.threshold = band(reading.suspicion);
    reading.figures = {std::move(least)};
    Suspicion found;
    found.readings = {std::move(reading)};
    return found;
  }

  [[nodiscard]] double forward_passes(std::size_t rows, std::size_t held_out) const override {
    return static_cast<double>(rows) * static_cast<double>(std::min(options_.question.images, held_out));
  }
  [[nodiscard]] const ExplanationQuestion* question() const override { return &options_.question; }

 private:
  /// Where suspicions begin to be flagged.
  [[nodiscard]] double band(const std::vector<double>& suspicion) const {
    const double middle = median(suspicion);
    std::vector<double> away;
    for (const double one : suspicion) away.push_back(std::abs(one - middle));
    return middle + *options_.kappa * kDeviations * median(std::move(away));
  }

  ExplanationSimilarityOptions options_;
};
}  // namespace

constinit const Entry<Detector> explanation_similarity_entry{
    .name = "explanation_similarity",
    .summary = "whether the client's model explains the server's images unlike the models of the others do",
    .paper = "arXiv:1811.12470",
    .status = Status::lightly_tested,
    .facts = {.readings = {{{"", "explanation similarity"}, {}}},
              .score = "minus the mean over images of the median over all others of the similarity of the two models' explanations",
              .needs_hold_out = true,
              .needs_explanations = true},
    .make = [](Options& options) -> std::unique_ptr<Detector> {
      return std::make_unique<ExplanationSimilarity>(read_explanation_similarity(options));
    },
};

}  // namespace tocsin::defense
