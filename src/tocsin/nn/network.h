// SPDX-License-Identifier: Apache-2.0
// A network that can learn: one replica, used by one thread, memory and primitives made once.
// Parameters and gradient are reachable in the replica's own order ("raw"; blocked layouts for convolutions), in which every
// element-wise operation (optimizers, boosting, distance terms) may be done; `load` and `save` translate from and to the flat
// vector of the Layout. Between `put` and the next `put` the batch stays.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/core/rows.h"
#include "tocsin/data/dataset.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {

enum class Precision { float32, bf16, float64 };
std::string_view text(Precision precision);
/// Whether this CPU (and oneDNN on it) can; bf16 needs AVX512_BF16.
bool available(Precision precision);

/// Sums over a batch, in double.
struct BatchLoss {
  double loss = 0;          ///< sum of the samples' losses
  std::size_t correct = 0;  ///< samples whose arg max (lowest index on ties) is the label; 0 for regression
};

/// What the samples of a batch should have come out as.
struct Wanted {
  std::span<const std::int32_t> labels = {};  ///< classification [batch]
  std::span<const float> targets = {};        ///< regression [batch, outputs]
};

class Network {
 public:
  virtual ~Network() = default;
  [[nodiscard]] virtual const Architecture& architecture() const = 0;
  [[nodiscard]] virtual Precision precision() const = 0;
  [[nodiscard]] virtual std::size_t capacity() const = 0;  ///< largest batch

  /// Flat [1, d] (any element type) to the replica and back. Padding of the raw order is zero and stays zero.
  virtual void load(ConstRows flat) = 0;
  virtual void save(Rows flat) const = 0;
  /// Raw parameters and the gradient of the last `gradient` call [1, raw]; float, or double with Precision::float64. Asking for the
  /// parameters says that they may be written: ask again after each pass instead of keeping the view.
  virtual Rows parameters() = 0;
  virtual Rows gradient_vector() = 0;
  /// Translates a flat vector into the raw order (an anchor, a mask) and back.
  virtual void to_raw(ConstRows flat, Rows raw) const = 0;
  virtual void to_flat(ConstRows raw, Rows flat) const = 0;

  /// Gathers a batch of at most `capacity` samples.
  virtual void put(const data::Dataset& data, std::span<const std::uint32_t> samples) = 0;
  /// A batch given as numbers [batch, features] of float or double.
  virtual void put(ConstRows inputs) = 0;

  /// Forward without dropout; logits [batch, outputs] as doubles via `logits()`.
  virtual void forward() = 0;
  /// Forward in training mode (dropout keyed by `dropout`), loss, and gradient of the mean loss over the batch in
  /// `gradient_vector`.
  virtual BatchLoss gradient(const Wanted& wanted, const Stream& dropout) = 0;
  /// One step of plain SGD, parameters -= rate * gradient. May fuse W += -rate * D^T X, so that `gradient_vector` is not filled.
  virtual BatchLoss descend(const Wanted& wanted, const Stream& dropout, double rate) = 0;
  /// The same without dropout in the step (an attacker's choice): `dropout` off.
  virtual void enable_dropout(bool on) = 0;

  /// After `forward` or `gradient`: logits [batch, outputs]; output of layer k [batch, features of its out], C, H, W order.
  [[nodiscard]] virtual std::vector<double> logits() const = 0;
  [[nodiscard]] virtual std::vector<double> output_of(std::size_t layer) const = 0;
  /// After `forward`: gradient of sum over the batch of seed . logits with respect to the input [batch, features], evaluation mode.
  virtual std::vector<double> input_gradient(std::span<const double> seed) = 0;

  /// Loss and hits of the current batch after `forward`. If `hits` [outputs] is not empty, each hit adds one to its label's.
  [[nodiscard]] virtual BatchLoss score(const Wanted& wanted, std::span<std::uint32_t> hits = {}) const = 0;
};

/// A replica. Engine (oneDNN, OpenBLAS) for float32 and bf16, the plain reference for float64.
/// Throws std::invalid_argument if the CPU lacks the precision.
std::unique_ptr<Network> make_network(const Architecture& architecture, std::size_t capacity, Precision precision);
/// Bytes one replica takes, for the estimate; the moments of an optimizer come on top.
std::size_t footprint(const Architecture& architecture, std::size_t capacity, Precision precision);

/// Sets this thread up for oneDNN and OpenBLAS (one OpenMP thread); every thread that touches a Network calls it first.
void prepare_thread();
/// Checks the OpenBLAS variant and warms both libraries up on the calling thread. Returns how many workers are safe (1 or "any" =
/// SIZE_MAX).
std::size_t prepare_libraries();
/// What the libraries say they run on: "oneDNN 2.6.3 avx512_core_bf16; OpenBLAS 0.3.21 SkylakeX openmp; Highway AVX3".
std::string numeric_class();

}  // namespace tocsin::nn
