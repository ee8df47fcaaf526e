// SPDX-License-Identifier: Apache-2.0
// One conv2d layer: its three passes, and its weights in every layout they are needed in.
// Lavin, Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016: kernels of stride 1 go through Winograd's algorithm in
// float32: 3x3 by F(4x4, 3x3), oneDNN's with AVX-512 and our own otherwise, 5x5 by our own F(2x2, 5x5), where channels lie in
// blocks; everything else is oneDNN's direct convolution. Where oneDNN has only its slow reference for a weight gradient (with AVX2
// for one input channel: a thousand times slower), the gradient is our own, or a matrix product on translated activations; so are
// the other passes (few filters on few channels). The layout that the weight gradient wants is the master layout.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "tocsin/kernels/few_channels.h"
#include "tocsin/nn/onednn.h"
#include "tocsin/nn/spatial.h"
#include "tocsin/nn/winograd_weights.h"

namespace tocsin::nn {

class Convolution {
 public:
  /// `source` may be free in its layout (format any): then `source_desc` says what was chosen. `raw_offset` is where its tensors
  /// begin.
  Convolution(onednn::Context& context, const Layer& layer, const dnnl::memory::desc& source, bool rectified,
              std::size_t raw_offset);

  [[nodiscard]] dnnl::memory::desc source_desc() const { return forward_desc_.src_desc(); }
  [[nodiscard]] const dnnl::memory& output() const { return output_; }
  [[nodiscard]] RawTensor weights() const { return raw_weights_; }
  [[nodiscard]] RawTensor bias() const { return raw_bias_; }
  [[nodiscard]] std::size_t raw_end() const { return raw_bias_.offset + raw_bias_.size; }

  /// Makes a pass; each once, the forward one first.
  void make_forward(const dnnl::memory& source);
  void make_parameters_backward(const dnnl::memory& output_gradient);
  void make_data_backward(const dnnl::memory& output_gradient, const dnnl::memory& source_gradient);
  /// The raw vectors of the replica, which must outlive this.
  void bind(float* parameters, float* gradient);

  /// Brings the copies of the weights in other layouts up to date.
  void refresh_forward();
  void refresh_backward();
  void forward();
  void backward_parameters();
  void backward_data();

  /// Weights between [out, in, k, k] and the master layout inside the raw vector `raw`.
  void to_raw(const float* flat, float* raw) const;
  void to_flat(const float* raw, float* flat) const;
  /// The output without the fused ReLU, computed again, into `plain` [batch, out].
  void output_before_relu(const dnnl::memory& source, const dnnl::memory& plain);

 private:
  /// `from` where a pass wants it to lie: itself, or a copy that a call, added to `before`, brings up to date.
  dnnl::memory translated(const dnnl::memory& from, const dnnl::memory::desc& wanted, std::vector<onednn::Call>& before);
  [[nodiscard]] dnnl::memory::desc plain_weights() const;

  onednn::Context& context_;
  const Layer& layer_;
  dnnl::convolution_forward::primitive_desc forward_desc_, hint_;
  dnnl::convolution_backward_weights::primitive_desc weights_desc_;
  std::optional<WinogradWeights> winograd_;                ///< our own passes, in place of calls
  std::optional<kernels::FewChannelsShape> few_channels_;  ///< our own weight gradient
  bool rectified_;
  dnnl::memory output_;
  dnnl::memory master_, bias_, weights_gradient_, bias_gradient_;      // views of the raw vectors
  dnnl::memory forward_weights_, backward_weights_;                    // equal to master_ where the layout is the same
  dnnl::memory source_, output_gradient_, source_gradient_, scratch_;  // of our own passes
  RawTensor raw_weights_, raw_bias_;
  std::vector<onednn::Call> before_forward_, before_parameters_, before_data_;  // translate what a pass reads
  std::optional<onednn::Call> after_data_;                                      // and what it wrote
  std::optional<onednn::Call> forward_, parameters_, data_, refresh_forward_, refresh_backward_;
};

}  // namespace tocsin::nn
