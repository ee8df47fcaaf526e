// SPDX-License-Identifier: Apache-2.0
// Composites: dense layers by LRP-epsilon, convolutions by a rule of their own, the first affine layer by a third.
// Montavon et al., Layer-Wise Relevance Propagation: An Overview, 2019. Anders et al., Software for Dataset-wide XAI, 2021;
// arXiv:2106.13200 (the names). Kohlbrenner et al., Towards Best Practice in Explaining Neural Network Decisions with LRP, 2020;
// arXiv:1910.09840 (presets A and B).
#include "tocsin/explain/propagation.h"
#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
constexpr double kSmall = 1e-6;  ///< epsilon of the dense layers
constexpr double kPreset = 0.1;  ///< the same of presets A and B
constexpr double kGamma = 0.25;

Redistribution read_dense(Options& options, double epsilon) {
  return lrp_epsilon(options.number("epsilon", {.fallback = epsilon, .at_least = 0.0, .help = "of the dense layers"}));
}
Redistribution plus() { return lrp_alpha_beta(1.0, 0.0, true); }
Redistribution alpha2() { return lrp_alpha_beta(2.0, 1.0, true); }

constexpr std::string_view kZennit = "arXiv:2106.13200";
constexpr std::string_view kBest = "arXiv:1910.09840";
}  // namespace

constinit const Entry<Method> epsilon_plus_entry{
    .name = "epsilon_plus",
    .summary = "dense LRP-epsilon, convolutions z+ with bias",
    .paper = kZennit,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation({.dense = read_dense(options, kSmall), .convolution = plus(), .first = read_first(options, "same")});
    },
};

constinit const Entry<Method> epsilon_gamma_box_entry{
    .name = "epsilon_gamma_box",
    .summary = "dense LRP-epsilon, convolutions LRP-gamma, the first layer zB",
    .paper = kZennit,
    .status = Status::verified,
    .facts = {.needs_nonnegative = true},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const double gamma = options.number("gamma", {.fallback = kGamma, .at_least = 0.0, .help = "of the convolutions"});
      return make_propagation(
          {.dense = read_dense(options, kSmall), .convolution = lrp_gamma(gamma), .first = read_first(options, "zb")});
    },
};

constinit const Entry<Method> epsilon_plus_flat_entry{
    .name = "epsilon_plus_flat",
    .summary = "dense LRP-epsilon, convolutions z+ with bias, the first layer flat",
    .paper = kZennit,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation({.dense = read_dense(options, kSmall), .convolution = plus(), .first = read_first(options, "flat")});
    },
};

constinit const Entry<Method> epsilon_alpha2_beta1_entry{
    .name = "epsilon_alpha2_beta1",
    .summary = "dense LRP-epsilon, convolutions alpha 2 beta 1",
    .paper = kZennit,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation(
          {.dense = read_dense(options, kSmall), .convolution = alpha2(), .first = read_first(options, "same")});
    },
};

constinit const Entry<Method> epsilon_alpha2_beta1_flat_entry{
    .name = "epsilon_alpha2_beta1_flat",
    .summary = "dense LRP-epsilon, convolutions alpha 2 beta 1, the first layer flat",
    .paper = kZennit,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation(
          {.dense = read_dense(options, kSmall), .convolution = alpha2(), .first = read_first(options, "flat")});
    },
};

constinit const Entry<Method> preset_a_entry{
    .name = "preset_a",
    .summary = "dense LRP-epsilon 0.1, convolutions alpha 1 beta 0 with bias",
    .paper = kBest,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation({.dense = read_dense(options, kPreset), .convolution = plus(), .first = read_first(options, "same")});
    },
};

constinit const Entry<Method> preset_b_entry{
    .name = "preset_b",
    .summary = "dense LRP-epsilon 0.1, convolutions alpha 2 beta 1",
    .paper = kBest,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return make_propagation(
          {.dense = read_dense(options, kPreset), .convolution = alpha2(), .first = read_first(options, "same")});
    },
};

}  // namespace tocsin::explain
