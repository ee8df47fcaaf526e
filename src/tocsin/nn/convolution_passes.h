// SPDX-License-Identifier: Apache-2.0
// How a convolution's passes are described to oneDNN: which algorithm, which layouts. For the engine and for walks through a
// network layer by layer, so that both choose alike. Included by .cpp files and convolution.h only.
#pragma once
#include <optional>
#include <string_view>

#include "tocsin/kernels/few_channels.h"
#include "tocsin/kernels/winograd.h"
#include "tocsin/nn/onednn.h"

namespace tocsin::nn::onednn {

/// Weights [out, in, k, k] in whatever layout a pass likes; the bias [out].
memory::desc weights_any(const Layer& layer, Type type);
memory::desc bias_desc(const Layer& layer);

/// Whether Winograd's F(4x4, 3x3) is worth asking for.
bool tries_winograd(const Context& context, const Layer& layer);
/// The first of Winograd (if it is worth trying) and direct that oneDNN can make.
template <class Make>
auto winograd_or_direct(bool winograd, Make make) {
  if (winograd) {
    try {
      return make(dnnl::algorithm::convolution_winograd);
    } catch (const dnnl::error&) {  // no such kernel for this shape or CPU
    }
  }
  return make(dnnl::algorithm::convolution_direct);
}

/// Whether all that oneDNN has for a pass is its slow, general reference.
template <class Desc>
bool is_reference(const Desc& desc) {
  return std::string_view(desc.impl_info_str()).starts_with("ref");
}

/// y = W x + b, then max(y, 0) if `rectified`.
dnnl::convolution_forward::primitive_desc describe_forward(const Context& context, const Layer& layer, const memory::desc& source,
                                                           bool rectified, dnnl::algorithm algorithm);
/// The same by the best algorithm whose activations lie as the direct one's.
dnnl::convolution_forward::primitive_desc best_forward(const Context& context, const Layer& layer, const memory::desc& source,
                                                       bool rectified);
/// x = W^T y into the layout `source`, y in the layout `output`.
dnnl::convolution_backward_data::primitive_desc best_data(const Context& context, const Layer& layer, const memory::desc& source,
                                                          const memory::desc& output,
                                                          const dnnl::convolution_forward::primitive_desc& hint);

/// `desc`, or where all that oneDNN has in its layouts is the reference, and it has a matrix product on activations that lie
/// plainly, that: `describe(source, output)` describes the pass in other layouts, of elements of `type`.
template <class Desc, class Describe>
Desc or_product(const Context& context, const Layer& layer, const Desc& desc, Type type, Describe describe) {
  if (!is_reference(desc)) return desc;
  const Desc product = describe(plain(shape_of(layer.in, context.batch), type), plain(shape_of(layer.out, context.batch), type));
  return is_reference(product) ? desc : product;
}

/// The gradient of weights and bias of the layer whose forward pass is `forward`: in its layouts, or, where oneDNN has only its
/// reference for those, as a matrix product on activations that lie plainly.
dnnl::convolution_backward_weights::primitive_desc best_weights(const Context& context, const Layer& layer,
                                                                const dnnl::convolution_forward::primitive_desc& forward,
                                                                const dnnl::convolution_forward::primitive_desc& hint);

/// The shape for our own weight gradient of few input channels, where oneDNN has only its reference (`best_weights` gave a product)
/// and the layouts are what it takes.
std::optional<kernels::FewChannelsShape> few_channels_shape(const Context& context, const Layer& layer, const memory::desc& source,
                                                            const memory::desc& output,
                                                            const dnnl::convolution_backward_weights::primitive_desc& weights);

/// The shape for our own Winograd's passes, where layer and layouts are what they take: stride 1 in float32, channels in blocks of
/// 16 on both sides, or of 8 where vectors are no longer; 5x5, and in blocks of 8, for which oneDNN has no Winograd, 3x3. Its
/// channels and filters are filled up to whole blocks.
std::optional<kernels::WinogradShape> winograd_shape(const Context& context, const Layer& layer, const memory::desc& source,
                                                     const memory::desc& output);

}  // namespace tocsin::nn::onednn
