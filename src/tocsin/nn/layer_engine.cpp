// SPDX-License-Identifier: Apache-2.0
// Backwards through a convolution of few input channels (the first one, whose gradient training never needs) oneDNN pads the
// channels to 16; here it is a product per image, [in k k, out] x [out, positions], whose rows are then added where they belong.
#include "tocsin/nn/layer_engine.h"

#include <openblas-openmp/cblas.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/convolution_passes.h"
#include "tocsin/nn/dense.h"
#include "tocsin/nn/dense_products.h"
#include "tocsin/nn/winograd_weights.h"

namespace tocsin::nn {

using namespace onednn;  // names of one library, in one file

namespace {
constexpr std::size_t kFewChannels = 4;

bool is_pool(const Layer& layer) { return layer.kind == LayerKind::max_pool || layer.kind == LayerKind::avg_pool; }

/// image [in] += the columns [in k k, positions], each row where its weight meets the image.
void add_columns(const Layer& layer, const float* columns, float* image) {
  const Shape in = layer.in, out = layer.out;
  for (std::size_t c = 0; c < in.channels; ++c)
    for (std::size_t ky = 0; ky < layer.kernel; ++ky)
      for (std::size_t kx = 0; kx < layer.kernel; ++kx, columns += out.height * out.width)
        for (std::size_t oy = 0; oy < out.height; ++oy) {
          const std::size_t y = oy * layer.stride + ky;
          if (y < layer.padding || y - layer.padding >= in.height) continue;
          float* row = image + (c * in.height + y - layer.padding) * in.width;
          for (std::size_t ox = 0; ox < out.width; ++ox) {
            const std::size_t x = ox * layer.stride + kx;
            if (x >= layer.padding && x - layer.padding < in.width) row[x - layer.padding] += columns[oy * out.width + ox];
          }
        }
}
}  // namespace

struct LayerEngine::Impl {
  /// What a layer runs, in its layouts. The views get their addresses at each call.
  struct Passes {
    std::optional<dnnl::convolution_forward::primitive_desc> forward_desc;
    std::optional<dnnl::pooling_forward::primitive_desc> pool_desc;
    dnnl::primitive forward, rectified, backward;
    memory from, to, winners;
    memory::desc backward_weights;
    std::optional<kernels::WinogradShape> winograd;  ///< our own passes, in place of oneDNN's
    bool fused = false;                              ///< `rectified` exists
  };
  struct Weights {
    std::size_t layer = 0;
    std::vector<float> plain, bias;
    memory forward, backward;
    std::optional<WinogradWeights> winograd;
    bool backward_stale = true;
  };

  const Architecture& architecture;
  Context context;
  std::vector<memory::desc> values;  ///< [layers + 1]
  std::vector<Passes> passes;        ///< [layers]
  std::vector<Weights> weights;
  std::vector<float> columns, plain, result;

  Impl(const Architecture& a, std::size_t batch) : architecture(a), passes(a.layers().size()) {
    context.batch = batch;
    values.push_back(plain_of(a.input()));
    for (std::size_t k = 0; k < passes.size(); ++k) describe(k);
  }

  const Layer& layer_at(std::size_t k) const { return architecture.layers()[k]; }
  memory::desc plain_of(const Shape& shape) const { return onednn::plain(shape_of(shape, context.batch)); }
  bool is_convolution(std::size_t k) const { return layer_at(k).kind == LayerKind::conv2d; }
  bool pulls_by_columns(std::size_t k) const { return layer_at(k).in.channels <= kFewChannels; }

