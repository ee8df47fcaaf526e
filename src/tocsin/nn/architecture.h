// SPDX-License-Identifier: Apache-2.0
// What a network is, as data: a list of layers with their sizes filled in, its Layout, its cost. No memory, no numbers.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/layout.h"
#include "tocsin/core/options.h"
#include "tocsin/core/random.h"
#include "tocsin/core/rows.h"
#include "tocsin/data/dataset.h"

namespace tocsin::nn {

using data::Shape;

enum class LayerKind { conv2d, max_pool, avg_pool, dense, relu, dropout, flatten, batch_norm };
std::string_view text(LayerKind kind);

/// One layer. Only the fields of its kind mean something.
struct Layer {
  LayerKind kind = LayerKind::relu;
  std::size_t filters = 0;                           ///< conv2d: output channels
  std::size_t kernel = 0;                            ///< conv2d, pools: side of the window
  std::size_t stride = 0;                            ///< conv2d, pools; 0 becomes 1 (conv2d) or the kernel (pools)
  std::size_t padding = 0;                           ///< conv2d: zeros on each side
  std::size_t units = 0;                             ///< dense: outputs
  bool bias = true;                                  ///< conv2d, dense
  double rate = 0.0;                                 ///< dropout: share dropped; the rest is scaled by 1 / (1 - rate) in training
  double epsilon = 1e-5;                             ///< batch_norm: added to the variance under the root
  Shape in = {}, out = {};                           ///< filled in by `Architecture`
  std::size_t weight_offset = 0, bias_offset = 0;    ///< into the flat vector, conv2d, dense and batch_norm
  std::size_t mean_offset = 0, variance_offset = 0;  ///< batch_norm: running statistics, which the flat vector holds too
  [[nodiscard]] bool has_parameters() const { return kind == LayerKind::conv2d || kind == LayerKind::dense; }
};

/// A layer of each kind, with the usual defaults.
Layer conv2d(std::size_t filters, std::size_t kernel, std::size_t stride = 1, std::size_t padding = 0, bool bias = true);
Layer max_pool(std::size_t kernel, std::size_t stride = 0);
Layer avg_pool(std::size_t kernel, std::size_t stride = 0);
Layer dense(std::size_t units, bool bias = true);
Layer dropout(double rate);
Layer relu();
Layer flatten();
/// y = weight (x - running_mean) / sqrt(running_var + epsilon) + bias, by channel: the evaluation form. It cannot be trained yet.
Layer batch_norm(double epsilon = 1e-5);

enum class Loss { cross_entropy, squared_error };
enum class Init { glorot, he, fan_in };

/// A checked sequential network. Weights of dense are [out, in], of conv2d [out, in, kernel, kernel]; flatten is C, H, W; biases
/// follow weights; batch_norm has weight, bias, running_mean and running_var of its channels. Tensor names are those PyTorch gives
/// the same nn.Sequential: "<index of the layer>.weight", ".bias".
class Architecture {
 public:
  /// Throws std::invalid_argument naming the layer whose input does not fit.
  Architecture(std::string name, Shape input, std::vector<Layer> layers, Loss loss = Loss::cross_entropy);
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Shape input() const { return input_; }
  [[nodiscard]] bool has_batch_norm() const;
  [[nodiscard]] std::size_t outputs() const { return layers_.back().out.features(); }
  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  [[nodiscard]] Loss loss() const { return loss_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] std::size_t parameters() const { return layout_.coordinates(); }  ///< d
  /// Multiply-adds counted twice, forward and backward (the first layer has no backward-data pass), a sample.
  [[nodiscard]] double flops_per_sample() const;
  [[nodiscard]] double forward_flops_per_sample() const;

 private:
  std::string name_;
  Shape input_;
  std::vector<Layer> layers_;
  Loss loss_;
  Layout layout_;
};

/// The built-in networks by name: paper_cnn, lenet, mnist_cnn, small_cnn, mlp, softmax, census_mlp, linear.
struct BuiltIn {
  std::string_view name, summary;
  Shape usual_input;  ///< what `speed` and tests use
  std::size_t usual_outputs;
};
std::vector<BuiltIn> built_in_networks();
/// Builds one for a data shape. Throws std::invalid_argument for an unknown name.
Architecture built_in(std::string_view name, Shape input, std::size_t outputs);

/// What [model] says: a name or a list of layers, and the initialisation.
struct ModelPlan {
  std::string name;
  std::vector<Layer> layers;  ///< empty: built in
  Loss loss = Loss::cross_entropy;
  Init init = Init::glorot;
  std::string weights;  ///< path of a safetensors file to start from; empty: none
};
ModelPlan read_model(Options& options, const std::string& folder);
Architecture make_architecture(const ModelPlan& plan, Shape input, std::size_t outputs);

/// Fresh parameters: weights ~ U(-b, b) with b = sqrt(6 / (fan_in + fan_out)) (glorot), sqrt(6 / fan_in) (he), sqrt(1 / fan_in)
/// (fan_in, which biases get too, as PyTorch does); other biases 0. Keyed by tensor name. Values are floats held in `parameters`
/// [1, d].
void initialise(const Architecture& architecture, Init init, const Stream& stream, Rows parameters);

}  // namespace tocsin::nn
