// SPDX-License-Identifier: Apache-2.0
// SGD and Adam as PyTorch defines them, one pass over memory.
// Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013 (PyTorch's form: the rate is not
// in the buffer); Kingma, Ba, Adam, arXiv:1412.6980.
#include <cmath>
#include <span>

#include "tocsin/core/errors.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
/// The constants of one step in the element type.
template <class T>
struct SgdStep {
  T rate, momentum, decay;  ///< rate: learning rate times boost
  bool nesterov, first;
};

template <class T>
void plain_step(T* __restrict parameters, const T* __restrict gradient, std::size_t n, T rate, T decay) {
  for (std::size_t i = 0; i < n; ++i) parameters[i] -= rate * (gradient[i] + decay * parameters[i]);
}

template <class T>
void momentum_step(T* __restrict parameters, const T* __restrict gradient, T* __restrict buffer, std::size_t n, SgdStep<T> step) {
  const T keep = step.first ? T{0} : step.momentum;
  const T direct = step.nesterov ? T{1} : T{0}, buffered = step.nesterov ? step.momentum : T{1};
  for (std::size_t i = 0; i < n; ++i) {
    const T g = gradient[i] + step.decay * parameters[i];
    const T b = keep * buffer[i] + g;
    buffer[i] = b;
    parameters[i] -= step.rate * (direct * g + buffered * b);
  }
}

template <class T>
struct AdamStep {
  T beta1, rest1, beta2, rest2, epsilon, decay;
  T size;   ///< learning rate times boost / (1 - beta1^t)
  T root2;  ///< 1 / sqrt(1 - beta2^t)
};

template <class T>
void adam_step(T* __restrict parameters, const T* __restrict gradient, T* __restrict first, T* __restrict second, std::size_t n,
               AdamStep<T> step) {
  for (std::size_t i = 0; i < n; ++i) {
    const T g = gradient[i] + step.decay * parameters[i];
    const T m = step.beta1 * first[i] + step.rest1 * g;
    const T v = step.beta2 * second[i] + step.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    parameters[i] -= step.size * m / (std::sqrt(v) * step.root2 + step.epsilon);
  }
}

std::size_t moments_of(const OptimizerPlan& plan) {
  if (plan.kind == OptimizerKind::adam) return 2;
  return plan.momentum != 0.0 ? 1 : 0;
}

template <class T>
AdamStep<T> adam_constants(const OptimizerPlan& plan, double t, double rate) {
  return {.beta1 = static_cast<T>(plan.beta1),
          .rest1 = static_cast<T>(1.0 - plan.beta1),
          .beta2 = static_cast<T>(plan.beta2),
          .rest2 = static_cast<T>(1.0 - plan.beta2),
          .epsilon = static_cast<T>(plan.epsilon),
          .decay = static_cast<T>(plan.weight_decay),
          .size = static_cast<T>(rate / (1.0 - std::pow(plan.beta1, t))),
          .root2 = static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(plan.beta2, t)))};
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

void Optimizer::step(Rows parameters, ConstRows gradient, double rate, double boost) {
  require(parameters.clients() == 1 && gradient.clients() == 1 && parameters.coordinates() == gradient.coordinates() &&
              parameters.element() == gradient.element(),
          "optimizer: needs parameters and gradient [1, d] of one element type, got [{}, {}] and [{}, {}]", parameters.clients(),
          parameters.coordinates(), gradient.clients(), gradient.coordinates());
  require(
      moments_.clients() == 0 || (moments_.coordinates() == parameters.coordinates() && moments_.element() == parameters.element()),
      "optimizer: was made for {} coordinates, got {}", moments_.coordinates(), parameters.coordinates());
  ++steps_;
  parameters.visit([&](auto typed) {
    using T = typename decltype(typed)::value_type;
    const std::size_t n = typed.coordinates();
    T* const values = typed[0].data();
    const T* const slope = static_cast<const T*>(gradient.pointer(0));
    const auto moment = [&](std::size_t row) { return static_cast<T*>(const_cast<void*>(moments_.rows().pointer(row))); };
    const T step_rate = static_cast<T>(rate * boost), decay = static_cast<T>(plan_.weight_decay);
    if (plan_.kind == OptimizerKind::adam)
      adam_step<T>(values, slope, moment(0), moment(1), n, adam_constants<T>(plan_, static_cast<double>(steps_), rate * boost));
    else if (moments_.clients() == 1)
      momentum_step<T>(values, slope, moment(0), n,
                       {step_rate, static_cast<T>(plan_.momentum), decay, plan_.nesterov, steps_ == 1});
    else
      plain_step<T>(values, slope, n, step_rate, decay);
  });
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
