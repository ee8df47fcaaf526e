// SPDX-License-Identifier: Apache-2.0
// A map as pictures and similarities see it, whatever the method, the number of channels or the kind of data.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/data/dataset.h"
#include "tocsin/explain/colors.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {

/// Whether inputs of this shape have height and width; a table has features alone.
bool is_spatial(const data::Shape& input);

/// The map [channels, cells] of a spatial input summed over its channels [cells], of magnitudes if `magnitude`; the features of a
/// table, and a map of another size than the input's, as they are.
std::vector<double> plane_values(std::span<const double> map, const data::Shape& input, bool magnitude);

/// One map made ready for any similarity: its signed values, its drawing as `paint` says (zeros where it is not finite), its
/// orders.
class Plane {
 public:
  /// `sorted`: with the orders that similarities of ranks need.
  Plane(std::span<const double> map, const data::Shape& input, const Paint& paint, bool sorted = true);
  Plane(Plane&&) = default;  // what `prepared_` views stays where it is
  Plane& operator=(Plane&&) = default;
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;
  ~Plane() = default;
  [[nodiscard]] const Prepared& prepared() const { return prepared_; }
  /// It has height and width; else spatial similarities are undefined.
  [[nodiscard]] bool is_image() const { return is_image_; }

 private:
  std::vector<double> values_;
  std::vector<std::uint8_t> drawn_;
  bool is_image_;
  Prepared prepared_;
};

/// Larger is more alike: distances are negated. NaN if undefined, and for a spatial similarity of what is no image.
double alike(const Similarity& similarity, const Plane& a, const Plane& b);

}  // namespace tocsin::explain
