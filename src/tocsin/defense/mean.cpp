// SPDX-License-Identifier: Apache-2.0
// The mean and the weighted mean: what federated averaging does, and what every other rule is measured against.
// McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017; arXiv:1602.05629.
// Differs: both are one rule, told apart by the default of `weights`; `capped` cuts off the heaviest clients (weights.h).
// Divided last, so equal rows give that row exactly. Without a cap the weights are known before the rows, which may be folded in
// as they finish to the same bits; a cap depends on which rows are left.
#include <memory>
#include <utility>

#include "tocsin/defense/registry.h"
#include "tocsin/defense/rule_options.h"
#include "tocsin/defense/weights.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::defense {
namespace {

struct MeanOptions {
  WeightOptions weights;
  AssumedMalicious assumed;  ///< f: how many the cap of `capped` is against
};

MeanOptions read_mean(Options& options, std::string_view weights) {
  read_compat(options);  // all projects agree on the mean
  const WeightOptions read = read_weights(options, WeightUse::mean, weights);
  return {.weights = read, .assumed = read_assumed(options)};
}

class Mean final : public Aggregator {
 public:
  Mean(std::string_view name, const MeanOptions& options) : name_(name), options_(options) {}

  Aggregation aggregate(ConstRows updates, const Round& round) override {
    std::vector<double> weights =
        client_weights(name_, options_.weights, round.samples, updates.clients(), options_.assumed.of(round));
    double total = 0;
    for (const double weight : weights) total += weight;
    if (total == 0) return {.update = {}, .weights = {}, .note = std::string(kNoWeightLeft)};
    std::vector<double> update = kernels::weighted_mean(updates, weights, round.workers);
    for (double& weight : weights) weight /= total;
    return {.update = std::move(update), .weights = std::move(weights), .note = ""};
  }

  [[nodiscard]] std::vector<double> fixed_weights(const Round& round) const override {
    try {
      return client_weights(name_, options_.weights, round.samples, round.cohort.size(), options_.assumed.of(round));
    } catch (const TooFew&) {  // no cap can help; `aggregate` says so
      return std::vector<double>(round.cohort.size(), 0.0);
    }
  }
  [[nodiscard]] bool folds() const override { return options_.weights.weights != Weights::capped; }

 private:
  std::string_view name_;
  MeanOptions options_;
};

std::size_t fewest(std::size_t f, Options& options, std::string_view weights) {
  const MeanOptions read = read_mean(options, weights);
  return fewest_to_cap(read.weights, read.assumed.of(f));
}
}  // namespace

constinit const Entry<Aggregator> mean_entry{
    .name = "mean",
    .summary = "mean of all rows",
    .paper = "arXiv:1602.05629",
    .status = Status::verified,
    .facts = {.shape = Shape::gram,
              .min_clients = [](std::size_t f, Options& options) { return fewest(f, options, "none"); },
              .averages = true,
              .weights = WeightUse::mean},
    .make = [](Options& options) -> std::unique_ptr<Aggregator> {
      return std::make_unique<Mean>("mean", read_mean(options, "none"));
    },
};

constinit const Entry<Aggregator> weighted_mean_entry{
    .name = "weighted_mean",
    .summary = "mean of all rows, weighted by the sample counts that clients report",
    .paper = "arXiv:1602.05629",
    .status = Status::verified,
    .facts = {.shape = Shape::gram,
              .min_clients = [](std::size_t f, Options& options) { return fewest(f, options, "samples"); },
              .averages = true,
              .weighs_samples = true,
              .weights = WeightUse::mean},
    .make = [](Options& options) -> std::unique_ptr<Aggregator> {
      return std::make_unique<Mean>("weighted_mean", read_mean(options, "samples"));
    },
};

}  // namespace tocsin::defense
