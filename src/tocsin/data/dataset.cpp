// SPDX-License-Identifier: Apache-2.0
// Gathering: chosen samples become a dense batch of floats or doubles; pixels are scaled on the way.
#include "tocsin/data/dataset.h"

#include <algorithm>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/elementwise.h"

namespace tocsin::data {
namespace {

/// One multiplication a pixel, so that every instruction set gives the same bits.
void scale_pixels(std::span<const std::uint8_t> from, double scale, double* to) {
  for (const std::uint8_t pixel : from) *to++ = static_cast<double>(pixel) * scale;
}
void scale_pixels(std::span<const std::uint8_t> from, float scale, float* to) { kernels::widen(from, scale, {to, from.size()}); }

template <class T>
void gather_into(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<T> out) {
  const std::size_t features = data.shape.features();
  require(out.size() == chosen.size() * features, "gather: {} samples of {} features need {} places, got {}", chosen.size(),
          features, chosen.size() * features, out.size());
  const bool images = !data.pixels.empty();
  const std::size_t stored = features == 0 ? 0 : (images ? data.pixels.size() : data.values.size()) / features;
  const T scale = static_cast<T>(data.scale);
  T* to = out.data();
  for (const std::uint32_t sample : chosen) {
    require(sample < stored, "gather: sample {} of a data set of {}", sample, stored);
    const std::size_t from = sample * features;
    if (images)
      scale_pixels({data.pixels.data() + from, features}, scale, to);
    else
      std::copy_n(data.values.data() + from, features, to);
    to += features;
  }
}

/// Appends `width` values a sample, for the chosen samples.
template <class T>
void take(const std::vector<T>& from, std::span<const std::uint32_t> chosen, std::size_t width, std::vector<T>& to) {
  if (from.empty()) return;
  for (const std::uint32_t sample : chosen) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(sample * width);
    to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
}
template <class T>
void join(std::vector<T>& data, const std::vector<T>& more) {
  data.insert(data.end(), more.begin(), more.end());
}
}  // namespace

bool has_negative(const Dataset& data) {
  return std::any_of(data.values.begin(), data.values.end(), [](float value) { return value < 0.0F; });
}

Dataset subset(const Dataset& data, std::span<const std::uint32_t> chosen) {
  for (const std::uint32_t sample : chosen)
    require(sample < data.size(), "subset: sample {} of '{}', which has {}", sample, data.name, data.size());
  Dataset result;
  result.name = data.name;
  result.shape = data.shape;
  result.classes = data.classes;
  result.outputs = data.outputs;
  result.scale = data.scale;
  result.class_names = data.class_names;
  take(data.pixels, chosen, data.shape.features(), result.pixels);
  take(data.values, chosen, data.shape.features(), result.values);
  take(data.labels, chosen, 1, result.labels);
  take(data.targets, chosen, data.outputs, result.targets);
  return result;
}

void append(Dataset& data, const Dataset& more) {
  if (more.size() == 0) return;
  const bool empty = data.size() == 0;
  require(data.shape == more.shape && data.classes == more.classes && data.outputs == more.outputs,
          "append: '{}' and '{}' differ in shape or classes", data.name, more.name);
  require(empty || (data.pixels.empty() == more.pixels.empty() && (more.pixels.empty() || data.scale == more.scale)),
          "append: '{}' and '{}' keep their samples in different forms", data.name, more.name);
  join(data.pixels, more.pixels);
  join(data.values, more.values);
  join(data.labels, more.labels);
  join(data.targets, more.targets);
}

void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<float> out) { gather_into(data, chosen, out); }
void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<double> out) { gather_into(data, chosen, out); }

}  // namespace tocsin::data
