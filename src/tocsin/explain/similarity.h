// SPDX-License-Identifier: Apache-2.0
// How alike two maps are: free functions on spans, and the table of all named similarities with the suite's conventions.
// SSIM: Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE TIP 13(4), 2004.
// Undefined is NaN everywhere, and so is every measure of a map with a value that is not finite. Sums are in double.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tocsin/explain/ranking.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {

// Two maps [n] each. Every function throws std::invalid_argument if their sizes differ. Names that end in `_support` look only at
// the cells where at least one of the two is not zero: black backgrounds make ties that dominate otherwise.

/// Cosine of the two maps, each less its mean; undefined if one is constant.
double pearson(std::span<const double> a, std::span<const double> b);
double pearson_support(std::span<const double> a, std::span<const double> b);
/// Cosine of the angle between them; undefined if one is zero.
double cosine(std::span<const double> a, std::span<const double> b);
double cosine_support(std::span<const double> a, std::span<const double> b);
/// Pearson of the average ranks, and of the average ranks of |values|; undefined if all ranks of one are equal. O(n log n).
double spearman(std::span<const double> a, std::span<const double> b);
double spearman_support(std::span<const double> a, std::span<const double> b);
double spearman_abs(std::span<const double> a, std::span<const double> b);
double spearman_abs_support(std::span<const double> a, std::span<const double> b);
/// Kendall's tau-b; undefined if one is constant. O(n log n).
double kendall(std::span<const double> a, std::span<const double> b);
double kendall_support(std::span<const double> a, std::span<const double> b);
/// Share of the k largest |values| that both have, ties to the lower index; undefined if one has fewer than k values that are not
/// zero.
double topk(std::span<const double> a, std::span<const double> b, std::size_t k);
/// The k of the suite, floor(n / 10), with n the cells of the support in the second.
double topk(std::span<const double> a, std::span<const double> b);
double topk_support(std::span<const double> a, std::span<const double> b);
/// What `topk` of the suite gives on average for unrelated maps of n cells: k / n; undefined below 10 cells.
double topk_chance(std::size_t n);

/// The window of an SSIM and the range K of its values, from which the constants (.01 K)^2 and (.03 K)^2 follow.
struct SsimOptions {
  double range = 1;       ///< K, positive
  bool gaussian = false;  ///< 11 x 11 with a standard deviation of 1.5 cells; otherwise 7 x 7, all equal
  bool sample = true;     ///< covariances times N / (N - 1), N the cells of the window; otherwise of the population
};
/// Mean structural similarity over the windows that lie fully inside, maps [height, width]; undefined if one does not fit or K = 0.
double ssim(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width,
            const SsimOptions& options);
/// The headline: Gaussian window and population covariances on drawn maps, K = 255.
double ssim_drawn(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t height, std::size_t width);
/// Equal window and sample covariances on a / max |a|, K = 2; on |a| / max |a|, K = 1; on the values, K = joint maximum less
/// minimum. Undefined if one is zero.
double ssim_uniform(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width);
double ssim_abs(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width);
double ssim_raw(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width);

// Distances: larger is less alike. All undefined if one map is zero; with p and q the shares |values| / sum |values|:

/// Mean of (p - q)^2.
double mse(std::span<const double> a, std::span<const double> b);
/// Mean |difference| of the sorted values, as they are (the suite first divides each map by its largest |value|).
double w1_values(std::span<const double> a, std::span<const double> b);
/// How far p must be moved to become q along the rows plus along the columns, in cells: sums of |differences| of the marginals.
double w1_space(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width);
/// Distance between the centres of p and q, in cells, not rounded.
double center_shift(std::span<const double> a, std::span<const double> b, std::size_t height, std::size_t width);

// One map.

/// Centre of the shares.
struct Center {
  double row = kUndefined, column = kUndefined;  ///< cells from 0
};
Center center(std::span<const double> map, std::size_t height, std::size_t width);
/// -sum p ln p; undefined for a zero map.
double entropy(std::span<const double> map);
/// Gini coefficient of the |values|, 0 for equal ones, (n - 1) / n for a single one; undefined for a zero map. O(n log n).
double gini(std::span<const double> map);
/// Entropy of the histogram of the values in 100 bins between smallest and largest; undefined for a constant map.
double entropy_100(std::span<const double> map);
/// (H(random) - H(original)) / H(original) with H = entropy_100: how much richer the map of a randomised model is.
double complexity_rise(std::span<const double> original, std::span<const double> random);

// The suite.

/// What the similarities see of one map; views, so its owner must outlive them.
struct Seen {
  std::span<const double> map;          ///< reduced, [height, width]
  std::span<const std::uint8_t> drawn;  ///< [height, width]; read by ssim_drawn alone
  std::size_t height = 0, width = 0;
};

/// A map and what several similarities share; prepared once, it serves every pair that the map is in.
struct Prepared {
  Seen seen;
  bool finite = false;
  bool sorted = false;  ///< whether the two orders are there
  Ranking values, magnitudes;
};
/// O(n log n), or O(n) without the orders. Throws std::invalid_argument unless the map has height x width values.
Prepared prepared(const Seen& seen, bool sorted = true);

/// A similarity by name.
struct Similarity {
  std::string_view name;
  std::string_view summary;
  bool distance = false;                                         ///< larger is less alike
  bool spatial = false;                                          ///< reads height and width, so has no meaning for tabular data
  bool sorted = false;                                           ///< needs a map prepared with its orders
  double (*of)(const Prepared& a, const Prepared& b) = nullptr;  ///< called with finite maps of one shape alone

  /// The value for a pair, NaN if undefined. Throws std::invalid_argument if the shapes differ, or what it reads is missing.
  [[nodiscard]] double measure(const Prepared& a, const Prepared& b) const;
  [[nodiscard]] double measure(const Seen& a, const Seen& b) const;
};

/// All of them, the headline first.
std::span<const Similarity> similarities();
/// nullptr if there is none of that name.
const Similarity* find_similarity(std::string_view name);

/// The chosen similarities of one pair, in their order; orders are made once. All of them take under 1 ms for 28 x 28 cells.
std::vector<double> measured(const Seen& a, const Seen& b, std::span<const Similarity* const> chosen);

}  // namespace tocsin::explain