  void describe(std::size_t k) {
    const Layer& layer = layer_at(k);
    require(layer.kind != LayerKind::batch_norm, "layer {} (batch_norm) has to be folded first", k);
    if (layer.kind == LayerKind::conv2d) return describe_convolution(k);
    if (is_pool(layer)) return describe_pool(k);
    const bool plain_output = layer.kind == LayerKind::dense || layer.kind == LayerKind::flatten;
    values.push_back(plain_output ? plain_of(layer.out) : values[k]);
  }
  void describe_convolution(std::size_t k) {
    const Layer& layer = layer_at(k);
    Passes& pass = passes[k];
    const bool free = k == 0;  // the first layer chooses the layout of the input
    const memory::desc source = free ? any(shape_of(layer.in, context.batch), context.type) : values[k];
    pass.forward_desc = best_forward(context, layer, source, false);
    const memory::desc from = pass.forward_desc->src_desc(), to = pass.forward_desc->dst_desc();
    values[k] = from;
    values.push_back(to);
    pass.forward = dnnl::convolution_forward(*pass.forward_desc);
    pass.from = context.view(from);
    pass.to = context.view(to);
    pass.winograd = winograd_shape(context, layer, from, to);
    if (pass.winograd && (pass.winograd->channels != layer.in.channels || pass.winograd->filters != layer.filters))
      pass.winograd.reset();  // values here have no padding to rely on
    if (pass.winograd) return;
    const auto fused = best_forward(context, layer, from, true);
    pass.fused = fused.weights_desc() == pass.forward_desc->weights_desc() && fused.dst_desc() == to;
    if (pass.fused) pass.rectified = dnnl::convolution_forward(fused);
    const auto hint = describe_forward(context, layer, from, false, dnnl::algorithm::convolution_direct);
    if (!pulls_by_columns(k)) {
      const auto desc = best_data(context, layer, from, to, hint);
      pass.backward = dnnl::convolution_backward_data(desc);
      pass.backward_weights = desc.weights_desc();
    }
  }
  void describe_pool(std::size_t k) {
    const Layer& layer = layer_at(k);
    Passes& pass = passes[k];
    const auto kind =
        layer.kind == LayerKind::max_pool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
    const Dims stride = pair(layer.stride), kernel = pair(layer.kernel), none = pair(0);
    pass.pool_desc =
        dnnl::pooling_forward::primitive_desc({dnnl::prop_kind::forward_training, kind, values[k],
                                               any(shape_of(layer.out, context.batch), context.type), stride, kernel, none, none},
                                              context.engine);
    values.push_back(pass.pool_desc->dst_desc());
    pass.forward = dnnl::pooling_forward(*pass.pool_desc);
    pass.backward = dnnl::pooling_backward(dnnl::pooling_backward::primitive_desc(
        {kind, values[k], values[k + 1], stride, kernel, none, none}, context.engine, *pass.pool_desc));
    pass.from = context.view(values[k]);
    pass.to = context.view(values[k + 1]);
    if (layer.kind == LayerKind::max_pool) pass.winners = context.make(pass.pool_desc->workspace_desc());
  }

  void move(const memory::desc& from_desc, const float* from, const memory::desc& to_desc, float* to) {
    const std::size_t bytes = to_desc.get_size();
    if (from_desc == to_desc) {
      std::copy_n(from, bytes / sizeof(float), to);
      return;
    }
    context.copy(context.view(from_desc, from), context.view(to_desc, to));
  }

  /// A dense layer may stand behind a convolution of one position: its input lies in blocks, and is brought into rows.
  bool is_plain(std::size_t k) const { return values[k] == plain_of(layer_at(k).in); }
  const float* rows_of(std::size_t k, const float* from) {
    if (is_plain(k)) return from;
    float* rows = rows_of(k, nullptr);
    move(values[k], from, plain_of(layer_at(k).in), rows);
    return rows;
  }
  float* rows_of(std::size_t k, std::nullptr_t) {
    plain.resize(context.batch * layer_at(k).in.features());
    return plain.data();
  }

  static void aim(memory& view, const float* at) { view.set_data_handle(const_cast<float*>(at)); }

