// SPDX-License-Identifier: Apache-2.0
// How fast this machine trains a network: the `speed` verb, and the time that `validate` foretells.
#pragma once
#include <cstddef>

#include "tocsin/data/dataset.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/training.h"

namespace tocsin::lab {

/// What one thread did.
struct Speed {
  double samples_per_second = 0;
  double gflops = 0;  ///< forward, backward and weight gradients, a multiply-add counted twice; the optimizer not counted
};

/// Trains on `samples` of `data`, whole batches in a row, for about `seconds` after a first batch that is not counted; the rate is
/// the best of several windows. On the calling thread. A first batch that takes longer than `seconds` is the only one.
Speed measure_speed(const nn::Architecture& architecture, const nn::LocalTraining& training, const data::Dataset& data,
                    double seconds);

/// Random samples of a shape, labels or targets drawn too: for measuring only.
data::Dataset random_samples(const nn::Architecture& architecture, std::size_t samples);

}  // namespace tocsin::lab
