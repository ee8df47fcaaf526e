// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/distance.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "tocsin/kernels/elementwise.h"

namespace tocsin::attack {
namespace {
template <class T>
std::span<const T> values(ConstRows row) {
  return {static_cast<const T*>(row.pointer(0)), row.coordinates()};
}
}  // namespace

DistancePlan read_distance(Options& options, bool code, Scope scope) {
  DistancePlan plan;
  Options table = options.table("distance", "rho dist(w_m, c), added to the loss of the stealth steps");
  const std::string anchor = table.word(
      "anchor", {.fallback = "previous_others",
                 .words = {"none", "own_benign", "previous_others"},
                 .help = "c: w plus its own clean update (trained first), or plus its estimate of what the others send"});
  plan.anchor = anchor == "own_benign" ? Anchor::own_benign : anchor == "none" ? Anchor::none : Anchor::previous_others;
  plan.weight = table.number("weight", {.fallback = plan.weight, .at_least = 0.0, .help = "rho"});
  const std::string form = table.word("form", {.fallback = "form",
                                               .words = {"form", "norm", "half_squared"},
                                               .help = "||w_m - c||, or half its square; \"form\": norm for text, half_squared for "
                                                       "code"});
  plan.form = form == "half_squared" || (form == "form" && code) ? DistanceForm::half_squared : DistanceForm::norm;
  plan.scope = scope;
  if (plan.anchor == Anchor::none && !options.is_describing())
    for (const char* key : {"weight", "form"})
      table.no_effect(key, fmt::format("'{}' has no effect without an anchor", key), "anchor = \"own_benign\", or leave it out");
  return plan;
}

DistanceTerm::DistanceTerm(const DistancePlan& plan, Scene& scene) : plan_(plan) {
  if (plan.anchor == Anchor::none || plan.weight == 0.0) return;
  if (plan.anchor == Anchor::previous_others && scene.others.empty()) return;
  std::vector<double> anchor = scene.place.round.global.row(0);
  const std::vector<double> step =
      plan.anchor == Anchor::own_benign ? scene.own_benign().row(0) : std::vector<double>(scene.others.begin(), scene.others.end());
  for (std::size_t j = 0; j < anchor.size(); ++j) anchor[j] += step[j];
  Updates flat(1, anchor.size(), Element::float64);
  flat.rows().assign(0, anchor);
  // The replica's order is its own: a vector of zeros and ones tells which of its places belong to biases.
  nn::Network& network = scene.place.training.network;
  anchor_ = Updates(1, network.gradient_vector().coordinates(), network.gradient_vector().element());
  if (plan.scope == Scope::weights) {
    std::vector<double> is_bias(anchor.size(), 0.0);
    for (const Tensor& tensor : network.architecture().layout().tensors)
      if (tensor.is_bias) std::fill_n(is_bias.begin() + static_cast<std::ptrdiff_t>(tensor.offset), tensor.size, 1.0);
    Updates marks(1, anchor.size(), Element::float64);
    marks.rows().assign(0, is_bias);
    network.to_raw(std::as_const(marks).rows(), anchor_.rows());
    const std::vector<double> raw = std::as_const(anchor_).rows().row(0);
    for (std::size_t j = 0; j < raw.size(); ++j)
      if (raw[j] != 0.0) free_.push_back(j);
  }
  network.to_raw(std::as_const(flat).rows(), anchor_.rows());
}

/// Gives the places that take no part the anchor w_m has there; returns the square of the distance they had.
double DistanceTerm::leave_out(ConstRows parameters) {
  double square = 0.0;
  anchor_.rows().visit([&]<class T>(TypedRows<T> rows) {
    const std::span<const T> from = values<T>(parameters);
    for (const std::size_t j : free_) {
      const double difference = static_cast<double>(from[j] - rows[0][j]);
      square += difference * difference;
      rows[0][j] = from[j];
    }
  });
  return square;
}

void DistanceTerm::step(nn::Network& network, nn::Optimizer& optimizer, double rate) {
  const Rows parameters = network.parameters();
  const ConstRows gradient = network.gradient_vector();
  if (!is_active()) return optimizer.step(parameters, gradient, rate);
  double factor = plan_.weight;
  if (plan_.form == DistanceForm::norm) {
    if (!square_) {
      leave_out(parameters);
      anchor_.rows().visit([&]<class T>(TypedRows<T> rows) {
        square_ = kernels::squared_distance(values<T>(parameters), std::span<const T>(rows[0]));
      });
    }
    const double length = std::sqrt(*square_);
    factor = length > 0.0 ? factor / length : 0.0;  // the gradient of the norm at distance 0 is taken as 0
  } else {
    leave_out(parameters);
  }
  const double square = optimizer.step(parameters, gradient, rate, nn::Pull{std::as_const(anchor_).rows(), factor});
  square_ = std::max(0.0, square - leave_out(parameters));
}

}  // namespace tocsin::attack
