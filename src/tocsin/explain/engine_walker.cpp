// SPDX-License-Identifier: Apache-2.0
// The walk on the training engine. Values stay in the engine's layouts from end to end; changed weights (gamma, signs, squares) are
// laid out once a model, when a rule first needs them. LRP-0 and LRP-epsilon need no forward of their own: behind a ReLU, relevance
// is 0 wherever the unit is off, so the stored activation is all of z they read.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/walker.h"
#include "tocsin/kernels/elementwise.h"
#include "tocsin/nn/dense.h"
#include "tocsin/nn/layer_engine.h"

namespace tocsin::explain::detail {
namespace {
using nn::AlignedFloats;
using nn::Layer;
using nn::LayerKind;

/// Weights that differ in layer, part, bias or gamma are laid out apart.
using WeightKey = std::tuple<std::size_t, Weights, Bias, double>;

class EngineWalker final : public Walker {
 public:
  EngineWalker(const nn::Architecture& architecture, std::size_t capacity)
      : architecture_(architecture), capacity_(capacity), engine_(architecture_, capacity), layers_(architecture_.layers()) {
    nn::prepare_thread();
    std::size_t most = 0, plain = 0;
    values_.resize(layers_.size() + 1);
    for (std::size_t v = 0; v <= layers_.size(); ++v) {
      most = std::max(most, engine_.floats(v));
      plain = std::max(plain, capacity * (v == 0 ? architecture_.input() : layers_[v - 1].out).features());
      if (own_value(v)) values_[v] = AlignedFloats(engine_.floats(v));
    }
    for (AlignedFloats* buffer : {&relevance_, &next_, &ratio_, &pulled_, &chosen_}) *buffer = AlignedFloats(most);
    plain_ = AlignedFloats(plain);
  }

  [[nodiscard]] const nn::Architecture& architecture() const override { return architecture_; }
  [[nodiscard]] std::size_t capacity() const override { return capacity_; }
  [[nodiscard]] Element element() const override { return Element::float32; }
  [[nodiscard]] std::size_t batch() const override { return batch_; }

  void load(ConstRows flat) override {
    require(flat.clients() == 1 && flat.coordinates() == architecture_.parameters(), "walker: needs [1, {}], got [{}, {}]",
            architecture_.parameters(), flat.clients(), flat.coordinates());
    parameters_ = flat.row(0);
    for (auto& [key, set] : sets_) set.stale = true;
    batch_ = 0;
  }

  void forward(std::span<const double> inputs, std::size_t batch) override {
    require(batch >= 1 && batch <= capacity_, "walker: a batch has 1 to {} inputs, got {}", capacity_, batch);
    batch_ = batch;
    enter(0, inputs, values_[0].data());
    for (std::size_t k = 0; k < layers_.size(); ++k) {
      if (!own_value(k + 1)) continue;  // a ReLU or dropout that the layer before has done
      float* to = values_[k + 1].data();
      if (layers_[k].has_parameters()) {
        engine_.push(plain_weights(k), value(k), to, has_relu_behind(k));
      } else if (layers_[k].kind == LayerKind::relu) {
        std::copy_n(value(k), engine_.floats(k), to);
        kernels::relu({to, engine_.floats(k)});
      } else {
        engine_.pass(k, value(k), to);
      }
    }
  }
  [[nodiscard]] std::vector<double> logits() override { return leave(layers_.size(), value(layers_.size())); }
  [[nodiscard]] std::vector<double> output_of(std::size_t layer) override { return leave(layer + 1, value(layer + 1)); }

  std::vector<double> back(const WalkPlan& plan, std::span<const double> at_logits, std::size_t to) override {
    require(batch_ > 0, "walker: walk forward before walking back");
    enter(layers_.size(), at_logits, relevance_.data());
    for (std::size_t k = layers_.size(); k-- > to;) step(plan, k);
    return leave(to, relevance_.data());
  }

 private:
  struct Set {
    std::size_t weights = 0;
    bool stale = true;
  };

