// SPDX-License-Identifier: Apache-2.0
// The input itself, the gradient of the neuron's logit with respect to it, and their product.
// Simonyan, Vedaldi, Zisserman, Deep Inside Convolutional Networks, ICLR workshop 2014; arXiv:1312.6034. Shrikumar et al., Not Just
// a Black Box, 2016; arXiv:1605.01713 (input x gradient).
#include <cmath>

#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
enum class Form { plain, absolute, square };

class Input final : public Method {
 public:
  std::vector<double> maps(Scene& scene) const override { return {scene.chunk().inputs.begin(), scene.chunk().inputs.end()}; }
  double passes() const override { return 0; }
};

class Gradient final : public Method {
 public:
  explicit Gradient(Form form) : form_(form) {}
  std::vector<double> maps(Scene& scene) const override {
    std::vector<double> map = scene.walk({}, std::vector<double>(scene.size(), 1.0));
    if (form_ == Form::plain) return map;
    for (double& value : map) value = form_ == Form::square ? value * value : std::abs(value);
    return map;
  }

 private:
  Form form_;
};

class InputXGradient final : public Method {
 public:
  std::vector<double> maps(Scene& scene) const override {
    std::vector<double> map = scene.walk({}, std::vector<double>(scene.size(), 1.0));
    for (std::size_t i = 0; i < map.size(); ++i) map[i] *= scene.chunk().inputs[i];
    return map;
  }
};
}  // namespace

constinit const Entry<Method> input_entry{
    .name = "input",
    .summary = "the input itself",
    .paper = "",
    .status = Status::verified,
    .facts = {.paint = kPositiveGray},
    .make = [](Options&) -> std::unique_ptr<Method> { return std::make_unique<Input>(); },
};

constinit const Entry<Method> gradient_entry{
    .name = "gradient",
    .summary = "d f_c / dx, the gradient of the neuron's logit",
    .paper = "arXiv:1312.6034",
    .status = Status::verified,
    .facts = {.paint = kMagnitudeGray},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const std::string form = options.word(
          "form",
          {.fallback = "signed", .words = {"signed", "abs", "square"}, .help = "the gradient, its magnitude or its square"});
      return std::make_unique<Gradient>(form == "abs" ? Form::absolute : form == "square" ? Form::square : Form::plain);
    },
};

constinit const Entry<Method> input_x_gradient_entry{
    .name = "input_x_gradient",
    .summary = "x times the gradient; LRP-0 on every ReLU network",
    .paper = "arXiv:1605.01713",
    .status = Status::verified,
    .facts = {.conserves = true},
    .make = [](Options&) -> std::unique_ptr<Method> { return std::make_unique<InputXGradient>(); },
};

}  // namespace tocsin::explain
