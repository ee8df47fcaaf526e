// SPDX-License-Identifier: Apache-2.0
// LRP with one rule throughout, and deep Taylor decomposition. Papers: redistribution.h; z+ is also excitation backprop (Zhang et
// al., Top-down Neural Attention by Excitation Backprop, ECCV 2016; arXiv:1608.00507).
#include "tocsin/explain/propagation.h"
#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
constexpr std::string_view kPaper = "10.1371/journal.pone.0130140";
constexpr std::string_view kOverview = "10.1007/978-3-030-28954-6_10";
constexpr std::string_view kAtZeroHelp = "denominator where z is exactly 0";

std::unique_ptr<Method> one_rule(Options& options, Redistribution rule) {
  std::optional<Redistribution> first = read_first(options, "same");
  return make_propagation({.dense = rule, .convolution = rule, .first = std::move(first)});
}

double read_at_zero(Options& options) {
  return options.number("at_zero", {.fallback = 1.0, .at_least = 0.0, .above = true, .help = kAtZeroHelp});
}

bool read_bias(Options& options, std::string_view fallback) {
  return options.word("bias", {.fallback = fallback, .words = {"with", "none"}, .help = "whether the bias enters z"}) == "with";
}
}  // namespace

constinit const Entry<Method> lrp_z_entry{
    .name = "lrp_z",
    .summary = "LRP-0: relevance by share of z = W a + b",
    .paper = kPaper,
    .status = Status::verified,
    .facts = {.conserves = true},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      Redistribution rule = lrp_epsilon(0.0, read_bias(options, "with"));
      rule.at_zero = read_at_zero(options);
      return one_rule(options, rule);
    },
};

constinit const Entry<Method> lrp_epsilon_entry{
    .name = "lrp_epsilon",
    .summary = "LRP-epsilon: by share of z + epsilon sign(z), which absorbs relevance",
    .paper = kPaper,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const double epsilon = options.number("epsilon", {.fallback = 0.01, .at_least = 0.0, .help = "absolute, on the scale of z"});
      Redistribution rule = lrp_epsilon(epsilon, read_bias(options, "with"));
      rule.at_zero = read_at_zero(options);
      return one_rule(options, rule);
    },
};

constinit const Entry<Method> lrp_gamma_entry{
    .name = "lrp_gamma",
    .summary = "LRP-gamma: positive weights raised by gamma; for inputs >= 0",
    .paper = kOverview,
    .status = Status::verified,
    .facts = {.conserves = true, .needs_nonnegative = true},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const double gamma = options.number("gamma", {.fallback = 0.25, .at_least = 0.0, .help = "how much positive weights gain"});
      const std::string bias =
          options.word("bias", {.fallback = "scaled", .words = {"scaled", "plain", "none"}, .help = "b + gamma b+, b, or no bias"});
      return one_rule(options, lrp_gamma(gamma, bias == "plain"  ? BiasUse::plain
                                                : bias == "none" ? BiasUse::none
                                                                 : BiasUse::scaled));
    },
};

constinit const Entry<Method> lrp_alpha_beta_entry{
    .name = "lrp_alpha_beta",
    .summary = "LRP-alpha-beta: positive and negative contributions apart, alpha - beta = 1",
    .paper = kPaper,
    .status = Status::verified,
    .facts = {},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const double alpha = options.number("alpha", {.fallback = 2.0, .at_least = 1.0, .help = "weight of the positive part"});
      const double beta =
          options.number("beta", {.fallback = alpha - 1.0, .at_least = 0.0, .help = "of the negative part; alpha - 1"});
      const bool bias = read_bias(options, "with");
      if (alpha - beta > 1.0 + 1e-9 || alpha - beta < 1.0 - 1e-9) {
        options.fault("beta", "alpha - beta must be 1", "leave beta out");
        return one_rule(options, lrp_alpha_beta(2.0, 1.0, bias));
      }
      return one_rule(options, lrp_alpha_beta(alpha, beta, bias));
    },
};

constinit const Entry<Method> z_plus_entry{
    .name = "z_plus",
    .summary = "z+: positive contributions alone (alpha 1, beta 0); excitation backprop",
    .paper = "arXiv:1608.00507",
    .status = Status::verified,
    .facts = {.conserves = true},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      return one_rule(options, lrp_alpha_beta(1.0, 0.0, read_bias(options, "none")));
    },
};

constinit const Entry<Method> deep_taylor_entry{
    .name = "deep_taylor",
    .summary = "deep Taylor decomposition: max(f_c, 0) by z+, the first layer by zB or w^2",
    .paper = "arXiv:1512.02479",
    .status = Status::verified,
    .facts = {.paint = kSeismic},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const bool bounded = options.flag("bounded", {.fallback = true, .help = "inputs lie in [low, high] (zB), or anywhere (w^2)"});
      const double low = options.number("low", {.fallback = 0.0, .at_most = 0.0, .help = "smallest input, if bounded"});
      const double high = options.number("high", {.fallback = 1.0, .at_least = 0.0, .help = "largest input, if bounded"});
      if (!(low < high)) options.fault("low", "low must be below high");
      const Redistribution z_plus = lrp_alpha_beta(1.0, 0.0, false);
      const Redistribution first = !bounded ? w_squared() : low < high ? z_box(low, high) : z_box(0.0, 1.0);
      return make_propagation({.dense = z_plus, .convolution = z_plus, .first = first, .positive_seed = true});
    },
};

}  // namespace tocsin::explain
