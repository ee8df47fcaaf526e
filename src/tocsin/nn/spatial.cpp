// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/spatial.h"

#include <memory>
#include <optional>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/kernels/pooling.h"
#include "tocsin/nn/convolution.h"
#include "tocsin/nn/dropout.h"
#include "tocsin/nn/onednn.h"

namespace tocsin::nn {

using namespace onednn;  // names of one library, in one file

namespace {
/// The shape for our own max-pooling: windows that do not overlap, channels in blocks of 8 as oneDNN lays them out for AVX2.
std::optional<kernels::PoolShape> pool_shape(const Context& context, const Layer& layer, const memory::desc& source) {
  if (layer.kind != LayerKind::max_pool || layer.stride < layer.kernel ||
      source != memory::desc(shape_of(layer.in, context.batch), Type::f32, Tag::nChw8c))
    return std::nullopt;
  constexpr std::size_t block = 8;
  return kernels::PoolShape{.planes = context.batch * ((layer.in.channels + block - 1) / block),
                            .height = layer.in.height,
                            .width = layer.in.width,
                            .kernel = layer.kernel,
                            .stride = layer.stride,
                            .block = block};
}
}  // namespace

struct Spatial::Impl {
  enum class Kind { conv, pool, relu, dropout };
  /// A layer, or a convolution with the ReLU behind it.
  struct Op {
    Kind kind = Kind::relu;
    std::size_t layer = 0;      // index in the architecture
    bool rectified = false;     // conv: the next layer, a ReLU, is fused
    bool gate_at_pool = false;  // conv: the pool behind applies the ReLU's gate at pooled size
    std::unique_ptr<Convolution> conv;
    std::optional<dnnl::pooling_forward::primitive_desc> pool;
    memory output;            // in its own layout
    memory output_gradient;   // made with the backward pass
    memory workspace;         // max-pool: the winners
    std::vector<float> mask;  // dropout, plain; empty: nothing was dropped
    std::optional<Call> pool_forward, pool_backward;
    std::optional<kernels::PoolShape> own_pool;  // our own passes, in place of calls
  };

  const Architecture& architecture;
  Context context;
  std::vector<Op> ops;
  std::size_t raw = 0;
  memory input;  // what the first op reads
  memory plain_input, plain_output, plain_gradient, plain_input_gradient, input_gradient;
  std::optional<Call> enter, leave, enter_gradient, leave_gradient;
  bool has_backward = false, has_input_backward = false, forward_stale = true, backward_stale = true;
  float* parameters_at = nullptr;
  float* gradient_at = nullptr;

  Impl(const Architecture& a, std::size_t count, std::size_t batch, Precision precision) : architecture(a) {
    context.batch = batch;
    context.type = precision == Precision::bf16 ? Type::bf16 : Type::f32;
    for (std::size_t layer = 0; layer < count; ++layer) add(layer, count);
    make_forward();
  }

  const Layer& layer_of(const Op& op) const { return architecture.layers()[op.layer]; }
  memory::desc plain_of(const Shape& shape) const { return plain(shape_of(shape, context.batch)); }
  const memory& source_of(std::size_t k) const { return k == 0 ? input : ops[k - 1].output; }

  void add(std::size_t index, std::size_t count) {
    const std::vector<Layer>& layers = architecture.layers();
    Op op;
    op.layer = index;
    switch (layers[index].kind) {
      case LayerKind::conv2d:
        op.kind = Kind::conv;
        op.rectified = index + 1 < count && layers[index + 1].kind == LayerKind::relu;
        // max(0, .) and the maximum commute: a window whose maximum is 0 passes nothing on. Exact where windows do not overlap.
        op.gate_at_pool = op.rectified && index + 2 < count && layers[index + 2].kind == LayerKind::max_pool &&
                          layers[index + 2].stride >= layers[index + 2].kernel;
        break;
      case LayerKind::max_pool:
      case LayerKind::avg_pool:
        op.kind = Kind::pool;
        break;
      case LayerKind::relu:
        if (!ops.empty() && ops.back().rectified && ops.back().layer + 1 == index) return;
        op.kind = Kind::relu;
        break;
      case LayerKind::dropout:
        op.kind = Kind::dropout;
        break;
      default:
        require(false, "layer {} ({}) has no place before the flatten", index, text(layers[index].kind));
    }
    ops.push_back(std::move(op));
  }

