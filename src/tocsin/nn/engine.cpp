// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/engine.h"

#include <algorithm>
#include <optional>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/cross_entropy.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/dense.h"
#include "tocsin/nn/spatial.h"

namespace tocsin::nn {
namespace {

/// How many layers form the convolutional part: up to the last convolution or pool, and the ReLU fused into it. Element-wise layers
/// behind it commute with the flatten and are done on plain rows.
std::size_t spatial_layers(const Architecture& architecture) {
  std::size_t count = 0;
  const std::vector<Layer>& layers = architecture.layers();
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const LayerKind kind = layers[k].kind;
    if (kind == LayerKind::conv2d || kind == LayerKind::max_pool || kind == LayerKind::avg_pool) count = k + 1;
    if (kind == LayerKind::relu && k > 0 && count == k && layers[k - 1].kind == LayerKind::conv2d) count = k + 1;
  }
  return count;
}

class Engine final : public Network {
 public:
  Engine(const Architecture& architecture, std::size_t capacity, Precision precision)
      : architecture_(architecture), capacity_(capacity), precision_(precision) {
    const std::size_t split = spatial_layers(architecture_);
    if (split > 0) {
      spatial_.emplace(architecture_, split, capacity, precision);
      input_ = AlignedFloats(capacity * architecture_.input().features());
    }
    const std::size_t offset = spatial_ ? spatial_->raw_size() : 0;
    dense_.emplace(architecture_, split, capacity, precision, offset);
    split_ = split;
    const std::size_t raw = offset + dense_->raw_size();
    parameters_ = Updates(1, raw);
    gradient_ = Updates(1, raw);
    if (spatial_) spatial_->bind(raw_parameters(), raw_gradient());
    dense_->bind(raw_parameters(), raw_gradient());
  }

  const Architecture& architecture() const override { return architecture_; }
  Precision precision() const override { return precision_; }
  std::size_t capacity() const override { return capacity_; }

  void load(ConstRows flat) override {
    to_raw(flat, parameters_.rows());
    changed();
  }
  void save(Rows flat) const override { to_flat(parameters_.rows(), flat); }
  Rows parameters() override {
    changed();  // the caller may write through the view
    return parameters_.rows();
  }
  Rows gradient_vector() override { return gradient_.rows(); }

  void to_raw(ConstRows flat, Rows raw) const override {
    check(flat, architecture_.parameters(), "a flat vector");
    check(raw, parameters_.coordinates(), "a raw vector");
    require(raw.element() == Element::float32, "engine: raw vectors are float32");
    float* to = floats(raw);
    each_tensor([&](std::size_t layer, const Tensor& tensor, RawTensor place, bool blocked) {
      std::vector<float> plain;
      const float* from = nullptr;
      if (flat.element() == Element::float32) {
        from = static_cast<const float*>(flat.pointer(0)) + tensor.offset;
      } else {
        const double* values = static_cast<const double*>(flat.pointer(0)) + tensor.offset;
        plain.resize(tensor.size);
        for (std::size_t i = 0; i < tensor.size; ++i) plain[i] = static_cast<float>(values[i]);
        from = plain.data();
      }
      if (blocked) {
        spatial_->weights_to_raw(layer, from, to);
      } else {
        std::copy_n(from, tensor.size, to + place.offset);
        std::fill(to + place.offset + tensor.size, to + place.offset + place.size, 0.0F);
      }
    });
  }
  void to_flat(ConstRows raw, Rows flat) const override {
    check(flat, architecture_.parameters(), "a flat vector");
    check(raw, parameters_.coordinates(), "a raw vector");
    require(raw.element() == Element::float32, "engine: raw vectors are float32");
    const float* from = static_cast<const float*>(raw.pointer(0));
    std::vector<float> plain;
    each_tensor([&](std::size_t layer, const Tensor& tensor, RawTensor place, bool blocked) {
      const float* values = from + place.offset;
      if (blocked) {
        plain.resize(tensor.size);
        spatial_->weights_to_flat(layer, from, plain.data());
        values = plain.data();
      }
      flat.visit([&](auto typed) {
        using T = typename decltype(typed)::value_type;
        T* to = typed[0].data() + tensor.offset;
        for (std::size_t i = 0; i < tensor.size; ++i) to[i] = static_cast<T>(values[i]);
      });
    });
  }

