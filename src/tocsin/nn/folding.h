// SPDX-License-Identifier: Apache-2.0
// Batch normalisation in its evaluation form is an affine map by channel, y = s x + t: here it becomes part of a neighbour, so that
// the engine can run the network. s = weight / sqrt(running_var + epsilon), t = bias - running_mean s.
#pragma once
#include "tocsin/core/rows.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {

/// A network that computes the same function.
struct Folded {
  Architecture architecture;
  Updates parameters;  ///< [1, d'], float64
};

/// Into the conv2d or dense before it: W' = s W, b' = s b + t. Else into the dense behind it (a flatten or dropout may stand
/// between) or the conv2d without padding: W' = W diag(s), b' = b + W t. Else it stays, or becomes a conv2d of one cell
/// with s on its diagonal. `parameters` is [1, d] of `architecture`. O(d).
enum class Unfolded { stays, becomes_convolution };
Folded fold(const Architecture& architecture, ConstRows parameters, Unfolded rest);

}  // namespace tocsin::nn