  void make_forward() {
    const Dims in = shape_of(architecture.input(), context.batch);
    plain_input = context.view(plain(in));
    for (std::size_t k = 0; k < ops.size(); ++k) {
      Op& op = ops[k];
      if (op.kind == Kind::conv) {
        // The layout of the activations so far is kept; a first convolution chooses the layout of the network's input.
        const memory::desc source = k == 0 ? any(in, context.type) : ops[k - 1].output.get_desc();
        op.conv = std::make_unique<Convolution>(context, layer_of(op), source, op.rectified, raw);
        raw = op.conv->raw_end();
        if (k == 0) start(op.conv->source_desc());
        op.conv->make_forward(source_of(k));
        op.output = op.conv->output();
        continue;
      }
      if (k == 0) start(memory::desc(in, context.type, Tag::nchw));
      if (op.kind == Kind::pool)
        make_pool(op, source_of(k));
      else
        op.output = context.make(source_of(k).get_desc());
    }
    plain_output = context.view(plain_of(layer_of(ops.back()).out));
    leave = context.reorder(ops.back().output, plain_output);
    context.share_scratchpad();
  }
  /// The memory the first op reads: the caller's own where no translation is needed.
  void start(const memory::desc& wanted) {
    input = plain_input;
    if (wanted == plain_input.get_desc()) return;
    input = context.make(wanted);
    enter = context.reorder(plain_input, input);
  }
  static dnnl::algorithm pooling(const Layer& layer) {
    return layer.kind == LayerKind::max_pool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
  }
  void make_pool(Op& op, const memory& source) {
    const Layer& layer = layer_of(op);
    if ((op.own_pool = pool_shape(context, layer, source.get_desc()))) {
      op.output = context.make(memory::desc(shape_of(layer.out, context.batch), Type::f32, Tag::nChw8c));
      return;
    }
    op.pool = dnnl::pooling_forward::primitive_desc(
        {dnnl::prop_kind::forward_training, pooling(layer), source.get_desc(),
         any(shape_of(layer.out, context.batch), context.type), pair(layer.stride), pair(layer.kernel), pair(0), pair(0)},
        context.attributes(), context.engine);
    op.output = context.make(op.pool->dst_desc());
    op.pool_forward = Call{
        dnnl::pooling_forward(*op.pool),
        {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, op.output}, {DNNL_ARG_SCRATCHPAD, context.scratch(op.pool->scratchpad_desc())}}};
    if (layer.kind != LayerKind::max_pool) return;
    op.workspace = context.make(op.pool->workspace_desc());
    op.pool_forward->arguments.emplace(DNNL_ARG_WORKSPACE, op.workspace);
  }

