// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/convolution.h"

#include <utility>

#include "tocsin/nn/convolution_passes.h"

namespace tocsin::nn {

using namespace onednn;  // names of one library, in one file

Convolution::Convolution(Context& context, const Layer& layer, const memory::desc& source, bool rectified, std::size_t raw_offset)
    : context_(context),
      layer_(layer),
      forward_desc_(or_product(context, layer, best_forward(context, layer, source, rectified), context.type,
                               [&](const memory::desc& from, const memory::desc&) {
                                 return describe_forward(context, layer, from, rectified, dnnl::algorithm::convolution_direct);
                               })),
      hint_(describe_forward(context, layer, forward_desc_.src_desc(), rectified, dnnl::algorithm::convolution_direct)),
      weights_desc_(best_weights(context, layer, forward_desc_, hint_)),
      rectified_(rectified),
      output_(context.make(forward_desc_.dst_desc())) {
  if (const auto shape = winograd_shape(context, layer, forward_desc_.src_desc(), forward_desc_.dst_desc())) {
    winograd_.emplace(*shape, layer.in.channels, layer.filters);
    scratch_ = context.scratch({{dim(shape->scratch())}, Type::f32, Tag::a});
  }
  few_channels_ = few_channels_shape(context, layer, forward_desc_.src_desc(), forward_desc_.dst_desc(), weights_desc_);
  const memory::desc master =
      winograd_ || few_channels_ ? memory::desc(plain_weights().dims(), Type::f32, Tag::hwio) : weights_desc_.diff_weights_desc();
  raw_weights_ = RawTensor::padded(raw_offset, master.get_size() / sizeof(float));
  raw_bias_ = RawTensor::padded(raw_offset + raw_weights_.size, layer.bias ? layer.filters : 0);
  master_ = context.view(master);
  if (layer.bias) bias_ = context.view(bias_desc(layer_));
}

memory Convolution::translated(const memory& from, const memory::desc& wanted, std::vector<Call>& before) {
  if (from.get_desc() == wanted) return from;
  memory copy = context_.make(wanted);
  before.push_back(context_.reorder(from, copy));
  return copy;
}

memory::desc Convolution::plain_weights() const { return {weights_any(layer_, Type::f32).dims(), Type::f32, Tag::oihw}; }

void Convolution::make_forward(const memory& source) {
  source_ = translated(source, forward_desc_.src_desc(), before_forward_);
  if (winograd_) return;
  forward_weights_ = master_;
  if (forward_desc_.weights_desc() != master_.get_desc()) {
    forward_weights_ = context_.make(forward_desc_.weights_desc());
    refresh_forward_ = context_.reorder(master_, forward_weights_);
  }
  forward_ = Call{dnnl::convolution_forward(forward_desc_),
                  {{DNNL_ARG_SRC, source_},
                   {DNNL_ARG_WEIGHTS, forward_weights_},
                   {DNNL_ARG_DST, output_},
                   {DNNL_ARG_SCRATCHPAD, context_.scratch(forward_desc_.scratchpad_desc())}}};
  if (layer_.bias) forward_->arguments.emplace(DNNL_ARG_BIAS, bias_);
}

void Convolution::make_parameters_backward(const memory& output_gradient) {
  weights_gradient_ = context_.view(master_.get_desc());
  if (layer_.bias) bias_gradient_ = context_.view(bias_desc(layer_));
  output_gradient_ = output_gradient;
  if (winograd_) return;
  if (few_channels_) {
    scratch_ = context_.scratch({{dim(few_channels_->scratch())}, Type::f32, Tag::a});
    return;
  }
  parameters_ = Call{dnnl::convolution_backward_weights(weights_desc_),
                     {{DNNL_ARG_SRC, translated(source_, weights_desc_.src_desc(), before_parameters_)},
                      {DNNL_ARG_DIFF_DST, translated(output_gradient, weights_desc_.diff_dst_desc(), before_parameters_)},
                      {DNNL_ARG_DIFF_WEIGHTS, weights_gradient_},
                      {DNNL_ARG_SCRATCHPAD, context_.scratch(weights_desc_.scratchpad_desc())}}};
  if (layer_.bias) parameters_->arguments.emplace(DNNL_ARG_DIFF_BIAS, bias_gradient_);
}

void Convolution::make_data_backward(const memory& output_gradient, const memory& source_gradient) {
  source_gradient_ = source_gradient;
  if (winograd_) return;
  const auto desc = or_product(
      context_, layer_, best_data(context_, layer_, source_gradient.get_desc(), forward_desc_.dst_desc(), hint_), context_.type,
      [&](const memory::desc& to, const memory::desc& from) { return best_data(context_, layer_, to, from, hint_); });
  backward_weights_ = master_;
  if (desc.weights_desc() != master_.get_desc()) {
    backward_weights_ = context_.make(desc.weights_desc());
    refresh_backward_ = context_.reorder(master_, backward_weights_);
  }
  memory written = source_gradient;
  if (desc.diff_src_desc() != source_gradient.get_desc()) {
    written = context_.make(desc.diff_src_desc());
    after_data_ = context_.reorder(written, source_gradient);
  }
  data_ = Call{dnnl::convolution_backward_data(desc),
               {{DNNL_ARG_DIFF_SRC, written},
                {DNNL_ARG_WEIGHTS, backward_weights_},
                {DNNL_ARG_DIFF_DST, translated(output_gradient, desc.diff_dst_desc(), before_data_)},
                {DNNL_ARG_SCRATCHPAD, context_.scratch(desc.scratchpad_desc())}}};
}

void Convolution::bind(float* parameters, float* gradient) {
  master_.set_data_handle(parameters + raw_weights_.offset);
  if (bias_) bias_.set_data_handle(parameters + raw_bias_.offset);
  if (weights_gradient_) weights_gradient_.set_data_handle(gradient + raw_weights_.offset);
  if (bias_gradient_) bias_gradient_.set_data_handle(gradient + raw_bias_.offset);
}

void Convolution::refresh_forward() {
  if (winograd_) return winograd_->set(floats(master_));
  if (refresh_forward_) (*refresh_forward_)(context_.stream);
}
void Convolution::refresh_backward() {
  if (refresh_backward_) (*refresh_backward_)(context_.stream);
}
void Convolution::forward() {
  if (!winograd_) {
    for (const Call& call : before_forward_) call(context_.stream);
    return (*forward_)(context_.stream);
  }
  kernels::winograd_forward(winograd_->shape(), floats(source_), winograd_->forward(), layer_.bias ? floats(bias_) : nullptr,
                            rectified_, floats(output_), floats(scratch_));
}
void Convolution::backward_parameters() {
  if (few_channels_)
    return kernels::few_channels_gradient(*few_channels_, floats(source_), floats(output_gradient_), floats(weights_gradient_),
                                          layer_.bias ? floats(bias_gradient_) : nullptr, floats(scratch_));
  if (!winograd_) {
    for (const Call& call : before_parameters_) call(context_.stream);
    return (*parameters_)(context_.stream);
  }
  const kernels::WinogradShape& shape = winograd_->shape();
  winograd_->gradient(floats(source_), floats(output_gradient_), floats(weights_gradient_), floats(scratch_));
  if (layer_.bias)
    kernels::blocked_sums(floats(output_gradient_), shape.batch, shape.filters, shape.out_height() * shape.out_width(), shape.block,
                          floats(bias_gradient_));
}
void Convolution::backward_data() {
  if (!winograd_) {
    for (const Call& call : before_data_) call(context_.stream);
    (*data_)(context_.stream);
    if (after_data_) (*after_data_)(context_.stream);
    return;
  }
  kernels::winograd_data(winograd_->shape(), floats(output_gradient_), winograd_->backward(), floats(source_gradient_),
                         floats(scratch_));
}

void Convolution::to_raw(const float* flat, float* raw) const {
  context_.copy(context_.view(plain_weights(), flat), context_.view(master_.get_desc(), raw + raw_weights_.offset));
}
void Convolution::to_flat(const float* raw, float* flat) const {
  context_.copy(context_.view(master_.get_desc(), raw + raw_weights_.offset), context_.view(plain_weights(), flat));
}

void Convolution::output_before_relu(const memory& source, const memory& plain) {
  const auto desc = describe_forward(context_, layer_, source.get_desc(), false, dnnl::algorithm::convolution_direct);
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
