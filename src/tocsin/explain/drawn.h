// SPDX-License-Identifier: Apache-2.0
// The drawn map: an explanation as integers 0 to 255, what a person sees and what the headline similarity reads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tocsin::explain {

/// How a map is turned into indices: both signs around 127, or the positive part alone.
enum class Sign { both, positive };

/// The largest |value|; 0 for an empty or zero map.
double largest(std::span<const double> map);

/// Sum of a map [channels, cells] over its channels [cells], of magnitudes if `magnitude`.
std::vector<double> reduced(std::span<const double> map, std::size_t channels, bool magnitude);

/// Indices [cells]: trunc(255 (M + m) / (2 m)) for both signs, trunc(255 max(M, 0) / m) for the positive part, in double and in
/// this order. m = `scale`, or the largest |M|; m = 0 gives 127, or 0. All values must be finite, and at most m in magnitude.
std::vector<std::uint8_t> drawn(std::span<const double> map, Sign sign, std::optional<double> scale = {});

}  // namespace tocsin::explain
