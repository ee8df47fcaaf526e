// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/dense.h"

#include <algorithm>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/kernels/narrow.h"
#include "tocsin/nn/dense_products.h"
#include "tocsin/nn/dropout.h"

namespace tocsin::nn {
namespace {

/// Whether a layer's products can be made from bytes (an Op is private to Dense).
template <class Op>
bool reads_bytes(const Op& op) {
  return op.kind == LayerKind::dense && op.out <= kernels::kNarrowOutputs && !op.half;
}

}  // namespace

Dense::Dense(const Architecture& architecture, std::size_t first, std::size_t capacity, Precision precision, std::size_t raw_offset)
    : architecture_(architecture), capacity_(capacity), raw_offset_(raw_offset), raw_(raw_offset) {
  const std::vector<Layer>& layers = architecture.layers();
  const std::size_t features = first < layers.size() ? layers[first].in.features() : architecture.outputs();
  values_.emplace_back(capacity * features);
  gradients_.emplace_back(capacity * features);
  for (std::size_t index = first; index < layers.size(); ++index) {
    const Layer& layer = layers[index];
    if (layer.kind == LayerKind::flatten) continue;
    require(layer.kind == LayerKind::dense || layer.kind == LayerKind::relu || layer.kind == LayerKind::dropout,
            "layer {} ({}) cannot stand behind the flatten", index, text(layer.kind));
    if (layer.kind == LayerKind::relu && !ops_.empty() && ops_.back().kind == LayerKind::dense && ops_.back().layer + 1 == index) {
      ops_.back().rectified = true;
      continue;
    }
    Op op;
    op.kind = layer.kind;
    op.layer = index;
    op.in = layer.in.features();
    op.out = layer.out.features();
    if (layer.kind == LayerKind::dense) {
      op.weights = RawTensor::padded(raw_, op.in * op.out);
      raw_ += op.weights.size;
      op.bias = RawTensor::padded(raw_, layer.bias ? op.out : 0);
      raw_ += op.bias.size;
      if (precision == Precision::bf16 && first == 0) op.half = std::make_unique<HalfProducts>(capacity, op.in, op.out);
    }
    masks_.emplace_back(layer.kind == LayerKind::dropout ? capacity * op.out : 0);
    values_.emplace_back(capacity * op.out);
    gradients_.emplace_back(capacity * op.out);
    ops_.push_back(std::move(op));
  }
  if (first == 0 && !ops_.empty() && reads_bytes(ops_.front())) bytes_.resize(capacity * ops_.front().in);
}

const Dense::Op* Dense::op_of(std::size_t layer) const {
  for (const Op& op : ops_)
    if (op.layer == layer || (op.rectified && op.layer + 1 == layer)) return &op;
  return nullptr;
}
RawTensor Dense::weights(std::size_t layer) const { return op_of(layer)->weights; }
RawTensor Dense::bias(std::size_t layer) const { return op_of(layer)->bias; }
void Dense::bind(float* parameters, float* gradient) {
  parameters_ = parameters;
  gradient_ = gradient;
}
bool Dense::put_pixels(const data::Dataset& data, std::span<const std::uint32_t> samples) {
  if (bytes_.empty() || data.pixels.empty()) return false;
  const std::size_t width = ops_.front().in;
  std::uint8_t* to = bytes_.data();
  for (const std::uint32_t sample : samples) {
    require((sample + std::size_t{1}) * width <= data.pixels.size(), "put: sample {} of a data set of {}", sample, data.size());
    std::copy_n(data.pixels.data() + sample * width, width, to);
    to += width;
  }
  pixels_ = {bytes_.data(), static_cast<float>(data.scale)};
  return true;
}
std::span<const float> Dense::logits(std::size_t batch) const { return {values_.back().data(), batch * architecture_.outputs()}; }

/// The products of a dense layer, before bias and ReLU.
void Dense::multiply(std::size_t k, std::size_t batch, float* y) const {
  const Op& op = ops_[k];
  const float* w = parameters_ + op.weights.offset;
  if (k == 0 && pixels_.data != nullptr) return kernels::narrow_forward(batch, op.in, op.out, pixels_, w, y);
  multiply_forward(batch, op.in, op.out, values_[k].data(), w, y);
}
void Dense::forward_op(std::size_t k, std::size_t batch, const Stream* dropout) {
  const Op& op = ops_[k];
  const float* x = values_[k].data();
  float* y = values_[k + 1].data();
  const std::span<float> out(y, batch * op.out);
  if (op.kind == LayerKind::dense) {
    if (op.half) {
      clear_rows(values_[k].data(), op.in, batch);
      op.half->forward(x, parameters_ + op.weights.offset, y);
    } else {
      multiply(k, batch, y);
    }
    const std::span<const float> bias(parameters_ + op.bias.offset, op.bias.size > 0 ? op.out : 0);
    if (!bias.empty() || op.rectified) kernels::bias_rows(out, bias, op.out, op.rectified);
    return;
  }
  std::copy_n(x, out.size(), y);
  if (op.kind == LayerKind::relu) kernels::relu(out);
  const double rate = architecture_.layers()[op.layer].rate;
  if (op.kind == LayerKind::dropout && dropout != nullptr && rate > 0.0) {
    dropout_mask(*dropout, op.layer, rate, masks_[k].first(out.size()));
    kernels::multiply(out, masks_[k].first(out.size()));
  }
}

void Dense::forward(std::size_t batch, const Stream* dropout) {
  dropped_ = dropout != nullptr;
  for (std::size_t k = 0; k < ops_.size(); ++k) forward_op(k, batch, dropout);
}

/// Rows beyond the batch are zero where a product always takes full ones.
void Dense::clear_rows(float* values, std::size_t width, std::size_t batch) const {
  std::fill(values + batch * width, values + capacity_ * width, 0.0F);
}

void Dense::backward_dense(std::size_t k, std::size_t batch, bool parameters, float rate, bool further) {
  Op& op = ops_[k];
  float* dy = gradients_[k + 1].data();
  const float* w = parameters_ + op.weights.offset;
  // rate > 0: W += -rate dy^T x and b += -rate sum dy at once; else W' = dy^T x, b' = sum dy.
  const bool fused = rate > 0.0F;
  const float scale = fused ? -rate : 1.0F, keep = fused ? 1.0F : 0.0F;
  float* target = fused ? parameters_ : gradient_;
  if (op.half) {
    clear_rows(dy, op.out, batch);
    op.half->take_gradient(dy);
    if (further) op.half->backward(w, gradients_[k].data());
    if (!parameters) return;
    float* slope = gradient_ + op.weights.offset;
    op.half->weights(slope);
    if (fused) kernels::add_scaled({target + op.weights.offset, op.in * op.out}, -rate, {slope, op.in * op.out});
  } else {
    if (further) multiply_backward(batch, op.in, op.out, dy, w, gradients_[k].data());
    if (!parameters) return;
    if (k == 0 && pixels_.data != nullptr)
      kernels::narrow_weights(batch, op.in, op.out, dy, pixels_, scale, keep, target + op.weights.offset);
    else
      multiply_weights(batch, op.in, op.out, dy, values_[k].data(), scale, keep, target + op.weights.offset);
  }
  if (op.bias.size > 0) kernels::column_sums({dy, batch * op.out}, op.out, scale, keep, {target + op.bias.offset, op.out});
}

float* Dense::backward(std::size_t batch, bool parameters, float rate, bool want_input) {
  for (std::size_t k = ops_.size(); k-- > 0;) {
    const Op& op = ops_[k];
    const std::span<float> dy(gradients_[k + 1].data(), batch * op.out);
    const float* y = values_[k + 1].data();
    const bool further = k > 0 || want_input;
    float* dx = gradients_[k].data();
    if (op.kind == LayerKind::dense) {
      if (op.rectified) kernels::relu_gate(dy, {y, dy.size()});
      backward_dense(k, batch, parameters, rate, further);
      continue;
    }
    if (!further) break;
    std::copy(dy.begin(), dy.end(), dx);
    if (op.kind == LayerKind::relu) kernels::relu_gate({dx, dy.size()}, {y, dy.size()});
    if (op.kind == LayerKind::dropout && dropped_ && architecture_.layers()[op.layer].rate > 0.0)
      kernels::multiply({dx, dy.size()}, masks_[k].first(dy.size()));
  }
  return gradients_.front().data();
}

void Dense::output_of(std::size_t layer, std::size_t batch, float* plain) const {
  const Op* op = op_of(layer);
  if (op == nullptr) {  // a flatten: the output of what stands before it
    std::size_t k = 0;
    while (k < ops_.size() && ops_[k].layer < layer) ++k;
    if (k == 0 && pixels_.data != nullptr)
      return kernels::widen(std::span(bytes_).first(batch * ops_.front().in), pixels_.scale, {plain, batch * ops_.front().in});
    std::copy_n(values_[k].data(), batch * architecture_.layers()[layer].out.features(), plain);
    return;
  }
  const std::size_t k = static_cast<std::size_t>(op - ops_.data());
  if (!(op->rectified && op->layer == layer)) {
    std::copy_n(values_[k + 1].data(), batch * op->out, plain);
    return;
  }
  multiply(k, batch, plain);
  const std::span<const float> bias(parameters_ + op->bias.offset, op->bias.size > 0 ? op->out : 0);
  kernels::bias_rows({plain, batch * op->out}, bias, op->out, false);
}

}  // namespace tocsin::nn
