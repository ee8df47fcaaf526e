// SPDX-License-Identifier: Apache-2.0
// One cell of a comparison: the similarities of all pairs of models on every image, for one method, similarity, group and neuron.
// Benign runs B_i differ in their seed; attacked runs A_i are the same plans under attack. Larger is more alike (distances come
// negated), and NaN is undefined: left out and counted. Which pairs belong to which set is said here and nowhere else.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tocsin/explain/scale.h"

namespace tocsin::explain {

/// A set of pairs, image by image. The first two are what is judged, then four ceilings and three floors.
enum class Set {
  observed,        ///< (B_i, A_j) of different seeds
  same_seed,       ///< (B_i, A_i), where they share a seed: judged only against `sham`
  seeds,           ///< (B_i, B_j), i < j: what a seed changes, the main ceiling
  noise,           ///< B_i, two draws of the method's own noise
  rounds,          ///< B_i, this round and the one before
  sham,            ///< (B_i, S_i): an attacker of the same seed that trains honestly
  other_image,     ///< B_i, this image and another of its class
  other_class,     ///< B_i, this neuron and another
  random_weights,  ///< B_i and its randomised twin: the main floor
};
inline constexpr std::array kSets{Set::observed, Set::same_seed,   Set::seeds,       Set::noise,         Set::rounds,
                                  Set::sham,     Set::other_image, Set::other_class, Set::random_weights};
std::string_view text(Set set);
/// The place of a set in an array with one element a set.
constexpr std::size_t at(Set set) { return static_cast<std::size_t>(set); }
constexpr bool is_ceiling(Set set) { return set == Set::seeds || set == Set::noise || set == Set::rounds || set == Set::sham; }
constexpr bool is_floor(Set set) { return at(set) >= at(Set::other_image); }
template <class Value>
using OfSets = std::array<Value, kSets.size()>;

/// The similarities of one cell; what was not measured stays empty.
struct Cell {
  std::size_t images = 0;
  std::size_t benign = 0, attacked = 0;  ///< runs
  bool shared_seeds = false;             ///< whether B_i and A_i have one seed, for every i that both have
  std::vector<double> among_benign;      ///< [images, benign, benign]; read above the diagonal alone
  std::vector<double> among_attacked;    ///< [images, attacked, attacked]; likewise
  std::vector<double> across;            ///< [images, benign, attacked]
  OfSets<std::vector<double>> by_run;    ///< [images, benign] each: noise, rounds, sham and the three floors

  /// Runs of the kind of which there are fewer: the K of the statistics.
  [[nodiscard]] std::size_t runs() const { return benign < attacked ? benign : attacked; }
  [[nodiscard]] double of_benign(std::size_t image, std::size_t i, std::size_t j) const {
    return among_benign[(image * benign + (i < j ? i : j)) * benign + (i < j ? j : i)];
  }
  [[nodiscard]] double of_attacked(std::size_t image, std::size_t i, std::size_t j) const {
    return among_attacked[(image * attacked + (i < j ? i : j)) * attacked + (i < j ? j : i)];
  }
  [[nodiscard]] double of_both(std::size_t image, std::size_t i, std::size_t j) const {
    return across[(image * benign + i) * attacked + j];
  }
};

/// Throws std::invalid_argument if a cell has no image or no run of either kind, or a block of the wrong size.
void check(const Cell& cell);

/// A pair of a set on an image. Its slot says which runs it is of, so that a resample can weigh it.
struct Member {
  double value;
  std::uint32_t slot;
};
/// The pairs of a set on an image, undefined ones among them, in order of i, then j. Two runs alone have (B_1, A_1) as observed
/// pair, whether they share a seed or not.
std::vector<Member> members(const Cell& cell, Set set, std::size_t image);

/// The weight of each slot when run i counts benign[i] or attacked[i] times: a pair of runs weighs the product.
std::vector<double> slot_weights(const Cell& cell, const std::vector<double>& benign, const std::vector<double>& attacked);

/// The main ceiling: `seeds`, or `rounds` where there is one benign run.
Set main_ceiling(const Cell& cell);

/// Images on which an observed pair or one of the main ceiling is undefined.
std::size_t undefined_images(const Cell& cell);

/// What a set shows: within each image first, then over images of equal weight.
struct SetFigures {
  std::size_t pairs = 0, undefined = 0;           ///< over all images; `pairs` are the defined ones
  double mean = kUndefined, median = kUndefined;  ///< of the means of the images that have a defined pair
};
SetFigures figures(const Cell& cell, Set set);

/// A(x): the share of (o, r) in which the observed one is less alike, ties as a half; NaN values are left out, NaN if none is left.
/// O(n log n).
double less_alike(std::vector<double> observed, std::vector<double> others);

}  // namespace tocsin::explain
