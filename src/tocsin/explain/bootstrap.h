// SPDX-License-Identifier: Apache-2.0
// The averages of a cell under any weights of its images and runs, and their percentile intervals from resampling both.
// Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3; Owen, The Pigeonhole Bootstrap, Annals of Applied
// Statistics 1(2), 2007 (two crossed factors). Differs: a pair of runs weighs the product of their counts, and a run is never
// paired with its own copy, whose similarity of 1 would lift the ceiling.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tocsin/explain/cell.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {

struct Interval {
  double low, high;
};
/// A value and, where there is one, its 95 % interval.
struct Estimate {
  double value = kUndefined;
  std::optional<Interval> interval = {};
};

/// The averages over images, each of equal weight; NaN where no image has a defined pair of both sets.
struct Averages {
  OfSets<double> auc;               ///< ceilings: how often the observed pair is less alike; floors: more alike; ties as a half
  double ceiling_over_floor;        ///< how often a pair of the main ceiling is more alike than one with random weights
  double observed, ceiling, floor;  ///< means of the sets of the position
};

/// A cell with the pairs of each image in order, so that averages under any weights are one pass without sorting. `sham` is set
/// against the pairs of the same seed, all other sets against the observed ones.
class Ordered {
 public:
  /// `ceiling` and `floor` are the sets of the position. O(images p log p) for p pairs an image.
  Ordered(const Cell& cell, Set ceiling, Set floor);
  /// How often each image [images] and each slot (as in slot_weights) counts, not negative. O(images p).
  [[nodiscard]] Averages averages(std::span<const double> images, std::span<const double> slots) const;

 private:
  /// The pairs of one set on one image: values and slots in ascending order, undefined ones left out.
  struct Column {
    std::vector<double> values;
    std::vector<std::uint32_t> slots;
  };
  /// The pairs of another set, and between which places of a column each of them falls.
  struct Against {
    std::vector<std::uint32_t> slots, below, up_to;
  };
  struct Image {
    Column observed, same_seed, main, ceiling, floor;
    OfSets<Against> others;
    Against floor_below_main;
  };
  static Column column(const Cell& cell, Set set, std::size_t image);
  static Against against(const Column& base, const Column& other);
  std::vector<Image> images_;
  std::size_t most_pairs_ = 0;
};

/// What was resampled. A statement from `models` is one about these models, never about the attack.
enum class Scope { models, runs };
Scope scope_of(const Cell& cell);         ///< `runs` from four runs of either kind on
bool resamples_images(const Cell& cell);  ///< from 20 images on

struct BootstrapOptions {
  std::size_t resamples = 2000;
  std::uint64_t seed = 1;  ///< of the stream `explain/bootstrap`
};

/// Averages under as many draws of images and runs as asked for, with replacement and independently of each other. Runs of shared
/// seeds are drawn by seed; a draw with fewer than three different runs of a kind is made again. Empty if neither is resampled.
std::vector<Averages> bootstrap(const Cell& cell, const Ordered& ordered, const BootstrapOptions& options);

/// Percentiles 2.5 and 97.5 with linear interpolation; NaN values are left out, none if all are.
std::optional<Interval> percentile_interval(std::vector<double> values);

}  // namespace tocsin::explain
