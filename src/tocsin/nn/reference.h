// SPDX-License-Identifier: Apache-2.0
// Every layer and loss in plain double loops: what the engine is compared with, and what `precision = "float64"` runs.
// Forward and backward of one layer over a batch; row-major [batch, C, H, W]. No blocking, no cleverness.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/nn/architecture.h"
#include "tocsin/nn/network.h"

namespace tocsin::nn::reference {

/// What a batch_norm does in a channel: y = slope x + offset, slope = weight / sqrt(running_var + epsilon), offset = bias -
/// running_mean slope. `parameters` is the whole flat vector [d].
struct ChannelLine {
  double slope, offset;
};
ChannelLine batch_norm_line(const Layer& layer, std::span<const double> parameters, std::size_t channel);

/// Output of one layer [batch, out]. `parameters` is the whole flat vector [d]. Dropout masks come from `mask` [batch, features]
/// (0 or 1 / (1 - rate)); empty: evaluation mode.
std::vector<double> forward(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                            std::size_t batch, std::span<const double> mask);
/// Derivative of `forward` in evaluation mode at `input` along `direction` [batch, in]: what a ReLU lets through, and which place a
/// max-pool takes, is as at `input`, by the conventions of `backward`. [batch, out].
std::vector<double> tangent(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                            std::span<const double> direction, std::size_t batch);
/// Gradient with respect to the input [batch, in]; adds to `gradient` [d] where it is not empty. Max-pool ties: first in row-major
/// order of the window. ReLU at 0: closed.
std::vector<double> backward(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                             std::span<const double> output_gradient, std::size_t batch, std::span<const double> mask,
                             std::span<double> gradient);
/// Sum of losses and, into `logit_gradient` [batch, outputs], its gradient divided by `batch`; each hit adds one to `hits`
/// [outputs] at its label. Both may be empty.
BatchLoss loss(Loss kind, std::span<const double> logits, const Wanted& wanted, std::size_t batch, std::size_t outputs,
               std::span<double> logit_gradient, std::span<std::uint32_t> hits = {});

}  // namespace tocsin::nn::reference
