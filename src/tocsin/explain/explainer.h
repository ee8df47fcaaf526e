// SPDX-License-Identifier: Apache-2.0
// Maps of many images by many methods, of one model: chunks of images over workers, each with a walker of its own.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"
#include "tocsin/explain/preset.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/network.h"

namespace tocsin::explain {

/// Which neuron a map is about: the model's own prediction, the true class, the attacker's class, or one named.
struct NeuronMode {
  enum class Kind { own, label, target, named } kind = Kind::own;
  std::size_t index = 0;  ///< named
  bool operator==(const NeuronMode&) const = default;
};
/// Reads "own", "label", "target", "class:3"; nothing if it is none of them.
std::optional<NeuronMode> neuron_mode(std::string_view word);
std::string text(const NeuronMode& mode);

/// Images to explain.
struct Images {
  std::vector<double> inputs;             ///< [n, features], as the network receives them
  std::vector<std::uint64_t> index;       ///< [n], in their data set
  std::vector<std::int32_t> labels = {};  ///< [n], or empty: not known
  std::vector<std::int32_t> wanted = {};  ///< [n], the attacker's class, -1 where it has none; or empty
  [[nodiscard]] std::size_t size() const { return index.size(); }
  [[nodiscard]] bool has_negative() const {
    return std::any_of(inputs.begin(), inputs.end(), [](double x) { return x < 0.0; });
  }
};

/// Samples of a data set as a network of this precision receives them: rounded to float unless it is float64. `wanted` stays empty.
Images gathered(const data::Dataset& data, std::span<const std::uint32_t> samples, nn::Precision precision);

/// A model to explain: an architecture and its parameters [1, d], and what its own noise is keyed by.
struct Explained {
  const nn::Architecture& architecture;
  ConstRows parameters;
  std::string run = "";
};

/// What a model says of images.
struct Answers {
  std::vector<std::size_t> predicted;      ///< [n], the lowest of the largest logits
  std::vector<double> logit, probability;  ///< [n], of the prediction
  std::vector<double> logits;              ///< [n, outputs]
};

/// Maps of one method, for one neuron mode.
struct Maps {
  Updates values;                          ///< [n, size of a map], in the precision they were computed in
  std::vector<std::size_t> neuron;         ///< [n]
  std::vector<double> logit, probability;  ///< [n], of that neuron
};

struct ExplainOptions {
  nn::Precision precision = nn::Precision::float32;
  std::uint64_t seed = 1;     ///< of the noise
  std::size_t chunk = 32;     ///< images a walker sees at once
  std::stop_token stop = {};  ///< looked at between batches: Interrupted
};

/// The network as walkers see it, its batch_norm folded into neighbours; and its parameters.
class Explainer {
 public:
  /// Workers may be null: then everything happens on the caller's thread. All must outlive this.
  Explainer(const Explained& model, const ExplainOptions& options, Workers* workers = nullptr);
  ~Explainer();
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  /// Another model of the same architecture in the same walkers.
  void load(const Explained& model);
  Answers answer(const Images& images);
  /// The neuron of each image [n], fixed from the clean input.
  std::vector<std::size_t> neurons(const Images& images, const NeuronMode& mode);
  /// One entry a method. The neuron is fixed from the clean input. `target` is the attacker's class where the image has one, the
  /// own prediction elsewhere. Throws std::invalid_argument if a class does not exist, or a method does not fit the network.
  std::vector<Maps> explain(const Images& images, std::span<const MethodUse> methods, const NeuronMode& mode);
  /// The same for given neurons [n].
  std::vector<Maps> explain(const Images& images, std::span<const MethodUse> methods, std::vector<std::size_t> neurons);
  /// Another number draws other noise from now on; 0 at first.
  void redraw(std::size_t number);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Bytes an explainer takes beside the maps, for the estimate.
std::size_t footprint(const nn::Architecture& architecture, const ExplainOptions& options);

}  // namespace tocsin::explain