  void make_backward() {
    plain_gradient = context.view(plain_of(layer_of(ops.back()).out));
    for (Op& op : ops) op.output_gradient = context.make(op.output.get_desc());
    enter_gradient = context.reorder(plain_gradient, ops.back().output_gradient);
    for (std::size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].kind == Kind::conv) ops[k].conv->make_parameters_backward(ops[k].output_gradient);
      if (k > 0) make_data_backward(ops[k], ops[k - 1].output_gradient);
    }
    has_backward = true;
    made_passes();
  }
  void make_input_backward() {
    input_gradient = context.make(input.get_desc());
    plain_input_gradient = context.view(plain_of(architecture.input()));
    make_data_backward(ops.front(), input_gradient);
    leave_gradient = context.reorder(input_gradient, plain_input_gradient);
    has_input_backward = true;
    made_passes();
  }
  void made_passes() {
    context.share_scratchpad();
    rebind();
    backward_stale = true;
  }
  void make_data_backward(Op& op, const memory& gradient) {
    const Layer& layer = layer_of(op);
    if (op.kind == Kind::conv) op.conv->make_data_backward(op.output_gradient, gradient);
    if (op.kind != Kind::pool || op.own_pool) return;
    const dnnl::pooling_backward::primitive_desc desc(
        {pooling(layer), gradient.get_desc(), op.output.get_desc(), pair(layer.stride), pair(layer.kernel), pair(0), pair(0)},
        context.attributes(), context.engine, *op.pool);
    op.pool_backward = Call{dnnl::pooling_backward(desc),
                            {{DNNL_ARG_DIFF_SRC, gradient},
                             {DNNL_ARG_DIFF_DST, op.output_gradient},
                             {DNNL_ARG_SCRATCHPAD, context.scratch(desc.scratchpad_desc())}}};
    if (op.workspace) op.pool_backward->arguments.emplace(DNNL_ARG_WORKSPACE, op.workspace);
  }

  void rebind() {
    for (Op& op : ops)
      if (op.conv) op.conv->bind(parameters_at, gradient_at);
  }
  void refresh(bool backward) {
    for (Op& op : ops) {
      if (op.conv && forward_stale) op.conv->refresh_forward();
      if (op.conv && backward && backward_stale) op.conv->refresh_backward();
    }
    forward_stale = false;
    backward_stale = backward_stale && !backward;
  }

  /// gradient = 0 where output <= 0, both in one layout.
  void gate(const memory& gradient, const memory& output) const {
    const std::size_t bytes = gradient.get_desc().get_size();
    const auto words = [&]<class T>(const memory& m, T*) {
      return std::span<T>(static_cast<T*>(m.get_data_handle()), bytes / sizeof(T));
    };
    if (context.type == Type::bf16)
      kernels::relu_gate_bf16(words(gradient, static_cast<std::uint16_t*>(nullptr)),
                              words(output, static_cast<std::uint16_t*>(nullptr)));
    else
      kernels::relu_gate(words(gradient, static_cast<float*>(nullptr)), words(output, static_cast<float*>(nullptr)));
  }
  /// to = from * mask (an empty mask is all ones), through plain floats: a layer seldom found between convolutions.
  void apply_mask(const Op& op, const memory& from, const memory& to) {
    if (op.mask.empty()) return context.copy(from, to);
    std::vector<float> values(op.mask.size());
    const memory view = context.view(plain_of(layer_of(op).out), values.data());
    context.copy(from, view);
    kernels::multiply(values, op.mask);
    context.copy(view, to);
  }

  void forward(const float* from, float* to, const Stream* dropout) {
    plain_input.set_data_handle(const_cast<float*>(from));
    plain_output.set_data_handle(to);
    refresh(false);
    if (enter) (*enter)(context.stream);
    for (std::size_t k = 0; k < ops.size(); ++k) forward_op(ops[k], source_of(k), dropout);
    (*leave)(context.stream);
  }
  void forward_op(Op& op, const memory& source, const Stream* dropout) {
    switch (op.kind) {
      case Kind::conv:
        return op.conv->forward();
      case Kind::pool:
        if (op.own_pool) return kernels::max_pool(*op.own_pool, floats(source), floats(op.output));
        return (*op.pool_forward)(context.stream);
      case Kind::relu:
        context.copy(source, op.output);
        return gate(op.output, source);
      case Kind::dropout:
        op.mask.clear();
        if (dropout != nullptr && layer_of(op).rate > 0.0) {
          op.mask.resize(context.batch * layer_of(op).out.features());
          dropout_mask(*dropout, op.layer, layer_of(op).rate, op.mask);
        }
        return apply_mask(op, source, op.output);
    }
  }

  void backward(const float* output_gradient, bool parameters, float* to) {
    if (!has_backward) make_backward();
    if (to != nullptr && !has_input_backward) make_input_backward();
    refresh(true);
    plain_gradient.set_data_handle(const_cast<float*>(output_gradient));
    (*enter_gradient)(context.stream);
    for (std::size_t k = ops.size(); k-- > 0;) {
      Op& op = ops[k];
      const bool gated_here = op.rectified && !op.gate_at_pool, gated_before = k > 0 && ops[k - 1].gate_at_pool;
      if (gated_here || gated_before) gate(op.output_gradient, op.output);
      if (parameters && op.conv) op.conv->backward_parameters();
      if (k > 0)
        backward_op(op, source_of(k), ops[k - 1].output_gradient);
      else if (to != nullptr)
        backward_op(op, source_of(k), input_gradient);
    }
    if (to == nullptr) return;
    plain_input_gradient.set_data_handle(to);
    (*leave_gradient)(context.stream);
  }
  void backward_op(Op& op, const memory& source, const memory& gradient) {
    switch (op.kind) {
      case Kind::conv:
        return op.conv->backward_data();
      case Kind::pool:
        if (op.own_pool)
          return kernels::max_pool_gradient(*op.own_pool, floats(source), floats(op.output), floats(op.output_gradient),
                                            floats(gradient));
        return (*op.pool_backward)(context.stream);
      case Kind::relu:
        context.copy(op.output_gradient, gradient);
        return gate(gradient, op.output);
      case Kind::dropout:
        return apply_mask(op, op.output_gradient, gradient);
    }
  }

  const Op& op_of(std::size_t layer) const {
    for (const Op& op : ops)
      if (op.layer == layer || (op.rectified && op.layer + 1 == layer)) return op;
    require(false, "layer {} is not in the convolutional part", layer);
    return ops.front();
  }
};

