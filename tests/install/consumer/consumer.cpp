// SPDX-License-Identifier: Apache-2.0
// Another project: one rule and one network of an installed Tocsin.
#include <cstdio>
#include <vector>

#include "tocsin/defense/registry.h"
#include "tocsin/nn/network.h"

int main() {
  using namespace tocsin;
  const std::vector<std::vector<double>> values = {{0, 0}, {2, 0}, {1, 3}, {5, 1}, {3, 8}, {40, 40}, {41, 38}};
  Updates sent(values.size(), 2);
  for (std::size_t i = 0; i < values.size(); ++i) sent.rows().assign(i, values[i]);
  Faults faults;
  Options defaults(nullptr, Place{}, "krum", faults);
  const std::vector<double> step = defense::krum_entry.make(defaults)->aggregate(sent.rows(), {.assumed_malicious = 2}).update;

  nn::prepare_thread();
  const nn::Architecture softmax = nn::built_in("softmax", {1, 28, 28}, 10);
  const auto network = nn::make_network(softmax, 1, nn::Precision::float32);
  const Updates zero(1, softmax.parameters());
  network->load(zero.rows());
  const Updates image(1, 784);
  network->put(image.rows());
  network->forward();
  if (network->logits() != std::vector<double>(10, 0.0)) return 1;

  std::printf("krum moves by %g, %g; softmax learns %zu numbers\n", step[0], step[1], softmax.parameters());
}
