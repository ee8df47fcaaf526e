// SPDX-License-Identifier: Apache-2.0
// Does a method notice when the network it explains is broken? A map that stays when layers are drawn anew is not about them.
// Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018; arXiv:1810.03292. Hedstroem et al., Sanity Checks Revisited, 2024
// (the rise of complexity).
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/workers.h"
#include "tocsin/explain/explainer.h"

namespace tocsin::lab {

/// How alike the maps of a method stay to those of the trained network when layers are drawn anew: means over images.
struct SanityStage {
  std::string order;                        ///< "cascade" (top down), "bottom_up", both cumulative; "independent": that layer alone
  std::string layer;                        ///< the layer drawn last: "6 (dense)"
  double spearman_abs = 0, ssim_drawn = 0;  ///< NaN: undefined
};
struct SanityCheck {
  std::string method;
  std::vector<SanityStage> stages;  ///< all orders, each from its first layer on
  double complexity_rise = 0;       ///< of the entropy of the map, trained to wholly random
  double random_logit = 0;          ///< spearman_abs of the maps of the neuron and of another class
  /// The rank correlation of magnitudes is still at least a half when every layer is random.
  [[nodiscard]] bool is_insensitive() const;
};

/// Checks each method on one model. The network's own initialiser, stream `explain/randomize` of the options' seed.
std::vector<SanityCheck> sanity_checks(const explain::Explained& model, nn::Init init, const explain::Images& images,
                                       std::span<const explain::MethodUse> methods, const explain::ExplainOptions& options,
                                       Workers& workers);

/// A table a method: layers of each order; for report.md.
std::string sanity_markdown(const std::vector<SanityCheck>& checks);

}  // namespace tocsin::lab
