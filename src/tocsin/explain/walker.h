// SPDX-License-Identifier: Apache-2.0
// A walk forward through a network, and any number of walks back through it by a plan of rules. What all methods are made of.
// Two of them: on the training engine in float32, and in plain double loops, which the laws and the golden values run.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/explain/redistribution.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/network.h"

namespace tocsin::explain {

/// What a ReLU does with what arrives at its output: R 1[z > 0] (gradient), max(R, 0) (DeconvNet), both (Guided Backprop), R (LRP).
enum class Gate { derivative, rectify, guided, open };

/// How to walk back. An affine layer without a rule pulls, W^T R. Max-pools give to the winner, the first of equals.
struct WalkPlan {
  Gate gate = Gate::derivative;
  std::vector<std::optional<Redistribution>> rules = {};  ///< [layers], or empty: none has one
  bool shares_averages = false;                           ///< average pools give by share of the sum (LRP), not evenly
  [[nodiscard]] const Redistribution* rule(std::size_t layer) const {
    return layer < rules.size() && rules[layer] ? &*rules[layer] : nullptr;
  }
};

class Walker {
 public:
  virtual ~Walker() = default;
  [[nodiscard]] virtual const nn::Architecture& architecture() const = 0;
  [[nodiscard]] virtual std::size_t capacity() const = 0;  ///< largest batch
  [[nodiscard]] virtual Element element() const = 0;       ///< what it computes in

  /// Parameters [1, d] of the architecture, whose batch_norm (if any) the float32 walker has been folded without.
  virtual void load(ConstRows flat) = 0;
  /// Evaluation of a batch [batch, features], at most `capacity`; it stays until the next.
  virtual void forward(std::span<const double> inputs, std::size_t batch) = 0;
  [[nodiscard]] virtual std::size_t batch() const = 0;
  /// Logits [batch, outputs] of the last forward.
  [[nodiscard]] virtual std::vector<double> logits() = 0;
  /// Output of layer k [batch, out], C, H, W order. Of an affine layer with a ReLU behind it: after that ReLU.
  [[nodiscard]] virtual std::vector<double> output_of(std::size_t layer) = 0;
  /// From `at_logits` [batch, outputs] back to the input of layer `to` [batch, in]. The forward stays.
  virtual std::vector<double> back(const WalkPlan& plan, std::span<const double> at_logits, std::size_t to = 0) = 0;
};

/// float32: the engine, batches padded to `capacity`; float64: plain loops. Throws std::invalid_argument for bf16, and for a
/// batch_norm in float32. The architecture is copied.
std::unique_ptr<Walker> make_walker(const nn::Architecture& architecture, std::size_t capacity, nn::Precision precision);

namespace detail {
std::unique_ptr<Walker> make_engine_walker(const nn::Architecture& architecture, std::size_t capacity);
std::unique_ptr<Walker> make_reference_walker(const nn::Architecture& architecture, std::size_t capacity);
/// Parts of an input and of weights, as Term names them.
double part(Inputs which, double value, const Redistribution& rule);
double part(Weights which, double value, double gamma);
double part(Bias which, double value, double gamma);
}  // namespace detail

}  // namespace tocsin::explain
