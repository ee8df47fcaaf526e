// SPDX-License-Identifier: Apache-2.0
// Which network runs which precision.
#include "tocsin/nn/engine.h"
#include "tocsin/nn/network.h"
#include "tocsin/nn/reference_network.h"

namespace tocsin::nn {

std::unique_ptr<Network> make_network(const Architecture& architecture, std::size_t capacity, Precision precision) {
  if (precision == Precision::float64) return make_reference_network(architecture, capacity);
  return make_engine(architecture, capacity, precision);
}

}  // namespace tocsin::nn
