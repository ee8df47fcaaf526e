// SPDX-License-Identifier: Apache-2.0
// The plain walk: every output of a layer with the inputs it meets, one after the other, in double. What the engine is compared
// with.
#include <algorithm>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/walker.h"
#include "tocsin/nn/reference.h"

namespace tocsin::explain::detail {
namespace {
using nn::Layer;
using nn::LayerKind;

/// One input that an output unit meets.
struct Connection {
  std::size_t input;
  double weight;
};
/// An output unit with everything that enters it.
struct Unit {
  std::vector<Connection> fan_in;
  double bias = 0;
};

/// The unit `output` (of [out]) of an affine layer; inputs count within a sample. Padding cells are no inputs.
Unit unit_of(const Layer& layer, std::span<const double> parameters, std::size_t output) {
  Unit unit;
  const std::size_t cells = layer.out.height * layer.out.width, channel = output / cells;
  if (layer.kind == LayerKind::batch_norm) {
    const nn::reference::ChannelLine line = nn::reference::batch_norm_line(layer, parameters, channel);
    unit.fan_in.push_back({output, line.slope});
    unit.bias = line.offset;
    return unit;
  }
  if (layer.bias) unit.bias = parameters[layer.bias_offset + channel];
  if (layer.kind == LayerKind::dense) {
    const std::size_t inputs = layer.in.features();
    for (std::size_t j = 0; j < inputs; ++j) unit.fan_in.push_back({j, parameters[layer.weight_offset + output * inputs + j]});
    return unit;
  }
  const std::size_t oy = output % cells / layer.out.width, ox = output % layer.out.width, k = layer.kernel;
  for (std::size_t c = 0; c < layer.in.channels; ++c)
    for (std::size_t ky = 0; ky < k; ++ky)
      for (std::size_t kx = 0; kx < k; ++kx) {
        const std::size_t y = oy * layer.stride + ky, x = ox * layer.stride + kx;
        if (y < layer.padding || x < layer.padding) continue;
        if (y - layer.padding >= layer.in.height || x - layer.padding >= layer.in.width) continue;
        unit.fan_in.push_back({(c * layer.in.height + y - layer.padding) * layer.in.width + x - layer.padding,
                               parameters[layer.weight_offset + ((channel * layer.in.channels + c) * k + ky) * k + kx]});
      }
  return unit;
}

double stabilised(double z, const Redistribution& rule) {
  const double moved = z + (z < 0.0 ? -rule.epsilon : rule.epsilon);
  return moved == 0.0 ? rule.at_zero : moved;
}

/// R [batch, in] from R [batch, out] through an affine layer, by the definition.
std::vector<double> redistribute(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                                 std::span<const double> relevance, std::size_t batch, const Redistribution& rule) {
  const std::size_t inputs = layer.in.features(), outputs = layer.out.features();
  std::vector<double> result(batch * inputs, 0.0);
  for (std::size_t k = 0; k < outputs; ++k) {
    const Unit unit = unit_of(layer, parameters, k);
    for (std::size_t b = 0; b < batch; ++b) {
      const double arriving = relevance[b * outputs + k];
      for (const Branch& branch : rule.branches) {
        double z = 0.0;
        for (const Term& term : branch.terms) {
          for (const Connection& c : unit.fan_in)
            z += part(term.w, c.weight, rule.gamma) * part(term.x, input[b * inputs + c.input], rule);
          z += part(term.b, unit.bias, rule.gamma);
        }
        const double share = branch.coefficient * arriving / stabilised(z, rule);
        for (const Term& term : branch.terms)
          for (const Connection& c : unit.fan_in)
            result[b * inputs + c.input] +=
                part(term.x, input[b * inputs + c.input], rule) * part(term.w, c.weight, rule.gamma) * share;
      }
    }
  }
  return result;
}

/// An average pool that gives by share: R_j = a_j / S(sum of a in the window) R.
std::vector<double> share_out(const Layer& layer, std::span<const double> input, std::span<const double> relevance,
                              std::size_t batch) {
  std::vector<double> result(input.size(), 0.0);
  const nn::Shape in = layer.in, out = layer.out;
  for (std::size_t plane = 0; plane < batch * in.channels; ++plane)
    for (std::size_t oy = 0; oy < out.height; ++oy)
      for (std::size_t ox = 0; ox < out.width; ++ox) {
        std::vector<std::size_t> window;
        double sum = 0.0;
        for (std::size_t ky = 0; ky < layer.kernel; ++ky)
          for (std::size_t kx = 0; kx < layer.kernel; ++kx) {
            window.push_back((plane * in.height + oy * layer.stride + ky) * in.width + ox * layer.stride + kx);
            sum += input[window.back()];
          }
        const double share = relevance[(plane * out.height + oy) * out.width + ox] / (sum == 0.0 ? 1.0 : sum);
        for (const std::size_t j : window) result[j] += input[j] * share;
      }
  return result;
}

class ReferenceWalker final : public Walker {
 public:
  ReferenceWalker(const nn::Architecture& architecture, std::size_t capacity) : architecture_(architecture), capacity_(capacity) {}

