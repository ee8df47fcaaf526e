// SPDX-License-Identifier: Apache-2.0
// SGD and Adam as PyTorch defines them, one pass over memory.
// Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013 (PyTorch's form: the rate is not
// in the buffer); Kingma, Ba, Adam, arXiv:1412.6980.
#include <algorithm>
#include <cmath>
#include <span>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
/// The kernels' steps once more in double, for the reference network: kernels/elementwise.h has the formulas.
void sgd_step(std::span<double> w, std::span<const double> g, std::span<double> buffer, const OptimizerPlan& plan, double rate,
              bool first) {
  for (std::size_t i = 0; i < w.size(); ++i) {
    double step = g[i] + plan.weight_decay * w[i];
    if (!buffer.empty()) {
      buffer[i] = first ? step : plan.momentum * buffer[i] + step;
      step = plan.nesterov ? step + plan.momentum * buffer[i] : buffer[i];
    }
    w[i] -= rate * step;
  }
}
void adam_step(std::span<double> w, std::span<const double> g, std::span<double> m, std::span<double> v, const OptimizerPlan& plan,
               double step_size, double root_scale) {
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double gradient = g[i] + plan.weight_decay * w[i];
    m[i] = plan.beta1 * m[i] + (1.0 - plan.beta1) * gradient;
    v[i] = plan.beta2 * v[i] + (1.0 - plan.beta2) * gradient * gradient;
    w[i] -= step_size * m[i] / (std::sqrt(v[i]) * root_scale + plan.epsilon);
  }
}
void sgd_step(std::span<float> w, std::span<const float> g, std::span<float> buffer, const OptimizerPlan& plan, double rate,
              bool first) {
  kernels::sgd_step(w, g, buffer,
                    {.rate = static_cast<float>(rate),
                     .momentum = static_cast<float>(plan.momentum),
                     .decay = static_cast<float>(plan.weight_decay),
                     .nesterov = plan.nesterov,
                     .first = first});
}
void adam_step(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v, const OptimizerPlan& plan,
               double step_size, double root_scale) {
  kernels::adam_step(w, g, m, v,
                     {.beta1 = static_cast<float>(plan.beta1),
                      .rest1 = static_cast<float>(1.0 - plan.beta1),
                      .beta2 = static_cast<float>(plan.beta2),
                      .rest2 = static_cast<float>(1.0 - plan.beta2),
                      .epsilon = static_cast<float>(plan.epsilon),
                      .decay = static_cast<float>(plan.weight_decay),
                      .step_size = static_cast<float>(step_size),
                      .root_scale = static_cast<float>(root_scale)});
}

constexpr std::size_t kBlock = 2048;  // of a pull: what stays in the first cache

std::size_t moments_of(const OptimizerPlan& plan) {
  if (plan.kind == OptimizerKind::adam) return 2;
  return plan.momentum != 0.0 ? 1 : 0;
}

}  // namespace

double OptimizerPlan::rate_at(std::size_t round) const {
  double rate = learning_rate;
  for (const auto& [from, scheduled] : schedule)
    if (from <= round) rate = scheduled;
  return rate;
}

Optimizer::Optimizer(const OptimizerPlan& plan, std::size_t coordinates, Element element)
    : plan_(plan), moments_(moments_of(plan), coordinates, element) {}

double Optimizer::step(Rows parameters, ConstRows gradient, double rate, double boost, const Pull* pull) {
  require(parameters.clients() == 1 && gradient.clients() == 1 && parameters.coordinates() == gradient.coordinates() &&
              parameters.element() == gradient.element(),
          "optimizer: needs parameters and gradient [1, d] of one element type, got [{}, {}] and [{}, {}]", parameters.clients(),
          parameters.coordinates(), gradient.clients(), gradient.coordinates());
  require(
      moments_.clients() == 0 || (moments_.coordinates() == parameters.coordinates() && moments_.element() == parameters.element()),
      "optimizer: was made for {} coordinates, got {}", moments_.coordinates(), parameters.coordinates());
  require(pull == nullptr || (pull->anchor.clients() == 1 && pull->anchor.coordinates() == parameters.coordinates() &&
                              pull->anchor.element() == parameters.element()),
          "optimizer: the anchor of a pull must be as the parameters are");
  ++steps_;
  double distance2 = 0.0;
  parameters.visit([&](auto typed) {
    using T = typename decltype(typed)::value_type;
    const std::size_t n = typed.coordinates();
    const T* const slopes = static_cast<const T*>(gradient.pointer(0));
    T buffer[kBlock];
    const std::size_t width = pull == nullptr ? n : kBlock;
    for (std::size_t first = 0; first < n; first += width) {
      const std::size_t size = std::min(width, n - first);
      const std::span<T> values = typed[0].subspan(first, size);
      std::span<const T> slope(slopes + first, size), anchor;
      if (pull != nullptr) {
        anchor = std::span(static_cast<const T*>(pull->anchor.pointer(0)) + first, size);
        kernels::plus_scaled_difference(std::span<T>(buffer, size), slope, static_cast<T>(pull->factor), std::span<const T>(values),
                                        anchor);
        slope = {buffer, size};
      }
      const auto moment = [&](std::size_t row) {
        return row < moments_.clients()
                   ? std::span<T>(static_cast<T*>(const_cast<void*>(moments_.rows().pointer(row))) + first, size)
                   : std::span<T>();
      };
      if (plan_.kind == OptimizerKind::adam) {
        const double t = static_cast<double>(steps_);
        adam_step(values, slope, moment(0), moment(1), plan_, rate * boost / (1.0 - std::pow(plan_.beta1, t)),
                  1.0 / std::sqrt(1.0 - std::pow(plan_.beta2, t)));
      } else {
        sgd_step(values, slope, moment(0), plan_, rate * boost, steps_ == 1);
      }
      if (pull != nullptr) distance2 += kernels::squared_distance(std::span<const T>(values), anchor);
    }
  });
  return distance2;
}

void Optimizer::reset() {
  steps_ = 0;
  if (moments_.clients() == 0) return;
  moments_.rows().visit([](auto rows) {
    for (std::size_t i = 0; i < rows.clients(); ++i)
      for (auto& value : rows[i]) value = 0;
  });
}

}  // namespace tocsin::nn
