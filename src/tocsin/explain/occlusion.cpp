// SPDX-License-Identifier: Apache-2.0
// Occlusion: by how much the logit falls when a window of the input is hidden.
// Zeiler, Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014; arXiv:1311.2901.
// A pixel gets the mean over the windows that cover it; the last window is clipped at the edge. All channels are
// hidden together, and each holds the map.
// Tabular inputs are hidden one feature at a time.
#include <algorithm>
#include <vector>

#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
/// A rectangle of pixels, ends excluded.
struct Window {
  std::size_t top, bottom, left, right;
};

/// Starts of windows along an extent, so that the last one reaches its end.
std::vector<std::size_t> starts(std::size_t extent, std::size_t window, std::size_t stride) {
  std::vector<std::size_t> result{0};
  while (result.back() + window < extent) result.push_back(result.back() + stride);
  return result;
}

class Occlusion final : public Method {
 public:
  Occlusion(std::size_t window, std::size_t stride, double baseline) : window_(window), stride_(stride), baseline_(baseline) {}

  std::vector<double> maps(Scene& scene) const override {
    const nn::Shape shape = scene.architecture().input();
    const bool tabular = shape.height * shape.width == 1;
    // A table's features lie side by side, each a window of its own.
    const std::size_t height = tabular ? 1 : shape.height, width = tabular ? shape.channels : shape.width;
    const std::size_t channels = tabular ? 1 : shape.channels, cells = height * width;
    std::vector<Window> windows;
    for (const std::size_t y : starts(height, tabular ? 1 : window_, tabular ? 1 : stride_))
      for (const std::size_t x : starts(width, tabular ? 1 : window_, tabular ? 1 : stride_))
        windows.push_back({y, std::min(height, y + (tabular ? 1 : window_)), x, std::min(width, x + (tabular ? 1 : window_))});
    const std::vector<double> whole = scene.logits();
    std::vector<double> map(scene.size() * cells * channels, 0.0), covered(cells, 0.0);
    for (const Window& window : windows) each_cell(window, width, [&](std::size_t cell) { covered[cell] += 1.0; });
    scene.evaluations(
        windows.size(),
        [&](std::size_t image, std::size_t w, std::span<double> input) {
          const std::span<const double> x = scene.input(image);
          std::copy(x.begin(), x.end(), input.begin());
          for (std::size_t c = 0; c < channels; ++c)
            each_cell(windows[w], width, [&](std::size_t cell) { input[c * cells + cell] = baseline_; });
        },
        [&](std::size_t image, std::size_t w, std::span<const double> logits) {
          const double fall = whole[image] - logits[scene.chunk().neurons[image]];
          each_cell(windows[w], width, [&](std::size_t cell) {
            for (std::size_t c = 0; c < channels; ++c) map[(image * channels + c) * cells + cell] += fall / covered[cell];
          });
        });
    return map;
  }
  double passes() const override { return 64; }

 private:
  template <class Use>
  static void each_cell(const Window& window, std::size_t width, Use&& use) {
    for (std::size_t y = window.top; y < window.bottom; ++y)
      for (std::size_t x = window.left; x < window.right; ++x) use(y * width + x);
  }

  std::size_t window_, stride_;
  double baseline_;
};
}  // namespace

constinit const Entry<Method> occlusion_entry{
    .name = "occlusion",
    .summary = "fall of the logit when a window of the input is hidden",
    .paper = "arXiv:1311.2901",
    .status = Status::verified,
    .facts = {.paint = kSeismic},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const std::size_t window = options.count("window", {.fallback = 4, .at_least = 1, .help = "side of the window, in pixels"});
      const std::size_t stride = options.count(
          "stride", {.fallback = std::min<std::size_t>(2, window), .at_least = 1, .at_most = window, .help = "step of the window"});
      const double baseline = options.number("baseline", {.fallback = 0.0, .help = "what hidden pixels become"});
      return std::make_unique<Occlusion>(window, stride, baseline);
    },
};

}  // namespace tocsin::explain
