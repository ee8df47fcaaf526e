// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/plane.h"

#include "tocsin/explain/drawn.h"

namespace tocsin::explain {

bool is_spatial(const data::Shape& input) { return input.height * input.width > 1; }

std::vector<double> plane_values(std::span<const double> map, const data::Shape& input, bool magnitude) {
  if (!is_spatial(input) || map.size() != input.features()) return {map.begin(), map.end()};
  return reduced(map, input.channels, magnitude);
}

Plane::Plane(std::span<const double> map, const data::Shape& input, const Paint& paint, bool sorted)
    : values_(plane_values(map, input, false)), is_image_(is_spatial(input) && map.size() == input.features()) {
  // Similarities read the signed sum over channels, pictures the magnitudes where the method is drawn so.
  const std::vector<double> seen = plane_values(map, input, paint.magnitude);
  drawn_ = is_finite(seen) ? drawn(seen, paint.sign) : std::vector<std::uint8_t>(seen.size(), 0);
  prepared_ = explain::prepared(
      {.map = values_, .drawn = drawn_, .height = is_image_ ? input.height : values_.size(), .width = is_image_ ? input.width : 1},
      sorted);
}

double alike(const Similarity& similarity, const Plane& a, const Plane& b) {
  if (similarity.spatial && !(a.is_image() && b.is_image())) return kUndefined;
  const double value = similarity.measure(a.prepared(), b.prepared());
  return similarity.distance ? -value : value;
}

}  // namespace tocsin::explain
