// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/spatial.h"

#include <dnnl.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/dropout.h"

namespace tocsin::nn {
namespace {

using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;
using Type = memory::data_type;

memory::dim dim(std::size_t value) { return static_cast<memory::dim>(value); }
Dims shape_of(const Shape& shape, std::size_t batch) {
  return {dim(batch), dim(shape.channels), dim(shape.height), dim(shape.width)};
}
memory::desc any(const Dims& dims, Type type) { return {dims, type, Tag::any}; }
memory::desc plain(const Dims& dims) { return {dims, Type::f32, Tag::nchw}; }

/// One executable step: a primitive and its arguments, fixed once.
struct Call {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
  void operator()(dnnl::stream& stream) const { primitive.execute(stream, arguments); }
};

}  // namespace

struct Spatial::Impl {
  enum class Kind { conv, pool, relu, dropout };
  /// A layer, or a convolution with the ReLU behind it.
  struct Op {
    Kind kind = Kind::relu;
    std::size_t layer = 0;      // index in the architecture
    bool rectified = false;     // conv: the next layer, a ReLU, is fused
    bool gate_at_pool = false;  // conv: the pool behind applies the ReLU's gate at pooled size
    memory output;              // in its own layout
    memory output_gradient;     // made with the backward pass
    memory workspace;           // max-pool: the winners
    memory mask;                // dropout, in the layout of the output
    std::vector<float> plain_mask;
    std::optional<dnnl::convolution_forward::primitive_desc> conv;
    std::optional<dnnl::pooling_forward::primitive_desc> pool;
    memory master_weights, bias;               // views of the raw parameters
    memory forward_weights, backward_weights;  // copies in other layouts; equal to master_weights where the layout is the same
    memory weights_gradient, bias_gradient;    // views of the raw gradient
    std::vector<Call> forward, backward_data, backward_parameters;
    std::vector<Call> refresh_forward, refresh_backward;  // reorders of stale weight copies
    RawTensor raw_weights, raw_bias;
    memory::desc master;
  };

  const Architecture& architecture;
  std::size_t batch;
  Precision precision;
  Type type;  // of activations
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<Op> ops;
  std::size_t raw = 0;
  memory input;  // what the first op reads
  memory plain_input, plain_output, plain_gradient, plain_input_gradient, input_gradient;
  memory scratchpad;
  std::size_t scratchpad_bytes = 0;
  std::optional<Call> enter, leave, enter_gradient, leave_gradient;
  bool has_backward = false, has_input_backward = false;
  bool forward_stale = true, backward_stale = true;

  Impl(const Architecture& a, std::size_t count, std::size_t b, Precision p)
      : architecture(a), batch(b), precision(p), type(p == Precision::bf16 ? Type::bf16 : Type::f32) {
    for (std::size_t layer = 0; layer < count; ++layer) add(layer, count);
    make_forward();
  }

