// SPDX-License-Identifier: Apache-2.0
// With v = 2 (g - g_0) / ||g_0||^2 held fixed, the gradient of the term is that of v . g = v . df/dx, the derivative of the logit
// along v. A tangent carries v forward; with ReLUs and pools held as they are at x, each layer is linear in it, so that an ordinary
// pass back gives the gradient, with tangents in place of activations. Biases move no map.
#include "tocsin/attack/parts/explanation_term.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/nn/reference.h"

namespace tocsin::attack {
namespace {
double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}
}  // namespace

ExplanationTerm::ExplanationTerm(double weight, const AttackPlace& place)
    : weight_(weight),
      architecture_(place.small.architecture()),
      targets_(place.targets.size()),
      features_(place.target_data.shape.features()),
      inputs_(targets_ * features_),
      seed_(targets_ * architecture_.outputs(), 0.0) {
  data::gather(place.target_data, indices_of(place.targets), std::span<double>(inputs_));
  for (std::size_t i = 0; i < targets_; ++i)
    seed_.at(i * architecture_.outputs() + static_cast<std::size_t>(place.targets[i].wanted)) = 1.0;
  clean_ = passes(place.round.global).maps;
  for (std::size_t i = 0; i < targets_; ++i) clean_square_.push_back(dot(of(clean_, i), of(clean_, i)));
}

ExplanationTerm::Passes ExplanationTerm::passes(ConstRows parameters) const {
  Passes result{.parameters = parameters.row(0), .outputs = {inputs_}, .maps = seed_};
  const std::vector<nn::Layer>& layers = architecture_.layers();
  for (std::size_t k = 0; k + 1 < layers.size(); ++k)
    result.outputs.push_back(nn::reference::forward(layers[k], result.parameters, result.outputs[k], targets_, {}));
  for (std::size_t k = layers.size(); k-- > 0;)
    result.maps = nn::reference::backward(layers[k], result.parameters, result.outputs[k], result.maps, targets_, {}, {});
  return result;
}

ExplanationTerm::Value ExplanationTerm::at(ConstRows parameters) const {
  const Numbers maps = passes(parameters).maps;
  double squares = 0.0, cosines = 0.0;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < targets_; ++i) {
    if (clean_square_[i] == 0.0) continue;
    const double square = dot(of(maps, i), of(maps, i)), product = dot(of(maps, i), of(clean_, i));
    for (std::size_t j = 0; j < features_; ++j) {
      const double difference = of(maps, i)[j] - of(clean_, i)[j];
      squares += difference * difference / clean_square_[i];
    }
    cosines += square > 0.0 ? product / std::sqrt(square * clean_square_[i]) : 0.0;
    ++counted;
  }
  if (counted == 0) return {};
  return {.term = weight_ * squares / static_cast<double>(targets_), .cosine = cosines / static_cast<double>(counted)};
}

std::vector<double> ExplanationTerm::gradient(ConstRows parameters) const {
  const Passes at = passes(parameters);
  const std::vector<nn::Layer>& layers = architecture_.layers();
  Numbers along(inputs_.size(), 0.0);
  for (std::size_t i = 0; i < targets_; ++i) {
    if (clean_square_[i] == 0.0) continue;
    const double factor = 2.0 * weight_ / (clean_square_[i] * static_cast<double>(targets_));
    for (std::size_t j = i * features_; j < (i + 1) * features_; ++j) along[j] = factor * (at.maps[j] - clean_[j]);
  }
  std::vector<Numbers> tangents{std::move(along)};
  for (std::size_t k = 0; k + 1 < layers.size(); ++k)
    tangents.push_back(nn::reference::tangent(layers[k], at.parameters, at.outputs[k], tangents[k], targets_));
  Numbers result(at.parameters.size(), 0.0), relevance = seed_;
  for (std::size_t k = layers.size(); k-- > 0;) {
    const nn::Layer& layer = layers[k];
    const Numbers& input = layer.has_parameters() ? tangents[k] : at.outputs[k];
    relevance = nn::reference::backward(layer, at.parameters, input, relevance, targets_, {}, result);
    if (layer.has_parameters() && layer.bias)
      std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(layer.bias_offset), layer.out.channels, 0.0);
  }
  return result;
}

void ExplanationTerm::add_gradient(ConstRows parameters, nn::Network& network) const {
  if (weight_ == 0.0) return;
  Updates flat(1, architecture_.parameters(), Element::float64);
  flat.rows().assign(0, gradient(parameters));
  const Rows sum = network.gradient_vector();
  Updates raw(1, sum.coordinates(), sum.element());
  network.to_raw(std::as_const(flat).rows(), raw.rows());
  add(sum, std::as_const(raw).rows());
}

}  // namespace tocsin::attack
