// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/walker.h"

#include <algorithm>

#include "tocsin/core/errors.h"

namespace tocsin::explain {

std::unique_ptr<Walker> make_walker(const nn::Architecture& architecture, std::size_t capacity, nn::Precision precision) {
  require(precision != nn::Precision::bf16, "explanations are made in float32 or float64, not in bf16");
  require(capacity >= 1, "a walker needs room for at least one input");
  return precision == nn::Precision::float64 ? detail::make_reference_walker(architecture, capacity)
                                             : detail::make_engine_walker(architecture, capacity);
}

namespace detail {

double part(Inputs which, double value, const Redistribution& rule) {
  switch (which) {
    case Inputs::all:
      return value;
    case Inputs::positive:
      return std::max(value, 0.0);
    case Inputs::negative:
      return std::min(value, 0.0);
    case Inputs::ones:
      return 1.0;
    case Inputs::low:
      return rule.low;
    case Inputs::high:
      return rule.high;
  }
  return value;
}

double part(Weights which, double value, double gamma) {
  switch (which) {
    case Weights::all:
      return value;
    case Weights::positive:
      return std::max(value, 0.0);
    case Weights::negative:
      return std::min(value, 0.0);
    case Weights::minus_positive:
      return -std::max(value, 0.0);
    case Weights::minus_negative:
      return -std::min(value, 0.0);
    case Weights::raised:
      return value + gamma * std::max(value, 0.0);
    case Weights::squared:
      return value * value;
    case Weights::ones:
      return 1.0;
  }
  return value;
}

double part(Bias which, double value, double gamma) {
  switch (which) {
    case Bias::none:
      return 0.0;
    case Bias::all:
      return value;
    case Bias::positive:
      return std::max(value, 0.0);
    case Bias::negative:
      return std::min(value, 0.0);
    case Bias::raised:
      return value + gamma * std::max(value, 0.0);
    case Bias::squared:
      return value * value;
  }
  return value;
}

}  // namespace detail
}  // namespace tocsin::explain