  const Layer& layer_of(const Op& op) const { return architecture.layers()[op.layer]; }
  dnnl::primitive_attr attributes() const {
    dnnl::primitive_attr result;
    result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return result;
  }
  memory make(const memory::desc& desc) const { return {desc, engine}; }
  memory scratch(const memory::desc& desc) {
    scratchpad_bytes = std::max(scratchpad_bytes, desc.get_size());
    return {desc, engine, nullptr};
  }
  /// One scratchpad for all calls, the largest any needs. Called after new primitives were made.
  void share_scratchpad() {
    if (!scratchpad || scratchpad.get_desc().get_size() < scratchpad_bytes)
      scratchpad = make({{dim(std::max<std::size_t>(scratchpad_bytes, 1))}, Type::u8, Tag::a});
    for (Op& op : ops)
      for (auto* calls : {&op.forward, &op.backward_data, &op.backward_parameters})
        for (Call& call : *calls)
          if (auto found = call.arguments.find(DNNL_ARG_SCRATCHPAD); found != call.arguments.end())
            found->second.set_data_handle(scratchpad.get_data_handle());
  }
  Call reorder(memory from, memory to) const {
    return {dnnl::reorder(dnnl::reorder::primitive_desc(engine, from.get_desc(), engine, to.get_desc())),
            {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
  }

  void add(std::size_t index, std::size_t count) {
    const Layer& layer = architecture.layers()[index];
    Op op;
    op.layer = index;
    switch (layer.kind) {
      case LayerKind::conv2d:
        op.kind = Kind::conv;
        op.rectified = index + 1 < count && architecture.layers()[index + 1].kind == LayerKind::relu;
        // max(0, .) and the maximum commute: a window whose maximum is 0 passes nothing on. Exact where windows do not overlap.
        op.gate_at_pool = op.rectified && index + 2 < count && architecture.layers()[index + 2].kind == LayerKind::max_pool &&
                          architecture.layers()[index + 2].stride >= architecture.layers()[index + 2].kernel;
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
        require(false, "layer {} ({}) has no place before the flatten", index, text(layer.kind));
    }
    ops.push_back(std::move(op));
  }

  Dims weight_dims(const Layer& layer) const {
    return {dim(layer.filters), dim(layer.in.channels), dim(layer.kernel), dim(layer.kernel)};
  }
  static Dims pair(std::size_t value) { return {dim(value), dim(value)}; }

  dnnl::convolution_forward::primitive_desc conv_forward(const Op& op, const memory::desc& source, bool rectified) const {
    const Layer& layer = layer_of(op);
    dnnl::primitive_attr attr = attributes();
    if (rectified) {
      dnnl::post_ops post;
      post.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, 0.0F, 0.0F);
      attr.set_post_ops(post);
    }
    const memory::desc weights = any(weight_dims(layer), type), out = any(shape_of(layer.out, batch), type);
    const auto forward = dnnl::prop_kind::forward_training;
    const auto direct = dnnl::algorithm::convolution_direct;
    const Dims strides = pair(layer.stride), padding = pair(layer.padding);
    if (!layer.bias) return {{forward, direct, source, weights, out, strides, padding, padding}, attr, engine};
    const memory::desc bias({dim(layer.filters)}, Type::f32, Tag::x);
    return {{forward, direct, source, weights, bias, out, strides, padding, padding}, attr, engine};
  }
  dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(const Op& op, const memory::desc& source,
                                                                           const memory::desc& out) const {
    const Layer& layer = layer_of(op);
    const memory::desc weights = any(weight_dims(layer), Type::f32);
    const auto direct = dnnl::algorithm::convolution_direct;
    const Dims strides = pair(layer.stride), padding = pair(layer.padding);
    if (!layer.bias) return {{direct, source, weights, out, strides, padding, padding}, attributes(), engine, *op.conv};
    const memory::desc bias({dim(layer.filters)}, Type::f32, Tag::x);
    return {{direct, source, weights, bias, out, strides, padding, padding}, attributes(), engine, *op.conv};
  }

  void make_forward() {
    const Shape in = architecture.input();
    plain_input = {plain(shape_of(in, batch)), engine, nullptr};
    memory::desc current = any(shape_of(in, batch), type);
    // The first convolution may choose how it wants its input; anything else takes it plain.
    const bool first_is_conv = !ops.empty() && ops.front().kind == Kind::conv;
    if (!first_is_conv) current = memory::desc(shape_of(in, batch), type, Tag::nchw);
    memory source;
    for (std::size_t k = 0; k < ops.size(); ++k) {
      Op& op = ops[k];
      if (op.kind == Kind::conv) {
        // The layout of the activations so far is kept; only the input of the network is free.
        op.conv = conv_forward(op, k == 0 ? any(shape_of(in, batch), type) : source.get_desc(), op.rectified);
        if (k == 0) source = start(op.conv->src_desc());
        make_conv(op, source);
      } else {
        if (k == 0) source = start(current);
        if (op.kind == Kind::pool)
          make_pool(op, source);
        else
          op.output = make(source.get_desc());
      }
      source = op.output;
    }
    plain_output = {plain(shape_of(layer_of(ops.back()).out, batch)), engine, nullptr};
    leave = reorder(source, plain_output);
    share_scratchpad();
  }
  /// The memory the first op reads: the caller's own where no translation is needed.
  memory start(const memory::desc& wanted) {
    if (wanted == plain_input.get_desc()) {
      input = plain_input;
    } else {
      input = make(wanted);
      enter = reorder(plain_input, input);
    }
    return input;
  }

  void make_conv(Op& op, const memory& source) {
    const Layer& layer = layer_of(op);
    op.output = make(op.conv->dst_desc());
    op.master = conv_backward_weights(op, source.get_desc(), op.conv->dst_desc()).diff_weights_desc();
    op.raw_weights = {raw, round_up(op.master.get_size() / sizeof(float))};
    raw += op.raw_weights.size;
    op.raw_bias = {raw, layer.bias ? round_up(layer.filters) : 0};
    raw += op.raw_bias.size;
    op.master_weights = {op.master, engine, nullptr};
    op.forward_weights = op.master_weights;
    if (op.conv->weights_desc() != op.master) {
      op.forward_weights = make(op.conv->weights_desc());
      op.refresh_forward.push_back(reorder(op.master_weights, op.forward_weights));
    }
    Call call{dnnl::convolution_forward(*op.conv),
              {{DNNL_ARG_SRC, source},
               {DNNL_ARG_WEIGHTS, op.forward_weights},
               {DNNL_ARG_DST, op.output},
               {DNNL_ARG_SCRATCHPAD, scratch(op.conv->scratchpad_desc())}}};
    if (layer.bias) {
      op.bias = {memory::desc({dim(layer.filters)}, Type::f32, Tag::x), engine, nullptr};
      call.arguments.emplace(DNNL_ARG_BIAS, op.bias);
    }
    op.forward.push_back(std::move(call));
  }
  static std::size_t round_up(std::size_t floats) { return (floats + 15) / 16 * 16; }

  void make_pool(Op& op, const memory& source) {
    const Layer& layer = layer_of(op);
    const auto algorithm =
        layer.kind == LayerKind::max_pool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
    op.pool = dnnl::pooling_forward::primitive_desc(
        {dnnl::prop_kind::forward_training, algorithm, source.get_desc(), any(shape_of(layer.out, batch), type), pair(layer.stride),
         pair(layer.kernel), Dims{0, 0}, Dims{0, 0}},
        attributes(), engine);
    op.output = make(op.pool->dst_desc());
    Call call{dnnl::pooling_forward(*op.pool),
              {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, op.output}, {DNNL_ARG_SCRATCHPAD, scratch(op.pool->scratchpad_desc())}}};
    if (layer.kind == LayerKind::max_pool) {
      op.workspace = make(op.pool->workspace_desc());
      call.arguments.emplace(DNNL_ARG_WORKSPACE, op.workspace);
    }
    op.forward.push_back(std::move(call));
  }

