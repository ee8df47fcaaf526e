// SPDX-License-Identifier: Apache-2.0
// Everything a defence may know about a round. Filled by fed; it lives here so that defense need not know fed.
// The truth about who is malicious is not in it, and rows come in ascending client id, so their order betrays nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/layout.h"
#include "tocsin/core/random.h"
#include "tocsin/core/rows.h"

namespace tocsin {

class Workers;

/// The server's own judgement of models: how many samples of its hold-out they get right. No client has these samples, and none of
/// them is a target.
class HoldOut {
 public:
  virtual ~HoldOut() = default;
  [[nodiscard]] virtual std::size_t samples() const = 0;
  /// Hits [models] of so many parameter vectors on `samples` of the hold-out, the same ones in every round (all, if there are no
  /// more). `make(k, row)` writes vector k into row [1, d], on any thread, once each. All workers share the work.
  [[nodiscard]] virtual std::vector<std::size_t> hits(std::size_t models, const std::function<void(std::size_t k, Rows row)>& make,
                                                      std::size_t samples) const = 0;
};

/// What explanations are wanted. Names are those of the room `explain`, which no defence knows: whoever loads an experiment looks
/// them up.
struct ExplanationQuestion {
  std::string method = "gradient";  ///< with its own defaults
  std::string similarity = "spearman_abs";
  bool own_neuron = false;  ///< each model explains its own prediction; otherwise the label
  std::size_t images = 16;  ///< of the hold-out, the same ones in every round; all, if there are no more
};

/// How models explain the server's hold-out.
class Explanations {
 public:
  virtual ~Explanations() = default;
  /// Likeness [images, models, models] of the explanations of so many parameter vectors, symmetric, larger is more alike; NaN where
  /// it is undefined, and on the diagonal. `make(k, row)` as for the hold-out. Throws std::invalid_argument for an unknown name.
  [[nodiscard]] virtual std::vector<double> likeness(std::size_t models, const std::function<void(std::size_t k, Rows row)>& make,
                                                     const ExplanationQuestion& question) const = 0;
};

/// Read-only and cheap to copy: spans into what fed owns. Row i of the updates belongs to client cohort[i].
struct Round {
  std::size_t index = 1;                       ///< from 1
  ConstRows global = {};                       ///< [1, d], the parameters at the start of the round
  std::span<const std::uint32_t> cohort = {};  ///< [n] client ids, ascending
  std::span<const double> samples = {};        ///< [n] sample counts as the clients report them; a claim
  std::size_t assumed_malicious = 0;           ///< f, what the defence is told to expect among these rows
  std::size_t set_aside = 0;          ///< rows already taken out as non-finite and counted against f, which is smaller by as many
  ConstRows root = {};                ///< [1, d], the server's own update on root data; empty if there is none
  const Layout* layout = nullptr;     ///< null where the update has no known structure
  Workers* workers = nullptr;         ///< threads that kernels may use; null: the caller's own. Never changes a result
  Stream stream = Stream(0);          ///< randomness of this round for rules and transforms
  double sample_total = 0;            ///< what shares alpha_i are of: samples[i] / sample_total; 0: of the sum of `samples`
  const HoldOut* hold_out = nullptr;  ///< null where the server has none, or none with labels
  const Explanations* explanations = nullptr;  ///< of the hold-out; null where there is none, or nobody explains
  /// L2 distances [n, n] of these rows over all coordinates and over weights only, where somebody made them already; else empty.
  std::span<const double> distances = {}, weight_distances = {};
};

}  // namespace tocsin
