// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/colors.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {
Rgb rgb(int red, int green, int blue) {
  return {static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green), static_cast<std::uint8_t>(blue)};
}

/// Dark blue, blue, white, red, dark red: four straight pieces.
Rgb seismic(int i) {
  if (i <= 63) return rgb(0, 0, 77 + 14 * i / 5);
  if (i <= 127) return rgb(4 * i - 255, 4 * i - 255, 255);
  if (i <= 191) return rgb(255, 765 - 4 * i, 765 - 4 * i);
  return rgb(638 - 2 * i, 0, 0);
}

/// Blue, white, red.
Rgb bwr(int i) { return i <= 127 ? rgb(2 * i, 2 * i, 255) : rgb(255, 510 - 2 * i, 510 - 2 * i); }
}  // namespace

Rgb color(Colors colors, std::uint8_t index) {
  if (colors == Colors::seismic) return seismic(index);
  if (colors == Colors::bwr) return bwr(index);
  return {index, index, index};
}

bool is_finite(std::span<const double> map) {
  return std::all_of(map.begin(), map.end(), [](double value) { return std::isfinite(value); });
}

Image painted(std::span<const double> map, std::size_t height, std::size_t width, const Paint& paint, std::optional<double> scale) {
  require(map.size() == height * width, "painted: a map of {} values does not fill {} x {} pixels", map.size(), height, width);
  if (!is_finite(map)) return hatched(height, width);
  Image image{height, width, {}};
  image.pixels.reserve(map.size());
  for (const std::uint8_t index : drawn(map, paint.sign, scale)) image.pixels.push_back(color(paint.colors, index));
  return image;
}

Image hatched(std::size_t height, std::size_t width) {
  constexpr Rgb kGround{247, 241, 228}, kLine{201, 138, 43};
  constexpr std::size_t kEvery = 5;  // pixels from line to line
  Image image{height, width, std::vector<Rgb>(height * width, kGround)};
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      if ((x + y) % kEvery == 0) image.pixels[y * width + x] = kLine;
  return image;
}

Image enlarged(const Image& image, std::size_t scale) {
  require(scale >= 1, "enlarged: the scale must be at least 1");
  Image result{image.height * scale, image.width * scale, {}};
  result.pixels.reserve(result.height * result.width);
  for (std::size_t y = 0; y < result.height; ++y)
    for (std::size_t x = 0; x < result.width; ++x) result.pixels.push_back(image.pixels[y / scale * image.width + x / scale]);
  return result;
}

}  // namespace tocsin::explain