  void set(Weights& set, std::span<const float> w, std::span<const float> b) {
    const Layer& layer = layer_at(set.layer);
    set.plain.assign(w.begin(), w.end());
    set.bias.assign(layer.out.channels, 0.0F);
    std::copy(b.begin(), b.end(), set.bias.begin());
    set.backward_stale = true;
    if (layer.kind != LayerKind::conv2d) return;
    if (const auto& shape = passes[set.layer].winograd) {
      if (!set.winograd) set.winograd.emplace(*shape, shape->channels, shape->filters);
      std::vector<float> ordered(set.plain.size());
      context.copy(plain_weights(set), context.view({weights_any(layer, Type::f32).dims(), Type::f32, Tag::hwio}, ordered.data()));
      return set.winograd->set(ordered.data());
    }
    if (!set.forward) set.forward = context.make(passes[set.layer].forward_desc->weights_desc());
    context.copy(plain_weights(set), set.forward);
  }
  memory plain_weights(const Weights& set) const {
    return context.view({weights_any(layer_at(set.layer), Type::f32).dims(), Type::f32, Tag::oihw}, set.plain.data());
  }

  void push(const Weights& set, const float* from, float* to, bool rectify) {
    const Layer& layer = layer_at(set.layer);
    if (layer.kind == LayerKind::dense) {
      const std::size_t out = layer.units;
      multiply_forward(context.batch, layer.in.features(), out, rows_of(set.layer, from), set.plain.data(), to);
      return kernels::bias_rows({to, context.batch * out}, set.bias, out, rectify);
    }
    Passes& pass = passes[set.layer];
    if (pass.winograd)
      return kernels::winograd_forward(*pass.winograd, from, set.winograd->forward(), layer.bias ? set.bias.data() : nullptr,
                                       rectify, to, onednn::floats(scratch()));
    aim(pass.from, from);
    aim(pass.to, to);
    const bool fused = rectify && pass.fused;
    Call call{
        fused ? pass.rectified : pass.forward,
        {{DNNL_ARG_SRC, pass.from}, {DNNL_ARG_WEIGHTS, set.forward}, {DNNL_ARG_DST, pass.to}, {DNNL_ARG_SCRATCHPAD, scratch()}}};
    if (layer.bias) call.arguments.emplace(DNNL_ARG_BIAS, context.view(bias_desc(layer), set.bias.data()));
    call(context.stream);
    if (rectify && !fused) kernels::relu({to, pass.to.get_desc().get_size() / sizeof(float)});
  }
  void pull(Weights& set, const float* from, float* to) {
    const Layer& layer = layer_at(set.layer);
    if (layer.kind == LayerKind::dense) {
      float* rows = is_plain(set.layer) ? to : rows_of(set.layer, nullptr);
      multiply_backward(context.batch, layer.in.features(), layer.units, from, set.plain.data(), rows);
      if (rows != to) move(plain_of(layer.in), rows, values[set.layer], to);
      return;
    }
    if (pulls_by_columns(set.layer)) return pull_by_columns(set, from, to);
    Passes& pass = passes[set.layer];
    if (pass.winograd) return kernels::winograd_data(*pass.winograd, from, set.winograd->backward(), to, onednn::floats(scratch()));
    if (!set.backward) set.backward = context.make(pass.backward_weights);
    if (set.backward_stale) context.copy(plain_weights(set), set.backward);
    set.backward_stale = false;
    aim(pass.from, to);
    aim(pass.to, from);
    pass.backward.execute(context.stream, {{DNNL_ARG_DIFF_DST, pass.to},
                                           {DNNL_ARG_WEIGHTS, set.backward},
                                           {DNNL_ARG_DIFF_SRC, pass.from},
                                           {DNNL_ARG_SCRATCHPAD, scratch()}});
  }
  void pull_by_columns(const Weights& set, const float* from, float* to) {
    const Layer& layer = layer_at(set.layer);
    const std::size_t positions = layer.out.height * layer.out.width, rows = layer.in.channels * layer.kernel * layer.kernel;
    plain.resize(context.batch * layer.out.features());
    result.assign(context.batch * layer.in.features(), 0.0F);
    columns.resize(rows * positions);
    move(values[set.layer + 1], from, plain_of(layer.out), plain.data());
    for (std::size_t b = 0; b < context.batch; ++b) {
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, static_cast<int>(rows), static_cast<int>(positions),
                  static_cast<int>(layer.filters), 1.0F, set.plain.data(), static_cast<int>(rows),
                  plain.data() + b * layer.out.features(), static_cast<int>(positions), 0.0F, columns.data(),
                  static_cast<int>(positions));
      add_columns(layer, columns.data(), result.data() + b * layer.in.features());
    }
    move(plain_of(layer.in), result.data(), values[set.layer], to);
  }
  void pass(std::size_t k, const float* from, float* to, bool forward) {
    if (!is_pool(layer_at(k))) return forward ? move(values[k], from, before(k), to) : move(before(k), from, values[k], to);
    Passes& pool = passes[k];
    aim(pool.from, forward ? from : to);
    aim(pool.to, forward ? to : from);
    Call call{forward ? pool.forward : pool.backward,
              {{forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_SRC, pool.from}, {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, pool.to}}};
    if (pool.winners) call.arguments.emplace(DNNL_ARG_WORKSPACE, pool.winners);
    call(context.stream);
  }
  /// A flatten keeps the plain order: its output as the shape of its input.
  memory::desc before(std::size_t k) const { return plain_of(layer_at(k).in); }

