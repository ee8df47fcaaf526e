// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/dropout.h"

#include "tocsin/kernels/elementwise.h"

namespace tocsin::nn {

void dropout_mask(const Stream& stream, std::size_t layer, double rate, std::span<float> mask) {
  const Stream own = stream.at("layer").at(layer);
  kernels::bernoulli_mask(own.key().data(), own.words().data(), rate, mask);
}

}  // namespace tocsin::nn