  void put(const data::Dataset& data, std::span<const std::uint32_t> samples) override {
    set_batch(samples.size());
    require(data.shape == architecture_.input(), "{}: the data set {} has another shape", architecture_.name(), data.name);
    if (!spatial_ && dense_->put_pixels(data, samples)) return;
    data::gather(data, samples, {rows_at(), samples.size() * data.shape.features()});
    clear_padding();
  }
  void put(ConstRows inputs) override {
    set_batch(inputs.clients());
    require(inputs.coordinates() == architecture_.input().features(), "{}: inputs have {} features, not {}", architecture_.name(),
            inputs.coordinates(), architecture_.input().features());
    float* to = rows_at();
    inputs.visit([&](auto typed) {
      for (std::size_t i = 0; i < typed.clients(); ++i)
        for (const auto value : typed[i]) *to++ = static_cast<float>(value);
    });
    clear_padding();
  }

  void forward() override { forward_pass(nullptr); }
  BatchLoss gradient(const Wanted& wanted, const Stream& dropout) override { return learn(wanted, dropout, 0.0F); }
  BatchLoss descend(const Wanted& wanted, const Stream& dropout, double rate) override {
    require(rate > 0.0, "descend: the rate must be > 0, got {}", rate);
    const auto step = static_cast<float>(rate);
    const BatchLoss result = learn(wanted, dropout, step);
    if (spatial_) {  // convolutions come first in the raw order
      const std::size_t size = spatial_->raw_size();
      kernels::add_scaled({raw_parameters(), size}, -step, {raw_gradient(), size});
      changed();
    }
    return result;
  }
  void enable_dropout(bool on) override { dropout_ = on; }

  std::vector<double> logits() const override {
    const std::span<const float> values = dense_->logits(batch_);
    return {values.begin(), values.end()};
  }
  std::vector<double> output_of(std::size_t layer) const override {
    require(layer < architecture_.layers().size(), "output_of: there is no layer {}", layer);
    const std::size_t features = architecture_.layers()[layer].out.features();
    std::vector<float> plain(capacity_ * features);
    if (layer < split_)
      spatial_->output_of(layer, plain.data());
    else
      dense_->output_of(layer, batch_, plain.data());
    return {plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(batch_ * features)};
  }
  std::vector<double> input_gradient(std::span<const double> seed) override {
    require(seed.size() == batch_ * architecture_.outputs(), "input_gradient: the seed has {} values, not {}", seed.size(),
            batch_ * architecture_.outputs());
    std::transform(seed.begin(), seed.end(), dense_->logit_gradient(), [](double value) { return static_cast<float>(value); });
    float* features = dense_->backward(batch_, false, 0.0F, true);
    const std::size_t size = batch_ * architecture_.input().features();
    if (!spatial_) return {features, features + size};
    clear_padding_of(features);
    std::vector<float> plain(capacity_ * architecture_.input().features());
    spatial_->backward(features, false, plain.data());
    return {plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size)};
  }

  BatchLoss score(const Wanted& wanted, std::span<std::uint32_t> hits) const override {
    return loss(wanted, dense_->logits(batch_), {}, hits);
  }

 private:
  static void check(ConstRows vector, std::size_t size, const char* what) {
    require(vector.clients() == 1 && vector.coordinates() == size, "network: {} is [1, {}], got [{}, {}]", what, size,
            vector.clients(), vector.coordinates());
  }
  static float* floats(Rows row) { return static_cast<float*>(const_cast<void*>(row.pointer(0))); }
  float* raw_parameters() { return floats(parameters_.rows()); }
  float* raw_gradient() { return floats(gradient_.rows()); }
  void changed() {
    if (spatial_) spatial_->parameters_changed();
  }
  /// Calls use(layer, tensor, raw place, blocked) for every tensor.
  template <class Use>
  void each_tensor(Use use) const {
    std::size_t next = 0;
    const std::vector<Tensor>& tensors = architecture_.layout().tensors;
    for (std::size_t layer = 0; layer < architecture_.layers().size(); ++layer) {
      const Layer& described = architecture_.layers()[layer];
      if (!described.has_parameters()) continue;
      const bool blocked = layer < split_;
      use(layer, tensors[next++], blocked ? spatial_->weights(layer) : dense_->weights(layer), blocked);
      if (described.bias) use(layer, tensors[next++], blocked ? spatial_->bias(layer) : dense_->bias(layer), false);
    }
  }

