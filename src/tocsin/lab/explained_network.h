// SPDX-License-Identifier: Apache-2.0
// A network that belongs to no run: its layers from a TOML file, its weights from safetensors, inputs from .npy, maps to .npy.
#pragma once
#include <string>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::lab {

/// A network, its parameters [1, d] (float64 where the file is), and inputs [n, ...] for it.
struct ExplainedNetwork {
  nn::Architecture architecture;
  Updates parameters;
  explain::Images images;
};

/// `network`: a TOML file with `layers = [...]` or `name = "..."`, in a [model] table (an experiment file will do) or at the top.
/// `input`: [n, C, H, W], [n, H, W] for one channel, or [n, features]. A built-in network has as many outputs as its weights say.
/// Throws ConfigError, DataError (file and place) for what does not fit, and for numbers that walks of `precision` cannot hold.
ExplainedNetwork read_network(const std::string& network, const std::string& weights, const std::string& input,
                              nn::Precision precision);

/// A .npy of the shape of the inputs, or [n, cells] where maps have a size of their own; float64 where the maps are.
std::string npy_of(const explain::Maps& maps, const nn::Shape& shape);

}  // namespace tocsin::lab
