// SPDX-License-Identifier: Apache-2.0
// How clients' models explain the server's hold-out: the explainer of `explain` on the fleet's workers, one model a worker at a
// time.
#pragma once
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "tocsin/core/round.h"
#include "tocsin/fed/federation.h"

namespace tocsin::fed {

/// `samples` of a federation's hold-out, the same ones in every round; all of them, if there are no more.
std::vector<std::uint32_t> part_of_hold_out(const Parts& parts, std::size_t samples);

/// In the precision of the training, but for bf16 in float32. The same bytes for any number of workers.
class FleetExplanations final : public Explanations {
 public:
  /// `element` is that of the models. The parts must outlive this.
  FleetExplanations(const Parts& parts, Element element, std::stop_token stop);
  /// Throws Interrupted, and std::invalid_argument also for a method that does not fit the network.
  [[nodiscard]] std::vector<double> likeness(std::size_t models, const std::function<void(std::size_t, Rows)>& make,
                                             const ExplanationQuestion& question) const override;

 private:
  const Parts& parts_;
  Element element_;
  std::stop_token stop_;
};

/// Throws std::invalid_argument, with the known names, where a name of the question is unknown.
void check_names(const ExplanationQuestion& question);

/// Throws std::invalid_argument if the network cannot be explained by the method, or its input be compared by the similarity.
void check_fits(const ExplanationQuestion& question, const nn::Architecture& architecture, bool negative_inputs);
/// Samples that go forward, or as much work, for each sample explained by a method: for the estimate.
double passes_of(const ExplanationQuestion& question);
/// Bytes that explaining takes while it lasts, for the estimate.
double footprint(const ExplanationQuestion& question, const nn::Architecture& architecture, nn::Precision precision,
                 std::size_t models, std::size_t workers);

}  // namespace tocsin::fed
