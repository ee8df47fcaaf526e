// SPDX-License-Identifier: Apache-2.0
// What a method is: it turns a chunk of inputs before a walker into maps. Methods are made of walks and know no network.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/core/registry.h"
#include "tocsin/explain/colors.h"
#include "tocsin/explain/walker.h"

namespace tocsin::explain {

/// Inputs of which maps are wanted, with the neuron each is asked about.
struct Chunk {
  std::span<const double> inputs;         ///< [n, features]
  std::span<const std::uint64_t> images;  ///< [n], their index in the data set: what noise is keyed by
  std::span<const std::size_t> neurons;   ///< [n], fixed from the clean input
  [[nodiscard]] std::size_t size() const { return neurons.size(); }
};

/// Where noise comes from: keyed by image and draw, so that all models see the same; or by the model's run as well.
struct Noise {
  Stream common, own;
};

/// Moments of the gradient over noisy copies, which three methods share.
struct NoiseMoments {
  std::vector<double> mean, mean_square, variance;  ///< [n, features]
};

/// A chunk before a walker. The walk forward over the chunk itself is made once for all methods that need no other inputs.
class Scene {
 public:
  /// The walker's capacity is at least the chunk's size. All must outlive this. `stop` is looked at before each walk: Interrupted.
  Scene(Walker& walker, const Chunk& chunk, const Noise& noise, std::stop_token stop = {})
      : walker_(walker), chunk_(chunk), noise_(noise), stop_(std::move(stop)) {}

  [[nodiscard]] const Chunk& chunk() const { return chunk_; }
  [[nodiscard]] const nn::Architecture& architecture() const { return walker_.architecture(); }
  [[nodiscard]] std::size_t size() const { return chunk_.size(); }
  [[nodiscard]] std::size_t features() const { return architecture().input().features(); }
  [[nodiscard]] std::span<const double> input(std::size_t image) const {
    return chunk_.inputs.subspan(image * features(), features());
  }
  [[nodiscard]] const Noise& noise() const { return noise_; }

  /// The walker with the chunk's own forward done.
  Walker& at_chunk();
  /// Logits [n] of the chosen neurons.
  std::vector<double> logits();
  /// Maps by a walk back from `seed` [n] on the chosen neurons to the input of layer `to`.
  std::vector<double> walk(const WalkPlan& plan, std::span<const double> seed, std::size_t to = 0);

  using Fill = std::function<void(std::size_t image, std::size_t copy, std::span<double> input)>;
  using Use = std::function<void(std::size_t image, std::size_t copy, std::span<const double> values)>;
  /// Gradients [features] at `copies` inputs an image, which `fill` writes; in order of images, then copies, in batches as full as
  /// the walker allows. With `own_neuron` of the arg max at that input, not the chosen neuron.
  void gradients(std::size_t copies, bool own_neuron, const Fill& fill, const Use& use);
  /// Logits [outputs] at such inputs.
  void evaluations(std::size_t copies, const Fill& fill, const Use& use);

  /// Moments that were computed before under the same key.
  std::map<std::string, NoiseMoments>& moments() { return moments_; }

 private:
  void look_for_stop() const;
  void visit(std::size_t copies, const Fill& fill, const std::function<void(std::size_t begin, std::size_t batch)>& use);

  Walker& walker_;
  const Chunk& chunk_;
  const Noise& noise_;
  std::stop_token stop_;
  bool has_forward_ = false;
  std::map<std::string, NoiseMoments> moments_;
};

class Method {
 public:
  /// Plain data about a method, read by laws, presets and catalogue.
  struct Facts {
    Paint paint = kSeismic;          ///< how its maps are drawn
    bool draws_noise = false;        ///< another draw gives another map
    bool depends_on_input = true;    ///< false: DeconvNet, on a network without max-pools
    bool conserves = false;          ///< sums to the neuron's logit on networks without biases
    bool needs_convolution = false;  ///< refused for a network without one
    bool needs_nonnegative = false;  ///< refused where a layer's input may be negative
  };
  virtual ~Method() = default;
  /// Maps [n, features], C, H, W order.
  [[nodiscard]] virtual std::vector<double> maps(Scene& scene) const = 0;
  /// Throws std::invalid_argument naming the layer if the network cannot be explained this way, on inputs of which some may be
  /// negative.
  virtual void check(const nn::Architecture& architecture, bool negative_inputs) const {
    (void)architecture, (void)negative_inputs;
  }
  /// Passes (a forward and a backward one) an input takes, for the estimate.
  [[nodiscard]] virtual double passes() const { return 1; }
};

/// The index of the largest of a row, the lowest on ties.
std::size_t arg_max(std::span<const double> row);

}  // namespace tocsin::explain
