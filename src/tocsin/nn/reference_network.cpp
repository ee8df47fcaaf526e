// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/reference_network.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/nn/dropout.h"
#include "tocsin/nn/reference.h"

namespace tocsin::nn {
namespace {
/// Batch, activations and masks are plain vectors, made anew by every pass: this class is for answers, not for speed.
class ReferenceNetwork final : public Network {
 public:
  ReferenceNetwork(const Architecture& architecture, std::size_t capacity)
      : architecture_(architecture),
        capacity_(capacity),
        parameters_(1, architecture.parameters(), Element::float64),
        gradient_(1, architecture.parameters(), Element::float64),
        masks_(architecture.layers().size()) {
    require(capacity >= 1, "a network needs room for at least one sample");
  }

  [[nodiscard]] const Architecture& architecture() const override { return architecture_; }
  [[nodiscard]] Precision precision() const override { return Precision::float64; }
  [[nodiscard]] std::size_t capacity() const override { return capacity_; }

  void load(ConstRows flat) override { copy(flat, parameters_.rows()); }
  void save(Rows flat) const override { copy(parameters_.rows(), flat); }
  Rows parameters() override { return parameters_.rows(); }
  Rows gradient_vector() override { return gradient_.rows(); }
  void to_raw(ConstRows flat, Rows raw) const override { copy(flat, raw); }
  void to_flat(ConstRows raw, Rows flat) const override { copy(raw, flat); }

  void put(const data::Dataset& data, std::span<const std::uint32_t> samples) override {
    require(data.shape == architecture_.input(), "network '{}': the shape of its input is not that of the data '{}'",
            architecture_.name(), data.name);
    start_batch(samples.size());
    data::gather(data, samples, std::span<double>(outputs_.front()));
  }
  void put(ConstRows inputs) override {
    require(inputs.coordinates() == architecture_.input().features(), "network '{}': needs {} features a sample, got {}",
            architecture_.name(), architecture_.input().features(), inputs.coordinates());
    start_batch(inputs.clients());
    auto to = outputs_.front().begin();
    inputs.visit([&](auto rows) {
      for (std::size_t b = 0; b < rows.clients(); ++b)
        for (const auto value : rows[b]) *to++ = static_cast<double>(value);
    });
  }

  void forward() override {
    for (std::vector<double>& mask : masks_) mask.clear();
    run();
  }
  BatchLoss gradient(const Wanted& wanted, const Stream& dropout) override {
    draw_masks(dropout);
    run();
    std::vector<double> logit_gradient(outputs_.back().size());
    const BatchLoss result =
        reference::loss(architecture_.loss(), outputs_.back(), wanted, batch_, architecture_.outputs(), logit_gradient);
    const std::span<double> gradient = vector(gradient_);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    run_back(std::move(logit_gradient), gradient);
    return result;
  }
  BatchLoss descend(const Wanted& wanted, const Stream& dropout, double rate) override {
    const BatchLoss result = gradient(wanted, dropout);
    const std::span<double> parameters = vector(parameters_), gradient = vector(gradient_);
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] -= rate * gradient[i];
    return result;
  }
  void enable_dropout(bool on) override { dropout_on_ = on; }

  [[nodiscard]] std::vector<double> logits() const override {
    check_ran();
    return outputs_.back();
  }
  [[nodiscard]] std::vector<double> output_of(std::size_t layer) const override {
    check_ran();
    require(layer < architecture_.layers().size(), "network '{}' has layers 0 to {}, got {}", architecture_.name(),
            architecture_.layers().size() - 1, layer);
    return outputs_[layer + 1];
  }
  std::vector<double> input_gradient(std::span<const double> seed) override {
    check_ran();
    require(seed.size() == outputs_.back().size(), "network '{}': needs a seed of {} x {}, got {} elements", architecture_.name(),
            batch_, architecture_.outputs(), seed.size());
    for (const std::vector<double>& mask : masks_)
      require(mask.empty(), "network '{}': the gradient of the input needs a `forward` first", architecture_.name());
    return run_back(std::vector<double>(seed.begin(), seed.end()), {});
  }
  [[nodiscard]] BatchLoss score(const Wanted& wanted, std::span<std::uint32_t> hits) const override {
    check_ran();
    return reference::loss(architecture_.loss(), outputs_.back(), wanted, batch_, architecture_.outputs(), {}, hits);
  }

 private:
  static std::span<double> vector(Updates& updates) {
    return {static_cast<double*>(const_cast<void*>(updates.rows().pointer(0))), updates.coordinates()};
  }

  void copy(ConstRows from, Rows to) const {
    const std::size_t d = architecture_.parameters();
    require(from.clients() == 1 && from.coordinates() == d && to.clients() == 1 && to.coordinates() == d,
            "network '{}' has {} parameters, got [{}, {}] and [{}, {}]", architecture_.name(), d, from.clients(),
            from.coordinates(), to.clients(), to.coordinates());
    to.assign(0, from, 0);
  }

  void start_batch(std::size_t batch) {
    require(batch >= 1 && batch <= capacity_, "network '{}' takes 1 to {} samples, got {}", architecture_.name(), capacity_, batch);
    batch_ = batch;
    outputs_.assign(1, std::vector<double>(batch * architecture_.input().features()));
  }

  void check_ran() const {
    require(outputs_.size() == architecture_.layers().size() + 1, "network '{}': run `forward` or `gradient` first",
            architecture_.name());
  }

  /// A mask for each dropout layer that drops; none with dropout off.
  void draw_masks(const Stream& dropout) {
    for (std::size_t k = 0; k < masks_.size(); ++k) {
      masks_[k].clear();
      const Layer& layer = architecture_.layers()[k];
      if (layer.kind != LayerKind::dropout || layer.rate == 0.0 || !dropout_on_) continue;
      std::vector<float> mask(batch_ * layer.in.features());
      dropout_mask(dropout, k, layer.rate, mask);
      masks_[k].assign(mask.begin(), mask.end());
    }
  }

  /// outputs_[k + 1] is what layer k makes of outputs_[k].
  void run() {
    require(!outputs_.empty(), "network '{}': put a batch first", architecture_.name());
    outputs_.resize(1);
    const std::span<const double> parameters = vector(parameters_);
    for (std::size_t k = 0; k < architecture_.layers().size(); ++k)
      outputs_.push_back(reference::forward(architecture_.layers()[k], parameters, outputs_[k], batch_, masks_[k]));
  }

  /// Gradient of the input, from that of the logits; adds to `gradient` [d] unless it is empty.
  std::vector<double> run_back(std::vector<double> at_output, std::span<double> gradient) {
    const std::span<const double> parameters = vector(parameters_);
    for (std::size_t k = architecture_.layers().size(); k-- > 0;)
      at_output = reference::backward(architecture_.layers()[k], parameters, outputs_[k], at_output, batch_, masks_[k], gradient);
    return at_output;
  }

  Architecture architecture_;
  std::size_t capacity_;
  Updates parameters_, gradient_;
  bool dropout_on_ = true;
  std::size_t batch_ = 0;
  std::vector<std::vector<double>> outputs_;  ///< the batch, then the output of each layer
  std::vector<std::vector<double>> masks_;    ///< of each layer; empty: evaluation, or no dropout
};
}  // namespace

std::unique_ptr<Network> make_reference_network(const Architecture& architecture, std::size_t capacity) {
  return std::make_unique<ReferenceNetwork>(architecture, capacity);
}

}  // namespace tocsin::nn