  [[nodiscard]] const nn::Architecture& architecture() const override { return architecture_; }
  [[nodiscard]] std::size_t capacity() const override { return capacity_; }
  [[nodiscard]] Element element() const override { return Element::float64; }

  void load(ConstRows flat) override {
    require(flat.clients() == 1 && flat.coordinates() == architecture_.parameters(), "walker: needs [1, {}], got [{}, {}]",
            architecture_.parameters(), flat.clients(), flat.coordinates());
    parameters_ = flat.row(0);
    outputs_.clear();
  }
  void forward(std::span<const double> inputs, std::size_t batch) override {
    require(batch >= 1 && batch <= capacity_, "walker: a batch has 1 to {} inputs, got {}", capacity_, batch);
    batch_ = batch;
    outputs_.assign(1, std::vector<double>(inputs.begin(), inputs.end()));
    for (const Layer& layer : architecture_.layers())
      outputs_.push_back(nn::reference::forward(layer, parameters_, outputs_.back(), batch, {}));
  }
  [[nodiscard]] std::size_t batch() const override { return batch_; }
  [[nodiscard]] std::vector<double> logits() override { return outputs_.back(); }
  [[nodiscard]] std::vector<double> output_of(std::size_t layer) override {
    const bool rectified = layer + 1 < architecture_.layers().size() && architecture_.layers()[layer + 1].kind == LayerKind::relu &&
                           architecture_.layers()[layer].has_parameters();
    return outputs_[layer + (rectified ? 2 : 1)];
  }

  std::vector<double> back(const WalkPlan& plan, std::span<const double> at_logits, std::size_t to) override {
    std::vector<double> relevance(at_logits.begin(), at_logits.end());
    for (std::size_t k = architecture_.layers().size(); k-- > to;) relevance = step(plan, k, std::move(relevance));
    return relevance;
  }

 private:
  std::vector<double> step(const WalkPlan& plan, std::size_t k, std::vector<double> relevance) const {
    const Layer& layer = architecture_.layers()[k];
    const std::vector<double>& input = outputs_[k];
    if (layer.kind == LayerKind::relu) return pass_gate(plan.gate, input, std::move(relevance));
    const Redistribution* rule = plan.rule(k);
    if (rule != nullptr) return redistribute(layer, parameters_, input, relevance, batch_, *rule);
    if (layer.kind == LayerKind::avg_pool && plan.shares_averages) return share_out(layer, input, relevance, batch_);
    return nn::reference::backward(layer, parameters_, input, relevance, batch_, {}, {});
  }
  static std::vector<double> pass_gate(Gate gate, const std::vector<double>& input, std::vector<double> relevance) {
    if (gate == Gate::open) return relevance;
    for (std::size_t i = 0; i < relevance.size(); ++i) {
      if (gate != Gate::derivative) relevance[i] = std::max(relevance[i], 0.0);
      if (gate != Gate::rectify && !(input[i] > 0.0)) relevance[i] = 0.0;
    }
    return relevance;
  }

  nn::Architecture architecture_;
  std::size_t capacity_, batch_ = 0;
  std::vector<double> parameters_;
  std::vector<std::vector<double>> outputs_;  ///< the batch, then the output of each layer
};
}  // namespace

std::unique_ptr<Walker> make_reference_walker(const nn::Architecture& architecture, std::size_t capacity) {
  return std::make_unique<ReferenceWalker>(architecture, capacity);
}

}  // namespace tocsin::explain::detail