  [[nodiscard]] bool has_relu_behind(std::size_t k) const {
    return layers_[k].has_parameters() && k + 1 < layers_.size() && layers_[k + 1].kind == LayerKind::relu;
  }
  /// Value v is held; else it is the one before.
  [[nodiscard]] bool own_value(std::size_t v) const {
    if (v == 0) return true;
    if (layers_[v - 1].kind == LayerKind::dropout) return false;
    return !(layers_[v - 1].kind == LayerKind::relu && v >= 2 && has_relu_behind(v - 2));
  }
  [[nodiscard]] const float* value(std::size_t v) const {
    while (!own_value(v)) --v;
    return values_[v].data();
  }
  [[nodiscard]] std::size_t features(std::size_t v) const {
    return (v == 0 ? architecture_.input() : layers_[v - 1].out).features();
  }

  /// Rows beyond the batch are zero: they stay so on the way back.
  void enter(std::size_t v, std::span<const double> rows, float* to) {
    const std::size_t size = batch_ * features(v);
    require(rows.size() == size, "walker: needs {} x {} numbers, got {}", batch_, features(v), rows.size());
    float* plain = plain_.data();
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<float>(rows[i]);
    std::fill(plain + size, plain + capacity_ * features(v), 0.0F);
    engine_.enter(v, plain, to);
  }
  [[nodiscard]] std::vector<double> leave(std::size_t v, const float* from) {
    engine_.leave(v, from, plain_.data());
    return {plain_.data(), plain_.data() + batch_ * features(v)};
  }

  [[nodiscard]] std::size_t plain_weights(std::size_t layer) { return weights(layer, Weights::all, Bias::all, 0.0); }
  [[nodiscard]] std::size_t weights(std::size_t layer, Weights w, Bias b, double gamma) {
    const bool uses_gamma = w == Weights::raised || b == Bias::raised;
    auto [at, is_new] = sets_.try_emplace(WeightKey{layer, w, b, uses_gamma ? gamma : 0.0});
    Set& set = at->second;
    if (is_new) set.weights = engine_.add(layer);
    if (set.stale) {
      const Layer& described = layers_[layer];
      const std::size_t size = described.bias_offset - described.weight_offset;
      std::vector<float> values(size), bias;
      for (std::size_t i = 0; i < size; ++i)
        values[i] = static_cast<float>(part(w, parameters_[described.weight_offset + i], gamma));
      if (described.bias)
        for (std::size_t i = 0; i < described.out.channels; ++i)
          bias.push_back(static_cast<float>(part(b, parameters_[described.bias_offset + i], gamma)));
      engine_.set(set.weights, values, bias);
      set.stale = false;
    }
    return set.weights;
  }

  void step(const WalkPlan& plan, std::size_t k) {
    const Layer& layer = layers_[k];
    switch (layer.kind) {
      case LayerKind::dropout:
        return;
      case LayerKind::relu:
        return pass_gate(plan.gate, k);
      case LayerKind::avg_pool:
        if (plan.shares_averages) return share_out(k);
        [[fallthrough]];
      case LayerKind::max_pool:
      case LayerKind::flatten:
        engine_.pass_back(k, relevance_.data(), next_.data());
        break;
      default:
        if (const Redistribution* rule = plan.rule(k)) return redistribute(*rule, k);
        engine_.pull(plain_weights(k), relevance_.data(), next_.data());
    }
    std::swap(relevance_, next_);
  }
  void pass_gate(Gate gate, std::size_t k) {
    const std::span<float> relevance = relevance_.first(engine_.floats(k + 1));
    if (gate == Gate::rectify || gate == Gate::guided) kernels::relu(relevance);
    if (gate == Gate::derivative || gate == Gate::guided) kernels::relu_gate(relevance, {value(k + 1), relevance.size()});
  }
  /// R_j = a_j / S(m average) R for windows of m cells: the even parts are R / (m average) each.
  void share_out(std::size_t k) {
    const std::span<float> relevance = relevance_.first(engine_.floats(k + 1));
    kernels::divide_stabilised(relevance, {value(k + 1), relevance.size()}, 0.0F, 1.0F);
    engine_.pass_back(k, relevance.data(), next_.data());
    kernels::multiply(next_.first(engine_.floats(k)), {value(k), engine_.floats(k)});
    std::swap(relevance_, next_);
  }

