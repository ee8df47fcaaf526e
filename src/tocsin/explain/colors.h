// SPDX-License-Identifier: Apache-2.0
// From an explanation map to pixels: how a method is drawn, the three color maps, and the hatched cell of a map that is not finite.
// explain.md, section 9. The color maps are matplotlib's of the same names at 256 entries, in integers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/explain/drawn.h"

namespace tocsin::explain {

struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// Pixels [height, width], row-major.
struct Image {
  std::size_t height = 0, width = 0;
  std::vector<Rgb> pixels;
  bool operator==(const Image&) const = default;
};

enum class Colors { gray, seismic, bwr };

/// The color of an index, 0 to 255.
Rgb color(Colors colors, std::uint8_t index);

/// How the maps of a method are drawn; the registry of methods names one of the four below.
struct Paint {
  Sign sign = Sign::both;
  bool magnitude = false;  ///< whether `reduced` sums magnitudes over the channels
  Colors colors = Colors::gray;
  bool operator==(const Paint&) const = default;
};
inline constexpr Paint kMagnitudeGray{Sign::positive, true, Colors::gray};  ///< gradient, SmoothGrad, VarGrad, IG
inline constexpr Paint kPositiveGray{Sign::positive, false, Colors::gray};  ///< the input, Grad-CAM
inline constexpr Paint kSignedGray{Sign::both, false, Colors::gray};        ///< DeconvNet, Guided Backprop
inline constexpr Paint kSeismic{Sign::both, false, Colors::seismic};        ///< LRP, input x gradient, occlusion

/// Whether every value is a number that can be drawn.
bool is_finite(std::span<const double> map);

/// Pixels of a reduced map [height, width]: its drawn indices in the colors of `paint`; hatched if a value is not finite. m =
/// `scale`, or the largest |M|. Throws std::invalid_argument if the map has another size.
Image painted(std::span<const double> map, std::size_t height, std::size_t width, const Paint& paint,
              std::optional<double> scale = {});

/// What stands for a map that is not finite: diagonal lines in a color that no color map holds.
Image hatched(std::size_t height, std::size_t width);

/// Each pixel as a square of `scale` x `scale`, scale >= 1.
Image enlarged(const Image& image, std::size_t scale);

}  // namespace tocsin::explain
