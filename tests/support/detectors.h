// SPDX-License-Identifier: Apache-2.0
// What tests of detectors need: every detector of the registry on rounds from fixed streams, hold-outs and detectors by hand.
#pragma once
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "support/rows.h"
#include "tocsin/core/workers.h"
#include "tocsin/defense/detector_registry.h"

namespace tocsin::support {

/// A hold-out that judges by a function of the parameters: the share of `samples` that a model hits.
class HoldOutBy final : public HoldOut {
 public:
  using Share = std::function<double(const std::vector<double>& parameters)>;
  HoldOutBy(std::size_t samples, Share share, Workers* workers = nullptr)
      : samples_(samples), share_(std::move(share)), workers_(workers) {}
  [[nodiscard]] std::size_t samples() const override { return samples_; }
  [[nodiscard]] std::vector<std::size_t> hits(std::size_t models, const std::function<void(std::size_t, Rows)>& make,
                                              std::size_t samples) const override {
    std::vector<std::size_t> result(models);
    models_.resize(models);
    for_each(workers_, models, [&](std::size_t, std::size_t k) {
      Updates model(1, coordinates, Element::float64);
      make(k, model.rows());
      models_[k] = std::as_const(model).rows().row(0);
      result[k] = static_cast<std::size_t>(share_(models_[k]) * static_cast<double>(samples) + 0.5);
    });
    return result;
  }
  /// What the last call was asked about.
  [[nodiscard]] const std::vector<std::vector<double>>& models() const { return models_; }
  std::size_t coordinates = 0;

 private:
  std::size_t samples_;
  Share share_;
  Workers* workers_;
  mutable std::vector<std::vector<double>> models_;
};

/// Explains a model on an image by a function of parameters and image; the likeness of two is minus the distance of the two
/// numbers.
class ExplanationsBy final : public Explanations {
 public:
  using Explain = std::function<double(const std::vector<double>& parameters, std::size_t image)>;
  explicit ExplanationsBy(Explain explain, Workers* workers = nullptr) : explain_(std::move(explain)), workers_(workers) {}
  [[nodiscard]] std::vector<double> likeness(std::size_t models, const std::function<void(std::size_t, Rows)>& make,
                                             const ExplanationQuestion& question) const override {
    asked_ = question;
    std::vector<std::vector<double>> parameters(models);
    for_each(workers_, models, [&](std::size_t, std::size_t k) {
      Updates model(1, coordinates, Element::float64);
      make(k, model.rows());
      parameters[k] = std::as_const(model).rows().row(0);
    });
    std::vector<double> result;
    for (std::size_t image = 0; image < question.images; ++image)
      for (std::size_t i = 0; i < models; ++i)
        for (std::size_t j = 0; j < models; ++j)
          result.push_back(i == j ? std::numeric_limits<double>::quiet_NaN()
                                  : -std::abs(explain_(parameters[i], image) - explain_(parameters[j], image)));
    return result;
  }
  /// The last question.
  [[nodiscard]] const ExplanationQuestion& asked() const { return asked_; }
  std::size_t coordinates = 0;

 private:
  Explain explain_;
  Workers* workers_;
  mutable ExplanationQuestion asked_;
};

/// A detector that hands what it sees to a function, finds the length of the first coordinate, and counts its calls as its state.
class SpyDetector final : public defense::Detector {
 public:
  using See = std::function<void(ConstRows, const Round&)>;
  explicit SpyDetector(See see = {}) : see_(std::move(see)) {}
  defense::Suspicion suspicion(ConstRows updates, const Round& round) override {
    ++calls_;
    if (see_) see_(updates, round);
    defense::Reading reading;
    for (std::size_t i = 0; i < updates.clients(); ++i) reading.suspicion.push_back(updates.at(i, 0));
    defense::Suspicion found;
    found.readings = {std::move(reading)};
    return found;
  }
  void visit(SnapshotVisitor& visitor) override { visitor.scalar("calls", calls_); }
  [[nodiscard]] std::int64_t calls() const { return calls_; }

 private:
  See see_;
  std::int64_t calls_ = 0;
};
inline const Entry<defense::Detector> kSpyDetectorEntry{.name = "spy",
                                                        .summary = "-",
                                                        .paper = "-",
                                                        .status = Status::lightly_tested,
                                                        .facts = {.readings = {{{"", "spy"}, {}}}, .score = "-", .stateful = true},
                                                        .make = nullptr};

/// A round and everything it points into: n rows of d coordinates, a common direction and noise.
struct DetectorRound {
  Updates updates, global;
  std::vector<std::uint32_t> cohort;
  std::vector<double> samples;
  Layout layout;
  HoldOutBy hold_out;
  ExplanationsBy explanations;

  explicit DetectorRound(std::size_t n, std::size_t d = 40, std::uint64_t seed = 1, Workers* workers = nullptr)
      : updates(n, d), global(1, d), cohort(n), samples(n), hold_out(1000, judged, workers), explanations(explained, workers) {
    std::iota(cohort.begin(), cohort.end(), 3U);
    layout.tensors = {{.name = "0.weight", .shape = {d - d / 4}, .offset = 0, .size = d - d / 4, .is_bias = false},
                      {.name = "0.bias", .shape = {d / 4}, .offset = d - d / 4, .size = d / 4, .is_bias = true}};
    hold_out.coordinates = explanations.coordinates = d;
    std::vector<double> row(d);
    for (std::size_t i = 0; i <= n; ++i) {
      Draws common(Stream(seed).at("common")), own(Stream(seed).at(i));
      for (double& value : row) value = common.normal() + own.normal();
      if (i < n) updates.rows().assign(i, row);
      if (i < n) samples[i] = static_cast<double>(100 + 10 * (i % 3));
      if (i == n) global.rows().assign(0, row);
    }
  }
  /// A share of hits that depends on all parameters and on none too much.
  static double judged(const std::vector<double>& parameters) {
    double sum = 0.0;
    for (const double value : parameters) sum += value;
    return 0.5 + 0.45 * sum / (1.0 + std::abs(sum));
  }
  /// An explanation that all parameters and the image go into.
  static double explained(const std::vector<double>& parameters, std::size_t image) {
    double sum = 0.0;
    for (std::size_t c = 0; c < parameters.size(); ++c) sum += (c + image) % 3 == 0 ? parameters[c] : -0.5 * parameters[c];
    return sum / (1.0 + std::abs(sum));
  }
  [[nodiscard]] Round round(Workers* workers = nullptr) const {
    Round result;
    result.global = global.rows();
    result.cohort = cohort;
    result.samples = samples;
    result.layout = &layout;
    result.workers = workers;
    result.hold_out = &hold_out;
    result.explanations = &explanations;
    return result;
  }
  /// Row i of the result is row order[i] of this.
  [[nodiscard]] DetectorRound permuted(const std::vector<std::size_t>& order) const {
    DetectorRound result = *this;
    for (std::size_t i = 0; i < order.size(); ++i) {
      result.updates.rows().assign(i, updates.rows(), order[i]);
      result.samples[i] = samples[order[i]];
    }
    return result;
  }
};

inline std::string name_of(const Entry<defense::Detector>* entry) { return std::string(entry->name); }

}  // namespace tocsin::support