Spatial::Spatial(const Architecture& architecture, std::size_t count, std::size_t batch, Precision precision)
    : impl_(std::make_unique<Impl>(architecture, count, batch, precision)) {}
Spatial::~Spatial() = default;

std::size_t Spatial::raw_size() const { return impl_->raw; }
RawTensor Spatial::weights(std::size_t layer) const { return impl_->op_of(layer).conv->weights(); }
RawTensor Spatial::bias(std::size_t layer) const { return impl_->op_of(layer).conv->bias(); }

void Spatial::bind(float* parameters, float* gradient) {
  impl_->parameters_at = parameters;
  impl_->gradient_at = gradient;
  impl_->rebind();
  parameters_changed();
}
void Spatial::parameters_changed() { impl_->forward_stale = impl_->backward_stale = true; }
void Spatial::weights_to_raw(std::size_t layer, const float* flat, float* raw) const {
  impl_->op_of(layer).conv->to_raw(flat, raw);
}
void Spatial::weights_to_flat(std::size_t layer, const float* raw, float* flat) const {
  impl_->op_of(layer).conv->to_flat(raw, flat);
}

void Spatial::forward(const float* input, float* output, const Stream* dropout) { impl_->forward(input, output, dropout); }
void Spatial::backward(const float* output_gradient, bool parameters, float* input_gradient) {
  impl_->backward(output_gradient, parameters, input_gradient);
}

void Spatial::output_of(std::size_t layer, float* to) const {
  const Impl::Op& op = impl_->op_of(layer);
  const memory view = impl_->context.view(impl_->plain_of(impl_->architecture.layers()[layer].out), to);
  if (op.rectified && op.layer == layer)  // before the fused ReLU
    op.conv->output_before_relu(impl_->source_of(static_cast<std::size_t>(&op - impl_->ops.data())), view);
  else
    impl_->context.copy(op.output, view);
}

}  // namespace tocsin::nn
