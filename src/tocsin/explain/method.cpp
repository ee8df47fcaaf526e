// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/method.h"

#include <algorithm>

#include "tocsin/core/errors.h"

namespace tocsin::explain {

std::size_t arg_max(std::span<const double> row) {
  std::size_t best = 0;
  for (std::size_t j = 1; j < row.size(); ++j)
    if (row[j] > row[best]) best = j;
  return best;
}

void Scene::look_for_stop() const {
  if (stop_.stop_requested()) throw Interrupted();
}

Walker& Scene::at_chunk() {
  look_for_stop();
  if (!has_forward_) walker_.forward(chunk_.inputs, size());
  has_forward_ = true;
  return walker_;
}

std::vector<double> Scene::logits() {
  const std::vector<double> all = at_chunk().logits();
  std::vector<double> result(size());
  for (std::size_t i = 0; i < size(); ++i) result[i] = all[i * architecture().outputs() + chunk_.neurons[i]];
  return result;
}

std::vector<double> Scene::walk(const WalkPlan& plan, std::span<const double> seed, std::size_t to) {
  require(seed.size() == size(), "walk: needs {} seeds, got {}", size(), seed.size());
  std::vector<double> at_logits(size() * architecture().outputs(), 0.0);
  for (std::size_t i = 0; i < size(); ++i) at_logits[i * architecture().outputs() + chunk_.neurons[i]] = seed[i];
  return at_chunk().back(plan, at_logits, to);
}

/// Calls use(first row, rows) after a forward over each batch of copies.
void Scene::visit(std::size_t copies, const Fill& fill, const std::function<void(std::size_t, std::size_t)>& use) {
  const std::size_t rows = size() * copies, most = walker_.capacity(), width = features();
  has_forward_ = false;
  std::vector<double> inputs(std::min(rows, most) * width);
  for (std::size_t begin = 0; begin < rows; begin += most) {
    look_for_stop();
    const std::size_t batch = std::min(most, rows - begin);
    const std::span<double> all = std::span(inputs).first(batch * width);
    for (std::size_t r = 0; r < batch; ++r) fill((begin + r) / copies, (begin + r) % copies, all.subspan(r * width, width));
    walker_.forward(all, batch);
    use(begin, batch);
  }
}

void Scene::gradients(std::size_t copies, bool own_neuron, const Fill& fill, const Use& use) {
  const std::size_t width = features(), outputs = architecture().outputs();
  visit(copies, fill, [&](std::size_t begin, std::size_t batch) {
    std::vector<double> seed(batch * outputs, 0.0);
    const std::vector<double> logits = own_neuron ? walker_.logits() : std::vector<double>();
    for (std::size_t r = 0; r < batch; ++r) {
      const std::size_t neuron =
          own_neuron ? arg_max(std::span(logits).subspan(r * outputs, outputs)) : chunk_.neurons[(begin + r) / copies];
      seed[r * outputs + neuron] = 1.0;
    }
    const std::vector<double> gradient = walker_.back({}, seed);
    for (std::size_t r = 0; r < batch; ++r)
      use((begin + r) / copies, (begin + r) % copies, std::span(gradient).subspan(r * width, width));
  });
}

void Scene::evaluations(std::size_t copies, const Fill& fill, const Use& use) {
  const std::size_t outputs = architecture().outputs();
  visit(copies, fill, [&](std::size_t begin, std::size_t batch) {
    const std::vector<double> logits = walker_.logits();
    for (std::size_t r = 0; r < batch; ++r)
      use((begin + r) / copies, (begin + r) % copies, std::span(logits).subspan(r * outputs, outputs));
  });
}

}  // namespace tocsin::explain
