// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/convolution.h"

#include <utility>

namespace tocsin::nn {

using namespace onednn;  // names of one library, in one file

namespace {

constexpr std::size_t kWinogradKernel = 3;
constexpr std::size_t kWinogradChannels = 16;  // fewer do not fill a vector

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

}  // namespace

Convolution::Convolution(Context& context, const Layer& layer, const memory::desc& source, bool rectified, std::size_t raw_offset)
    : context_(context),
      layer_(layer),
      winograd_(context.type == Type::f32 && layer.kernel == kWinogradKernel && layer.stride == 1 &&
                layer.in.channels >= kWinogradChannels),
      forward_desc_(best_forward(source, rectified)),
      hint_(describe_forward(forward_desc_.src_desc(), rectified, dnnl::algorithm::convolution_direct)),
      weights_desc_(winograd_or_direct(winograd_, [&](dnnl::algorithm algorithm) { return describe_weights(algorithm); })),
      output_(context.make(forward_desc_.dst_desc())) {
  const memory::desc master = weights_desc_.diff_weights_desc();
  raw_weights_ = RawTensor::padded(raw_offset, master.get_size() / sizeof(float));
  raw_bias_ = RawTensor::padded(raw_offset + raw_weights_.size, layer.bias ? layer.filters : 0);
  master_ = context.view(master);
  if (layer.bias) bias_ = context.view(bias_desc());
}

memory::desc Convolution::weights_any(Type type) const {
  return any({dim(layer_.filters), dim(layer_.in.channels), dim(layer_.kernel), dim(layer_.kernel)}, type);
}
memory::desc Convolution::bias_desc() const { return {{dim(layer_.filters)}, Type::f32, Tag::x}; }

dnnl::convolution_forward::primitive_desc Convolution::describe_forward(const memory::desc& source, bool rectified,
                                                                        dnnl::algorithm algorithm) const {
  dnnl::primitive_attr attributes = context_.attributes();
  if (rectified) {
    dnnl::post_ops post;
    post.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
    attributes.set_post_ops(post);
  }
  const memory::desc weights = weights_any(context_.type), out = any(shape_of(layer_.out, context_.batch), context_.type);
  const auto kind = dnnl::prop_kind::forward_training;
  const Dims strides = pair(layer_.stride), padding = pair(layer_.padding);
  if (!layer_.bias) return {{kind, algorithm, source, weights, out, strides, padding, padding}, attributes, context_.engine};
  return {{kind, algorithm, source, weights, bias_desc(), out, strides, padding, padding}, attributes, context_.engine};
}

/// Winograd may choose other activation layouts than direct; then what stands around would have to translate, so direct it is.
dnnl::convolution_forward::primitive_desc Convolution::best_forward(const memory::desc& source, bool rectified) const {
  const auto direct = describe_forward(source, rectified, dnnl::algorithm::convolution_direct);
  if (!winograd_) return direct;
  const auto tried = winograd_or_direct(
      true, [&](dnnl::algorithm algorithm) { return describe_forward(direct.src_desc(), rectified, algorithm); });
  return tried.dst_desc() == direct.dst_desc() ? tried : direct;
}

dnnl::convolution_backward_weights::primitive_desc Convolution::describe_weights(dnnl::algorithm algorithm) const {
  const memory::desc source = forward_desc_.src_desc(), out = forward_desc_.dst_desc(), weights = weights_any(Type::f32);
  const Dims strides = pair(layer_.stride), padding = pair(layer_.padding);
  if (!layer_.bias)
    return {{algorithm, source, weights, out, strides, padding, padding}, context_.attributes(), context_.engine, hint_};
  return {{algorithm, source, weights, bias_desc(), out, strides, padding, padding}, context_.attributes(), context_.engine, hint_};
}

dnnl::convolution_backward_data::primitive_desc Convolution::describe_data(dnnl::algorithm algorithm,
                                                                           const memory::desc& source) const {
  const Dims strides = pair(layer_.stride), padding = pair(layer_.padding);
  return {{algorithm, source, weights_any(context_.type), forward_desc_.dst_desc(), strides, padding, padding},
          context_.attributes(),
          context_.engine,
          hint_};
}

void Convolution::make_forward(const memory& source) {
  forward_weights_ = master_;
  if (forward_desc_.weights_desc() != master_.get_desc()) {
    forward_weights_ = context_.make(forward_desc_.weights_desc());
    refresh_forward_ = context_.reorder(master_, forward_weights_);
  }
  forward_ = Call{dnnl::convolution_forward(forward_desc_),
                  {{DNNL_ARG_SRC, source},
                   {DNNL_ARG_WEIGHTS, forward_weights_},
                   {DNNL_ARG_DST, output_},
                   {DNNL_ARG_SCRATCHPAD, context_.scratch(forward_desc_.scratchpad_desc())}}};
  if (layer_.bias) forward_->arguments.emplace(DNNL_ARG_BIAS, bias_);
}

void Convolution::make_parameters_backward(const memory& source, const memory& output_gradient) {
  weights_gradient_ = context_.view(master_.get_desc());
  parameters_ = Call{dnnl::convolution_backward_weights(weights_desc_),
                     {{DNNL_ARG_SRC, source},
                      {DNNL_ARG_DIFF_DST, output_gradient},
                      {DNNL_ARG_DIFF_WEIGHTS, weights_gradient_},
                      {DNNL_ARG_SCRATCHPAD, context_.scratch(weights_desc_.scratchpad_desc())}}};
  if (!layer_.bias) return;
  bias_gradient_ = context_.view(bias_desc());
  parameters_->arguments.emplace(DNNL_ARG_DIFF_BIAS, bias_gradient_);
}

void Convolution::make_data_backward(const memory& output_gradient, const memory& source_gradient) {
  const auto desc = winograd_or_direct(
      winograd_, [&](dnnl::algorithm algorithm) { return describe_data(algorithm, source_gradient.get_desc()); });
  backward_weights_ = master_;
  if (desc.weights_desc() != master_.get_desc()) {
    backward_weights_ = context_.make(desc.weights_desc());
    refresh_backward_ = context_.reorder(master_, backward_weights_);
  }
  data_ = Call{dnnl::convolution_backward_data(desc),
               {{DNNL_ARG_DIFF_SRC, source_gradient},
                {DNNL_ARG_WEIGHTS, backward_weights_},
                {DNNL_ARG_DIFF_DST, output_gradient},
                {DNNL_ARG_SCRATCHPAD, context_.scratch(desc.scratchpad_desc())}}};
}

void Convolution::bind(float* parameters, float* gradient) {
  master_.set_data_handle(parameters + raw_weights_.offset);
  if (bias_) bias_.set_data_handle(parameters + raw_bias_.offset);
  if (weights_gradient_) weights_gradient_.set_data_handle(gradient + raw_weights_.offset);
  if (bias_gradient_) bias_gradient_.set_data_handle(gradient + raw_bias_.offset);
}

void Convolution::refresh_forward() {
  if (refresh_forward_) (*refresh_forward_)(context_.stream);
}
void Convolution::refresh_backward() {
  if (refresh_backward_) (*refresh_backward_)(context_.stream);
}
void Convolution::forward() { (*forward_)(context_.stream); }
void Convolution::backward_parameters() { (*parameters_)(context_.stream); }
void Convolution::backward_data() { (*data_)(context_.stream); }

void Convolution::to_raw(const float* flat, float* raw) const {
  memory::desc plain_weights(weights_any(Type::f32).dims(), Type::f32, Tag::oihw);
  context_.copy(context_.view(plain_weights, flat), context_.view(master_.get_desc(), raw + raw_weights_.offset));
}
void Convolution::to_flat(const float* raw, float* flat) const {
  memory::desc plain_weights(weights_any(Type::f32).dims(), Type::f32, Tag::oihw);
  context_.copy(context_.view(master_.get_desc(), raw + raw_weights_.offset), context_.view(plain_weights, flat));
}

void Convolution::output_before_relu(const memory& source, const memory& plain) {
  const auto desc = describe_forward(source.get_desc(), false, dnnl::algorithm::convolution_direct);
  const memory weights = context_.make(desc.weights_desc()), out = context_.make(desc.dst_desc());
  context_.copy(master_, weights);
  Call call{dnnl::convolution_forward(desc),
            {{DNNL_ARG_SRC, source},
             {DNNL_ARG_WEIGHTS, weights},
             {DNNL_ARG_DST, out},
             {DNNL_ARG_SCRATCHPAD, context_.make(desc.scratchpad_desc())}}};
  if (layer_.bias) call.arguments.emplace(DNNL_ARG_BIAS, bias_);
  call(context_.stream);
  context_.copy(out, plain);
}

}  // namespace tocsin::nn