  const memory& source_of(std::size_t k) const { return k == 0 ? input : ops[k - 1].output; }

  void make_backward() {
    plain_gradient = {plain(shape_of(layer_of(ops.back()).out, batch)), engine, nullptr};
    for (Op& op : ops) op.output_gradient = make(op.output.get_desc());
    enter_gradient = reorder(plain_gradient, ops.back().output_gradient);
    for (std::size_t k = 0; k < ops.size(); ++k) {
      if (ops[k].kind == Kind::conv) make_conv_parameters(ops[k], source_of(k));
      if (k > 0) make_backward_data(ops[k], ops[k - 1].output_gradient);
    }
    share_scratchpad();
    has_backward = true;
  }
  void make_input_backward() {
    input_gradient = make(input.get_desc());
    plain_input_gradient = {plain(shape_of(architecture.input(), batch)), engine, nullptr};
    make_backward_data(ops.front(), input_gradient);
    leave_gradient = reorder(input_gradient, plain_input_gradient);
    share_scratchpad();
    has_input_backward = true;
    backward_stale = true;
  }
  void make_conv_parameters(Op& op, const memory& source) {
    const auto desc = conv_backward_weights(op, source.get_desc(), op.output.get_desc());
    op.weights_gradient = {op.master, engine, nullptr};
    Call call{dnnl::convolution_backward_weights(desc),
              {{DNNL_ARG_SRC, source},
               {DNNL_ARG_DIFF_DST, op.output_gradient},
               {DNNL_ARG_DIFF_WEIGHTS, op.weights_gradient},
               {DNNL_ARG_SCRATCHPAD, scratch(desc.scratchpad_desc())}}};
    if (layer_of(op).bias) {
      op.bias_gradient = {memory::desc({dim(layer_of(op).filters)}, Type::f32, Tag::x), engine, nullptr};
      call.arguments.emplace(DNNL_ARG_DIFF_BIAS, op.bias_gradient);
    }
    op.backward_parameters.push_back(std::move(call));
  }
  void make_backward_data(Op& op, const memory& gradient) {
    const Layer& layer = layer_of(op);
    if (op.kind == Kind::conv) {
      const Dims strides = pair(layer.stride), padding = pair(layer.padding);
      const dnnl::convolution_backward_data::primitive_desc desc(
          {dnnl::algorithm::convolution_direct, gradient.get_desc(), any(weight_dims(layer), type), op.output.get_desc(), strides,
           padding, padding},
          attributes(), engine, *op.conv);
      op.backward_weights = op.master_weights;
      if (desc.weights_desc() != op.master) {
        op.backward_weights = make(desc.weights_desc());
        op.refresh_backward.push_back(reorder(op.master_weights, op.backward_weights));
      }
      op.backward_data.push_back({dnnl::convolution_backward_data(desc),
                                  {{DNNL_ARG_DIFF_SRC, gradient},
                                   {DNNL_ARG_WEIGHTS, op.backward_weights},
                                   {DNNL_ARG_DIFF_DST, op.output_gradient},
                                   {DNNL_ARG_SCRATCHPAD, scratch(desc.scratchpad_desc())}}});
    } else if (op.kind == Kind::pool) {
      const auto algorithm =
          layer.kind == LayerKind::max_pool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
      const dnnl::pooling_backward::primitive_desc desc(
          {algorithm, gradient.get_desc(), op.output.get_desc(), pair(layer.stride), pair(layer.kernel), Dims{0, 0}, Dims{0, 0}},
          attributes(), engine, *op.pool);
      Call call{dnnl::pooling_backward(desc),
                {{DNNL_ARG_DIFF_SRC, gradient},
                 {DNNL_ARG_DIFF_DST, op.output_gradient},
                 {DNNL_ARG_SCRATCHPAD, scratch(desc.scratchpad_desc())}}};
      if (layer.kind == LayerKind::max_pool) call.arguments.emplace(DNNL_ARG_WORKSPACE, op.workspace);
      op.backward_data.push_back(std::move(call));
    }
  }