  void set_batch(std::size_t batch) {
    require(batch > 0 && batch <= capacity_, "network: a batch has 1 to {} samples, got {}", capacity_, batch);
    batch_ = batch;
  }
  float* rows_at() { return spatial_ ? input_.data() : dense_->input(); }
  /// Primitives work on full batches: rows beyond a short one are zero, and so are their logit gradients, which is exact.
  void clear_padding() {
    if (!spatial_ || batch_ == capacity_) return;
    const std::size_t features = architecture_.input().features();
    std::fill(input_.data() + batch_ * features, input_.data() + capacity_ * features, 0.0F);
  }
  void clear_padding_of(float* gradient) const {
    const std::size_t features = architecture_.layers()[split_ - 1].out.features();
    std::fill(gradient + batch_ * features, gradient + capacity_ * features, 0.0F);
  }
  void forward_pass(const Stream* dropout) {
    if (spatial_) spatial_->forward(input_.data(), dense_->input(), dropout);
    dense_->forward(batch_, dropout);
  }
  BatchLoss loss(const Wanted& wanted, std::span<const float> logits, std::span<float> gradient,
                 std::span<std::uint32_t> hits = {}) const {
    const float scale = 1.0F / static_cast<float>(batch_);
    if (architecture_.loss() == Loss::cross_entropy) {
      require(wanted.labels.size() == batch_, "network: {} labels for a batch of {}", wanted.labels.size(), batch_);
      const kernels::LossSums sums =
          kernels::softmax_cross_entropy(logits, wanted.labels, architecture_.outputs(), scale, gradient, hits);
      return {sums.loss, sums.correct};
    }
    require(wanted.targets.size() == logits.size(), "network: {} targets for {} outputs", wanted.targets.size(), logits.size());
    BatchLoss result;
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double error = static_cast<double>(logits[i]) - static_cast<double>(wanted.targets[i]);
      result.loss += 0.5 * error * error;
      if (!gradient.empty()) gradient[i] = static_cast<float>(error) * scale;
    }
    return result;
  }
  BatchLoss learn(const Wanted& wanted, const Stream& dropout, float rate) {
    forward_pass(dropout_ ? &dropout : nullptr);
    const std::span<const float> logits = dense_->logits(batch_);
    const BatchLoss result = loss(wanted, logits, {dense_->logit_gradient(), logits.size()});
    float* features = dense_->backward(batch_, true, rate, spatial_.has_value());
    if (spatial_) {
      clear_padding_of(features);
      spatial_->backward(features, true, nullptr);
    }
    return result;
  }

  Architecture architecture_;
  std::size_t capacity_;
  Precision precision_;
  std::size_t batch_ = 0, split_ = 0;
  bool dropout_ = true;
  std::optional<Spatial> spatial_;
  std::optional<Dense> dense_;
  AlignedFloats input_;
  Updates parameters_, gradient_;  // [1, raw]
};

}  // namespace

std::unique_ptr<Network> make_engine(const Architecture& architecture, std::size_t capacity, Precision precision) {
  require(precision != Precision::float64, "engine: float64 is the reference's");
  require(!architecture.has_batch_norm(), "{}: batch_norm is evaluated folded, and cannot be trained yet", architecture.name());
  require(available(precision), "precision bf16 needs AVX512_BF16, which this CPU lacks; use float32");
  return std::make_unique<Engine>(architecture, capacity, precision);
}

}  // namespace tocsin::nn
