// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/convolution_passes.h"

namespace tocsin::nn::onednn {
namespace {
constexpr std::size_t kWinogradKernel = 3;
constexpr std::size_t kWinogradChannels = 16;  // fewer do not fill a vector
constexpr std::size_t kFewChannels = 4;        // more are a product's work
}  // namespace

memory::desc weights_any(const Layer& layer, Type type) {
  return any({dim(layer.filters), dim(layer.in.channels), dim(layer.kernel), dim(layer.kernel)}, type);
}
memory::desc bias_desc(const Layer& layer) { return {{dim(layer.filters)}, Type::f32, Tag::x}; }

bool tries_winograd(const Context& context, const Layer& layer) {
  return context.type == Type::f32 && layer.kernel == kWinogradKernel && layer.stride == 1 &&
         layer.in.channels >= kWinogradChannels;
}

dnnl::convolution_forward::primitive_desc describe_forward(const Context& context, const Layer& layer, const memory::desc& source,
                                                           bool rectified, dnnl::algorithm algorithm) {
  dnnl::primitive_attr attributes = context.attributes();
  if (rectified) {
    dnnl::post_ops post;
    post.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    attributes.set_post_ops(post);
  }
  const memory::desc weights = weights_any(layer, context.type), out = any(shape_of(layer.out, context.batch), context.type);
  const auto kind = dnnl::prop_kind::forward_training;
  const Dims strides = pair(layer.stride), padding = pair(layer.padding);
  if (!layer.bias) return {{kind, algorithm, source, weights, out, strides, padding, padding}, attributes, context.engine};
  return {{kind, algorithm, source, weights, bias_desc(layer), out, strides, padding, padding}, attributes, context.engine};
}

/// Winograd may choose other activation layouts than direct; then what stands around would have to translate, so direct it is.
dnnl::convolution_forward::primitive_desc best_forward(const Context& context, const Layer& layer, const memory::desc& source,
                                                       bool rectified) {
  const auto direct = describe_forward(context, layer, source, rectified, dnnl::algorithm::convolution_direct);
  if (!tries_winograd(context, layer)) return direct;
  const auto tried = winograd_or_direct(
      true, [&](dnnl::algorithm algorithm) { return describe_forward(context, layer, direct.src_desc(), rectified, algorithm); });
  return tried.dst_desc() == direct.dst_desc() ? tried : direct;
}

dnnl::convolution_backward_data::primitive_desc best_data(const Context& context, const Layer& layer, const memory::desc& source,
                                                          const memory::desc& output,
                                                          const dnnl::convolution_forward::primitive_desc& hint) {
  return winograd_or_direct(tries_winograd(context, layer), [&](dnnl::algorithm algorithm) {
    const Dims strides = pair(layer.stride), padding = pair(layer.padding);
    return dnnl::convolution_backward_data::primitive_desc(
        {algorithm, source, weights_any(layer, context.type), output, strides, padding, padding}, context.attributes(),
        context.engine, hint);
  });
}

dnnl::convolution_backward_weights::primitive_desc best_weights(const Context& context, const Layer& layer,
                                                                const dnnl::convolution_forward::primitive_desc& forward,
                                                                const dnnl::convolution_forward::primitive_desc& hint) {
  using Desc = dnnl::convolution_backward_weights::primitive_desc;
  const auto describe = [&](dnnl::algorithm algorithm, const memory::desc& source, const memory::desc& out) {
    const memory::desc weights = weights_any(layer, Type::f32);
    const Dims strides = pair(layer.stride), padding = pair(layer.padding);
    if (!layer.bias)
      return Desc({algorithm, source, weights, out, strides, padding, padding}, context.attributes(), context.engine, hint);
    return Desc({algorithm, source, weights, bias_desc(layer), out, strides, padding, padding}, context.attributes(),
                context.engine, hint);
  };
  const Desc in_layouts = winograd_or_direct(tries_winograd(context, layer), [&](dnnl::algorithm algorithm) {
    return describe(algorithm, forward.src_desc(), forward.dst_desc());
  });
  return or_product(context, layer, in_layouts, Type::f32, [&](const memory::desc& source, const memory::desc& out) {
    return describe(dnnl::algorithm::convolution_direct, source, out);
  });
}

std::optional<kernels::FewChannelsShape> few_channels_shape(const Context& context, const Layer& layer, const memory::desc& source,
                                                            const memory::desc& output,
                                                            const dnnl::convolution_backward_weights::primitive_desc& weights) {
  const memory::desc blocked(shape_of(layer.out, context.batch), Type::f32, Tag::nChw8c);
  const bool is_slow = is_reference(weights) || weights.diff_dst_desc() != output;
  if (!is_slow || layer.in.channels > kFewChannels || source != plain(shape_of(layer.in, context.batch)) || output != blocked)
    return std::nullopt;
  return kernels::FewChannelsShape{.batch = context.batch,
                                   .channels = layer.in.channels,
                                   .height = layer.in.height,
                                   .width = layer.in.width,
                                   .filters = layer.filters,
                                   .kernel = layer.kernel,
                                   .stride = layer.stride,
                                   .padding = layer.padding};
}

std::optional<kernels::WinogradShape> winograd_shape(const Context& context, const Layer& layer, const memory::desc& source,
                                                     const memory::desc& output) {
  const auto are_blocked = [&](std::size_t block) {
    const Tag tag = block == 16 ? Tag::nChw16c : Tag::nChw8c;
    return block % kernels::winograd_lanes() == 0 && source == memory::desc(shape_of(layer.in, context.batch), Type::f32, tag) &&
           output == memory::desc(shape_of(layer.out, context.batch), Type::f32, tag);
  };
  const std::size_t block = are_blocked(16) ? 16 : are_blocked(8) ? 8 : 0;
  const bool is_ours = layer.kernel == 5 || (layer.kernel == 3 && block == 8 && layer.in.channels >= kWinogradChannels);
  if (block == 0 || !is_ours || layer.stride != 1) return std::nullopt;
  const auto whole = [&](std::size_t channels) { return (channels + block - 1) / block * block; };
  return kernels::WinogradShape{.batch = context.batch,
                                .channels = whole(layer.in.channels),
                                .height = layer.in.height,
                                .width = layer.in.width,
                                .filters = whole(layer.filters),
                                .padding = layer.padding,
                                .block = block,
                                .kernel = layer.kernel};
}

}  // namespace tocsin::nn::onednn