  /// Element-wise work on two memories of one layout.
  std::size_t elements(const memory& m) const { return m.get_desc().get_size() / (type == Type::bf16 ? 2 : 4); }
  void gate(const memory& gradient, const memory& output) const {
    const std::size_t n = elements(gradient);
    if (type == Type::bf16)
      kernels::relu_gate_bf16({static_cast<std::uint16_t*>(gradient.get_data_handle()), n},
                              {static_cast<const std::uint16_t*>(output.get_data_handle()), n});
    else
      kernels::relu_gate({static_cast<float*>(gradient.get_data_handle()), n},
                         {static_cast<const float*>(output.get_data_handle()), n});
  }
  void copy(const memory& from, const memory& to) { reorder(from, to)(stream); }
  /// to = from * mask, through plain float: a layer seldom found between convolutions.
  void apply_mask(const Op& op, const memory& from, const memory& to) {
    std::vector<float> values(op.plain_mask.size());
    memory view(plain(shape_of(layer_of(op).out, batch)), engine, values.data());
    copy(from, view);
    kernels::multiply(values, op.plain_mask);
    copy(view, to);
  }

  void refresh(bool backward) {
    if (forward_stale)
      for (Op& op : ops)
        for (const Call& call : op.refresh_forward) call(stream);
    forward_stale = false;
    if (!backward || !backward_stale) return;
    for (Op& op : ops)
      for (const Call& call : op.refresh_backward) call(stream);
    backward_stale = false;
  }

  void forward(const float* from, float* to, const Stream* dropout) {
    plain_input.set_data_handle(const_cast<float*>(from));
    plain_output.set_data_handle(to);
    refresh(false);
    if (enter) (*enter)(stream);
    for (std::size_t k = 0; k < ops.size(); ++k) {
      Op& op = ops[k];
      for (const Call& call : op.forward) call(stream);
      if (op.kind == Kind::relu) rectify(source_of(k), op.output);
      if (op.kind == Kind::dropout) drop(op, source_of(k), dropout);
    }
    (*leave)(stream);
  }
  void rectify(const memory& from, const memory& to) {
    copy(from, to);
    gate(to, from);  // y = x where x > 0
  }
  void drop(Op& op, const memory& from, const Stream* dropout) {
    const Layer& layer = layer_of(op);
    op.plain_mask.clear();
    if (dropout == nullptr || layer.rate == 0.0) return copy(from, op.output);
    op.plain_mask.resize(batch * layer.out.features());
    dropout_mask(*dropout, op.layer, layer.rate, op.plain_mask);
    apply_mask(op, from, op.output);
  }

