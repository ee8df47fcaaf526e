// SPDX-License-Identifier: Apache-2.0
// Grad-CAM: the last convolution's activations, weighted by their mean gradients.
// Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017; arXiv:1610.02391.
// A^k is the output of the ReLU behind the last convolution, before any pool. Enlarged bilinearly, half-pixel centres, edges
// clamped.
#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
using nn::LayerKind;
using nn::Shape;

/// The layer whose output is A: the last convolution, its batch_norm and ReLU behind it included. Throws if there is none.
std::size_t activations_of(const nn::Architecture& architecture) {
  const auto& layers = architecture.layers();
  std::size_t k = layers.size();
  while (k > 0 && layers[k - 1].kind != LayerKind::conv2d) --k;
  require(k > 0, "Grad-CAM needs a convolution, and '{}' has none", architecture.name());
  while (k < layers.size() && (layers[k].kind == LayerKind::relu || layers[k].kind == LayerKind::batch_norm)) ++k;
  return k - 1;
}

/// One plane to another size.
void enlarge(std::span<const double> from, Shape in, std::span<double> to, Shape out) {
  const auto place = [](std::size_t at, std::size_t extent, std::size_t of) {
    const double x = (static_cast<double>(at) + 0.5) * static_cast<double>(of) / static_cast<double>(extent) - 0.5;
    return std::clamp(x, 0.0, static_cast<double>(of - 1));
  };
  for (std::size_t y = 0; y < out.height; ++y)
    for (std::size_t x = 0; x < out.width; ++x) {
      const double py = place(y, out.height, in.height), px = place(x, out.width, in.width);
      const auto y0 = static_cast<std::size_t>(py), x0 = static_cast<std::size_t>(px);
      const std::size_t y1 = std::min(y0 + 1, in.height - 1), x1 = std::min(x0 + 1, in.width - 1);
      const double fy = py - static_cast<double>(y0), fx = px - static_cast<double>(x0);
      const auto at = [&](std::size_t row, std::size_t column) { return from[row * in.width + column]; };
      to[y * out.width + x] = (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1));
    }
}

class GradCam final : public Method {
 public:
  GradCam(bool rectify, bool enlarges) : rectify_(rectify), enlarges_(enlarges) {}

  void check(const nn::Architecture& architecture, bool) const override { activations_of(architecture); }

  /// A map has one plane; several input channels hold it each.
  std::vector<double> maps(Scene& scene) const override {
    const std::size_t layer = activations_of(scene.architecture());
    const Shape small = scene.architecture().layers()[layer].out, full = scene.architecture().input();
    const std::size_t cells = small.height * small.width, features = small.features();
    const std::vector<double> activations = scene.at_chunk().output_of(layer);
    const std::vector<double> gradient = scene.walk({}, std::vector<double>(scene.size(), 1.0), layer + 1);
    const std::size_t pixels = full.height * full.width;
    std::vector<double> maps(scene.size() * (enlarges_ ? full.features() : cells));
    for (std::size_t i = 0; i < scene.size(); ++i) {
      const std::vector<double> cam = weighted(std::span(activations).subspan(i * features, features),
                                               std::span(gradient).subspan(i * features, features), cells);
      if (!enlarges_) {
        std::copy(cam.begin(), cam.end(), maps.begin() + static_cast<std::ptrdiff_t>(i * cells));
        continue;
      }
      std::vector<double> plane(pixels);
      enlarge(cam, small, plane, full);
      for (std::size_t j = 0; j < full.features(); ++j) maps[i * full.features() + j] = plane[j % pixels];
    }
    return maps;
  }

 private:
  /// sum_k w_k A^k, w_k the mean of the gradient over the cells of channel k.
  [[nodiscard]] std::vector<double> weighted(std::span<const double> activations, std::span<const double> gradient,
                                             std::size_t cells) const {
    std::vector<double> cam(cells, 0.0);
    for (std::size_t c = 0; c < activations.size() / cells; ++c) {
      double weight = 0.0;
      for (std::size_t j = 0; j < cells; ++j) weight += gradient[c * cells + j];
      weight /= static_cast<double>(cells);
      for (std::size_t j = 0; j < cells; ++j) cam[j] += weight * activations[c * cells + j];
    }
    if (rectify_)
      for (double& value : cam) value = std::max(value, 0.0);
    return cam;
  }

  bool rectify_, enlarges_;
};
}  // namespace

constinit const Entry<Method> grad_cam_entry{
    .name = "grad_cam",
    .summary = "activations of the last convolution, weighted by their mean gradients",
    .paper = "arXiv:1610.02391",
    .status = Status::verified,
    .facts = {.paint = kPositiveGray, .needs_convolution = true},
    .make = [](Options& options) -> std::unique_ptr<Method> {
      const bool rectify = options.flag("relu", {.fallback = true, .help = "max(0, .) of the weighted sum"});
      const std::string upsample = options.word(
          "upsample",
          {.fallback = "bilinear", .words = {"bilinear", "none"}, .help = "to the input's size, or the small map as it is"});
      return std::make_unique<GradCam>(rectify, upsample == "bilinear");
    },
};

}  // namespace tocsin::explain
