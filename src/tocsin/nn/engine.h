// SPDX-License-Identifier: Apache-2.0
// The fast network: oneDNN for convolution and pooling, OpenBLAS for dense layers, float32 or bf16 with float32 master weights.
#pragma once
#include <cstddef>
#include <memory>

#include "tocsin/nn/network.h"

namespace tocsin::nn {

/// A replica for float32 or bf16. Made by `make_network`; throws std::invalid_argument for float64.
std::unique_ptr<Network> make_engine(const Architecture& architecture, std::size_t capacity, Precision precision);

}  // namespace tocsin::nn