  void backward(const float* output_gradient, bool parameters, float* to) {
    if (!has_backward) make_backward(), rebind();
    if (to != nullptr && !has_input_backward) make_input_backward(), rebind();
    refresh(true);
    plain_gradient.set_data_handle(const_cast<float*>(output_gradient));
    (*enter_gradient)(stream);
    for (std::size_t k = ops.size(); k-- > 0;) {
      Op& op = ops[k];
      if (op.kind == Kind::conv && op.rectified && !op.gate_at_pool) gate(op.output_gradient, op.output);
      if (op.kind == Kind::pool && k > 0 && ops[k - 1].gate_at_pool) gate(op.output_gradient, op.output);
      if (parameters)
        for (const Call& call : op.backward_parameters) call(stream);
      if (k == 0 && to == nullptr) break;
      const memory& gradient = k == 0 ? input_gradient : ops[k - 1].output_gradient;
      for (const Call& call : op.backward_data) call(stream);
      if (op.kind == Kind::relu) {
        copy(op.output_gradient, gradient);
        gate(gradient, op.output);
      }
      if (op.kind == Kind::dropout) {
        if (op.plain_mask.empty())
          copy(op.output_gradient, gradient);
        else
          apply_mask(op, op.output_gradient, gradient);
      }
    }
    if (to == nullptr) return;
    plain_input_gradient.set_data_handle(to);
    (*leave_gradient)(stream);
  }

  float* parameters_at = nullptr;
  float* gradient_at = nullptr;
  void rebind() {
    for (Op& op : ops) {
      if (op.kind != Kind::conv) continue;
      op.master_weights.set_data_handle(parameters_at + op.raw_weights.offset);
      if (op.bias) op.bias.set_data_handle(parameters_at + op.raw_bias.offset);
      if (op.weights_gradient) op.weights_gradient.set_data_handle(gradient_at + op.raw_weights.offset);
      if (op.bias_gradient) op.bias_gradient.set_data_handle(gradient_at + op.raw_bias.offset);
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
RawTensor Spatial::weights(std::size_t layer) const { return impl_->op_of(layer).raw_weights; }
RawTensor Spatial::bias(std::size_t layer) const { return impl_->op_of(layer).raw_bias; }

void Spatial::bind(float* parameters, float* gradient) {
  impl_->parameters_at = parameters;
  impl_->gradient_at = gradient;
  impl_->rebind();
  parameters_changed();
}
void Spatial::parameters_changed() { impl_->forward_stale = impl_->backward_stale = true; }

void Spatial::weights_to_raw(std::size_t layer, const float* from, float* raw) const {
  const Impl::Op& op = impl_->op_of(layer);
  const memory::desc flat(impl_->weight_dims(architecture_layer(layer)), Type::f32, Tag::oihw);
  memory source(flat, impl_->engine, const_cast<float*>(from)), target(op.master, impl_->engine, raw + op.raw_weights.offset);
  impl_->reorder(source, target)(impl_->stream);
}
void Spatial::weights_to_flat(std::size_t layer, const float* raw, float* to) const {
  const Impl::Op& op = impl_->op_of(layer);
  const memory::desc flat(impl_->weight_dims(architecture_layer(layer)), Type::f32, Tag::oihw);
  memory source(op.master, impl_->engine, const_cast<float*>(raw) + op.raw_weights.offset), target(flat, impl_->engine, to);
  impl_->reorder(source, target)(impl_->stream);
}
const Layer& Spatial::architecture_layer(std::size_t layer) const { return impl_->architecture.layers()[layer]; }

void Spatial::forward(const float* input, float* output, const Stream* dropout) { impl_->forward(input, output, dropout); }
void Spatial::backward(const float* output_gradient, bool parameters, float* input_gradient) {
  impl_->backward(output_gradient, parameters, input_gradient);
}

void Spatial::output_of(std::size_t layer, float* to) const {
  Impl& in = *impl_;
  const Impl::Op& op = in.op_of(layer);
  const Layer& described = architecture_layer(layer);
  memory view(plain(shape_of(described.out, in.batch)), in.engine, to);
  if (!(op.rectified && op.layer == layer)) return in.copy(op.output, view);
  // The convolution before its fused ReLU: computed again without it.
  const std::size_t k = static_cast<std::size_t>(&op - in.ops.data());
  const auto desc = in.conv_forward(op, in.source_of(k).get_desc(), false);
  memory weights = op.forward_weights, output(desc.dst_desc(), in.engine), scratchpad(desc.scratchpad_desc(), in.engine);
  if (desc.weights_desc() != weights.get_desc()) {
    weights = in.make(desc.weights_desc());
    in.copy(op.master_weights, weights);
  }
  Call call{
      dnnl::convolution_forward(desc),
      {{DNNL_ARG_SRC, in.source_of(k)}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, output}, {DNNL_ARG_SCRATCHPAD, scratchpad}}};
  if (op.bias) call.arguments.emplace(DNNL_ARG_BIAS, op.bias);
  call(in.stream);
  in.copy(output, view);
}

}  // namespace tocsin::nn
