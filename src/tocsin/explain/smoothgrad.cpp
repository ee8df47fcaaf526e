// SPDX-License-Identifier: Apache-2.0
// SmoothGrad, its squared form and VarGrad: moments of the gradient over noisy copies of the input.
// Smilkov et al., SmoothGrad: removing noise by adding noise, 2017; arXiv:1706.03825. Hooker et al., A Benchmark for
// Interpretability Methods, NeurIPS 2019; arXiv:1806.10758 (squared). Adebayo et al., Local Explanation Methods, 2018;
// arXiv:1810.03307 (VarGrad). Noise is not clipped. One pass over the copies serves all three.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
struct SmoothOptions {
  std::size_t draws = 64;
  double sigma = 0.15;             ///< of the noise
  bool absolute = false;           ///< sigma in units of the input, not of its range max x - min x
  bool own_neuron = false;         ///< each copy explains its own arg max
  bool independent_noise = false;  ///< keyed by the run as well
};

enum class Moment { mean, mean_square, variance };

class SmoothGrad final : public Method {
 public:
  SmoothGrad(const SmoothOptions& options, Moment moment) : options_(options), moment_(moment) {}

  std::vector<double> maps(Scene& scene) const override {
    const std::string key = fmt::format("{} {} {} {} {}", options_.draws, options_.sigma, options_.absolute, options_.own_neuron,
                                        options_.independent_noise);
    auto [found, is_new] = scene.moments().try_emplace(key);
    if (is_new) found->second = measure(scene);
    switch (moment_) {
      case Moment::mean:
        return found->second.mean;
      case Moment::mean_square:
        return found->second.mean_square;
      case Moment::variance:
        return found->second.variance;
    }
    return {};
  }
  double passes() const override { return static_cast<double>(options_.draws); }

 private:
  /// Mean, mean square and population variance in one sweep by Welford's recurrence: as exact as two passes, and never below 0.
  NoiseMoments measure(Scene& scene) const {
    const std::size_t width = scene.features(), n = scene.size();
    NoiseMoments moments;
    for (std::vector<double>* sum : {&moments.mean, &moments.mean_square, &moments.variance}) sum->assign(n * width, 0.0);
    const Stream& noise = options_.independent_noise ? scene.noise().own : scene.noise().common;
    const auto fill = [&](std::size_t image, std::size_t draw, std::span<double> input) {
      const std::span<const double> x = scene.input(image);
      const auto [low, high] = std::minmax_element(x.begin(), x.end());
      const double sigma = options_.absolute ? options_.sigma : options_.sigma * (*high - *low);
      Draws draws(noise.at(scene.chunk().images[image]).at(draw));
      for (std::size_t i = 0; i < width; ++i) input[i] = x[i] + sigma * draws.normal();
    };
    scene.gradients(options_.draws, options_.own_neuron, fill,
                    [&](std::size_t image, std::size_t draw, std::span<const double> gradient) {
                      const double count = static_cast<double>(draw + 1);
                      for (std::size_t i = 0; i < width; ++i) {
                        const std::size_t at = image * width + i;
                        const double g = gradient[i], off = g - moments.mean[at];
                        moments.mean[at] += off / count;
                        moments.variance[at] += off * (g - moments.mean[at]);
                        moments.mean_square[at] += (g * g - moments.mean_square[at]) / count;
                      }
                    });
    for (double& sum : moments.variance) sum /= static_cast<double>(options_.draws);
    return moments;
  }

  SmoothOptions options_;
  Moment moment_;
};

std::unique_ptr<Method> make(Options& options, Moment moment) {
  SmoothOptions read;
  read.draws =
      options.count("draws", {.fallback = read.draws, .at_least = 1, .at_most = 1000000, .help = "noisy copies of an input"});
  read.sigma = options.number("sigma", {.fallback = read.sigma, .at_least = 0.0, .help = "standard deviation of the noise"});
  read.absolute = options.word("unit", {.fallback = "range",
                                        .words = {"range", "absolute"},
                                        .help = "sigma as a share of max x - min x of the input, or as it is"}) == "absolute";
  read.own_neuron = options.word("sample_neuron", {.fallback = "clean",
                                                   .words = {"clean", "own"},
                                                   .help = "each copy explains the neuron chosen on the clean input, or its own "
                                                           "arg max"}) == "own";
  read.independent_noise = options.word("noise", {.fallback = "common",
                                                  .words = {"common", "independent"},
                                                  .help = "all models see the same noise, or each its own"}) == "independent";
  return std::make_unique<SmoothGrad>(read, moment);
}
}  // namespace

constinit const Entry<Method> smoothgrad_entry{
    .name = "smoothgrad",
    .summary = "mean gradient over noisy copies of the input",
    .paper = "arXiv:1706.03825",
    .status = Status::verified,
    .facts = {.paint = kMagnitudeGray, .draws_noise = true},
    .make = [](Options& options) -> std::unique_ptr<Method> { return make(options, Moment::mean); },
};

constinit const Entry<Method> smoothgrad_squared_entry{
    .name = "smoothgrad_squared",
    .summary = "mean squared gradient over noisy copies of the input",
    .paper = "arXiv:1806.10758",
    .status = Status::verified,
    .facts = {.paint = kMagnitudeGray, .draws_noise = true},
    .make = [](Options& options) -> std::unique_ptr<Method> { return make(options, Moment::mean_square); },
};

constinit const Entry<Method> vargrad_entry{
    .name = "vargrad",
    .summary = "variance of the gradient over noisy copies of the input",
    .paper = "arXiv:1810.03307",
    .status = Status::verified,
    .facts = {.paint = kMagnitudeGray, .draws_noise = true},
    .make = [](Options& options) -> std::unique_ptr<Method> { return make(options, Moment::variance); },
};

}  // namespace tocsin::explain
