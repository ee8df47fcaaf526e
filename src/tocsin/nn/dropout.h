// SPDX-License-Identifier: Apache-2.0
// The mask of a dropout layer: one definition for the engine and the reference.
// Srivastava et al., Dropout, JMLR 15, 2014, in its inverted form: what is kept is scaled by 1 / (1 - rate) in training.
#pragma once
#include <cstddef>
#include <span>

#include "tocsin/core/random.h"

namespace tocsin::nn {

/// mask[i] = 0 or 1 / (1 - rate) for element i of [batch, features] of layer `layer` in the step that `stream` names. Element 4k +
/// w is dropped iff word w of block k of stream.at("layer").at(layer) is below rate * 2^32.
void dropout_mask(const Stream& stream, std::size_t layer, double rate, std::span<float> mask);

}  // namespace tocsin::nn
