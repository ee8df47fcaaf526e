// SPDX-License-Identifier: Apache-2.0
// All figures of a comparison: where poisoned pairs stand between what a seed changes and random weights, with intervals, tests and
// a verdict. Everything is computed within each image and then averaged with equal weight; pairs of different images never meet.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/workers.h"
#include "tocsin/explain/bootstrap.h"
#include "tocsin/explain/cell.h"
#include "tocsin/explain/odd_one_out.h"
#include "tocsin/explain/swap_test.h"
#include "tocsin/explain/verdict.h"

namespace tocsin::explain {

struct CompareOptions {
  double margin = 0.1;              ///< of the verdict, in (0, .5)
  BootstrapOptions bootstrap = {};  ///< its seed is that of random swap patterns too
  std::optional<Set> ceiling = {};  ///< of the position; by default the main ceiling
  Set floor = Set::random_weights;  ///< of the position
};

/// The figures of one cell. NaN or no interval: not defined, or not to be had from so few images or runs.
struct Comparison {
  std::size_t images, benign, attacked;  ///< images and runs of either kind
  bool shared_seeds;
  Scope scope;                   ///< `runs` from four runs of either kind on
  bool images_resampled;         ///< from 20 images on
  Set ceiling;                   ///< the main one: what the verdict is against
  std::size_t undefined_images;  ///< with an undefined pair among the observed ones or those of the main ceiling
  OfSets<SetFigures> sets;
  OfSets<Estimate> auc;         ///< as in Averages: .5 like the ceiling, 1 always less alike; floors: 1 always more alike
  Estimate ceiling_over_floor;  ///< how often the main ceiling is more alike than random weights
  double percentile;            ///< of the observed pair among those of the main ceiling: 100 (1 - AUC)
  OddOneOut odd_one_out;
  double swap_statistic, swap_p, family_p;  ///< T; its p, alone and among the methods given together
  std::size_t swap_patterns;
  Estimate position;            ///< 1: as alike as the ceiling, 0: as unlike as the floor; NaN if their difference may be 0
  Estimate ceiling_less_floor;  ///< difference of the means that the position divides by
  Verdict verdict;
  std::string words;  ///< the verdict with its figures or reason
};

/// Compares the methods of one table: cells of one similarity, group and neuron with the same images and runs. The family-wise p is
/// over the cells given. Same bytes for any number of workers; a cell is one item of work. O(resamples images pairs) a cell. Throws
/// std::invalid_argument if a cell's blocks have the wrong sizes or cells differ in images or runs.
std::vector<Comparison> compare(std::span<const Cell> methods, const CompareOptions& options = {}, Workers* workers = nullptr);

}  // namespace tocsin::explain