  /// Whether z of this branch is the layer's own output, which is there already.
  static bool is_own_output(const Branch& branch, bool has_bias) {
    if (branch.terms.size() != 1) return false;
    const Term& term = branch.terms.front();
    return term.x == Inputs::all && term.w == Weights::all && (term.b == Bias::all || !has_bias);
  }
  /// The part of value k that a term reads; null where it is zero everywhere.
  const float* inputs_of(const Term& term, std::size_t k, const Redistribution& rule) {
    const float* all = value(k);
    const std::size_t size = engine_.floats(k);
    if (term.x == Inputs::all) return all;
    const bool nonnegative = std::all_of(all, all + size, [](float x) { return !(x < 0.0F); });
    if (term.x == Inputs::positive && nonnegative) return all;
    if (term.x == Inputs::negative && nonnegative) return nullptr;
    if ((term.x == Inputs::low && rule.low == 0.0) || (term.x == Inputs::high && rule.high == 0.0)) return nullptr;
    if (term.x == Inputs::positive || term.x == Inputs::negative) {
      std::transform(all, all + size, chosen_.data(), [&](float x) { return static_cast<float>(part(term.x, x, rule)); });
      return chosen_.data();
    }
    // A constant, in real cells alone: padded channels stay zero.
    std::fill_n(plain_.data(), capacity_ * features(k), static_cast<float>(part(term.x, 0.0, rule)));
    engine_.enter(k, plain_.data(), chosen_.data());
    return chosen_.data();
  }

  void redistribute(const Redistribution& rule, std::size_t k) {
    const std::size_t in = engine_.floats(k), out = engine_.floats(k + 1);
    std::fill_n(next_.data(), in, 0.0F);
    for (const Branch& branch : rule.branches) {
      std::copy_n(relevance_.data(), out, ratio_.data());
      kernels::divide_stabilised(ratio_.first(out), {denominator(rule, branch, k), out}, static_cast<float>(rule.epsilon),
                                 static_cast<float>(rule.at_zero));
      for (const Term& term : branch.terms) {
        const float* x = inputs_of(term, k, rule);
        if (x == nullptr) continue;
        engine_.pull(weights(k, term.w, term.b, rule.gamma), ratio_.data(), pulled_.data());
        kernels::multiply(pulled_.first(in), {x, in});
        kernels::add_scaled(next_.first(in), static_cast<float>(branch.coefficient), {pulled_.data(), in});
      }
    }
    std::swap(relevance_, next_);
  }
  /// z of a branch, in value k + 1. A bias counts even where a term's inputs are all zero.
  const float* denominator(const Redistribution& rule, const Branch& branch, std::size_t k) {
    if (is_own_output(branch, layers_[k].bias)) return value(k + 1);
    const std::size_t out = engine_.floats(k + 1);
    bool is_first = true;
    for (const Term& term : branch.terms) {
      const float* x = inputs_of(term, k, rule);
      if (x == nullptr && (term.b == Bias::none || !layers_[k].bias)) continue;
      if (x == nullptr) {
        std::fill_n(chosen_.data(), engine_.floats(k), 0.0F);
        x = chosen_.data();
      }
      engine_.push(weights(k, term.w, term.b, rule.gamma), x, is_first ? z_at(k).data() : pulled_.data(), false);
      if (!is_first) kernels::add_scaled(z_at(k).first(out), 1.0F, {pulled_.data(), out});
      is_first = false;
    }
    if (is_first) std::fill_n(z_at(k).data(), out, 0.0F);
    return z_at(k).data();
  }
  AlignedFloats& z_at(std::size_t k) {
    if (z_.size() < engine_.floats(k + 1)) z_ = AlignedFloats(engine_.floats(k + 1));
    return z_;
  }

  nn::Architecture architecture_;
  std::size_t capacity_, batch_ = 0;
  nn::LayerEngine engine_;
  const std::vector<Layer>& layers_;
  std::vector<double> parameters_;
  std::map<WeightKey, Set> sets_;
  std::vector<AlignedFloats> values_;                             ///< those held
  AlignedFloats relevance_, next_, ratio_, pulled_, chosen_, z_;  ///< of the largest value
  AlignedFloats plain_;
};
}  // namespace

std::unique_ptr<Walker> make_engine_walker(const nn::Architecture& architecture, std::size_t capacity) {
  return std::make_unique<EngineWalker>(architecture, capacity);
}

}  // namespace tocsin::explain::detail