  /// One scratchpad for all convolutions, grown to the largest.
  memory scratchpad;
  memory scratch() {
    if (scratchpad) return scratchpad;
    std::size_t bytes = 1;
    for (const Passes& pass : passes) {
      if (pass.forward_desc) bytes = std::max(bytes, scratch_bytes(pass.forward) + scratch_bytes(pass.rectified));
      if (pass.forward_desc) bytes = std::max(bytes, scratch_bytes(pass.backward));
      if (pass.winograd) bytes = std::max(bytes, pass.winograd->scratch() * sizeof(float));
    }
    scratchpad = context.make({{dim(bytes)}, Type::u8, Tag::a});
    return scratchpad;
  }
  static std::size_t scratch_bytes(const dnnl::primitive& primitive) {
    if (!primitive) return 0;
    const auto* desc = dnnl_primitive_desc_query_md(primitive.get_primitive_desc(), dnnl_query_scratchpad_md, 0);
    return desc == nullptr ? 0 : dnnl_memory_desc_get_size(desc);
  }
};

LayerEngine::LayerEngine(const Architecture& architecture, std::size_t batch)
    : impl_(std::make_unique<Impl>(architecture, batch)) {}
LayerEngine::~LayerEngine() = default;

std::size_t LayerEngine::floats(std::size_t value) const { return impl_->values[value].get_size() / sizeof(float); }
void LayerEngine::enter(std::size_t value, const float* plain, float* to) {
  const Shape shape = value == 0 ? impl_->architecture.input() : impl_->layer_at(value - 1).out;
  impl_->move(impl_->plain_of(shape), plain, impl_->values[value], to);
}
void LayerEngine::leave(std::size_t value, const float* from, float* plain) {
  const Shape shape = value == 0 ? impl_->architecture.input() : impl_->layer_at(value - 1).out;
  impl_->move(impl_->values[value], from, impl_->plain_of(shape), plain);
}
std::size_t LayerEngine::add(std::size_t layer) {
  require(impl_->layer_at(layer).has_parameters(), "layer {} ({}) has no weights", layer, text(impl_->layer_at(layer).kind));
  impl_->weights.emplace_back().layer = layer;
  return impl_->weights.size() - 1;
}
void LayerEngine::set(std::size_t weights, std::span<const float> values, std::span<const float> bias) {
  impl_->set(impl_->weights[weights], values, bias);
}
void LayerEngine::push(std::size_t weights, const float* from, float* to, bool rectify) {
  impl_->push(impl_->weights[weights], from, to, rectify);
}
void LayerEngine::pull(std::size_t weights, const float* from, float* to) { impl_->pull(impl_->weights[weights], from, to); }
void LayerEngine::pass(std::size_t layer, const float* from, float* to) { impl_->pass(layer, from, to, true); }
void LayerEngine::pass_back(std::size_t layer, const float* from, float* to) { impl_->pass(layer, from, to, false); }

}  // namespace tocsin::nn
