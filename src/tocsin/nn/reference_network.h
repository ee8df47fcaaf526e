// SPDX-License-Identifier: Apache-2.0
// The plain network in double, made of the loops of reference.h: slow, exact, what the engine is compared with.
#pragma once
#include <cstddef>
#include <memory>

#include "tocsin/nn/network.h"

namespace tocsin::nn {

/// A replica whose raw order is the flat order, in double. Made by `make_network` for Precision::float64.
std::unique_ptr<Network> make_reference_network(const Architecture& architecture, std::size_t capacity);

}  // namespace tocsin::nn
