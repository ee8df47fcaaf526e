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

}  // namespace

void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<float> out) { gather_into(data, chosen, out); }
void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<double> out) { gather_into(data, chosen, out); }

}  // namespace tocsin::data
