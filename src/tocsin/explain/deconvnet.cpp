// SPDX-License-Identifier: Apache-2.0
// DeconvNet and Guided Backprop: the gradient's walk with another gate at each ReLU. max(R, 0) acts after unpooling, since it does
// not commute with summing overlapping windows. Zeiler, Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014;
// arXiv:1311.2901. Springenberg et al., Striving for Simplicity, ICLR workshop 2015; arXiv:1412.6806.
#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
class GatedGradient final : public Method {
 public:
  GatedGradient(Gate gate, bool seeds_logit) : gate_(gate), seeds_logit_(seeds_logit) {}
  std::vector<double> maps(Scene& scene) const override {
    return scene.walk({.gate = gate_}, seeds_logit_ ? scene.logits() : std::vector<double>(scene.size(), 1.0));
  }

 private:
  Gate gate_;
  bool seeds_logit_;
};

std::unique_ptr<Method> make(Options& options, Gate gate) {
  const std::string seed = options.word(
      "seed",
      {.fallback = "one", .words = {"one", "logit"}, .help = "what starts at the neuron; a negative logit flips the map's sign"});
  return std::make_unique<GatedGradient>(gate, seed == "logit");
}
}  // namespace

constinit const Entry<Method> deconvnet_entry{
    .name = "deconvnet",
    .summary = "the gradient's walk with max(R, 0) at each ReLU and no forward mask",
    .paper = "arXiv:1311.2901",
    .status = Status::verified,
    .facts = {.paint = kSignedGray, .depends_on_input = false},
    .make = [](Options& options) -> std::unique_ptr<Method> { return make(options, Gate::rectify); },
};

constinit const Entry<Method> guided_backprop_entry{
    .name = "guided_backprop",
    .summary = "the gradient's walk with max(R, 0) at each ReLU that is on",
    .paper = "arXiv:1412.6806",
    .status = Status::verified,
    .facts = {.paint = kSignedGray},
    .make = [](Options& options) -> std::unique_ptr<Method> { return make(options, Gate::guided); },
};

}  // namespace tocsin::explain
