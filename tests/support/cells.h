// SPDX-License-Identifier: Apache-2.0
// Cells of a comparison from one number a model and image, with s = -|u - v|, and drawn ones.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/explain/cell.h"

namespace tocsin::support {

using Table = std::vector<std::vector<double>>;  // [images][runs]

inline std::vector<double> pairwise(const Table& first, const Table& second) {
  std::vector<double> result;
  for (std::size_t x = 0; x < first.size(); ++x)
    for (const double u : first[x])
      for (const double v : second[x]) result.push_back(-std::abs(u - v));
  return result;
}

/// All pairs of models; no other ceilings and no floors.
inline explain::Cell cell_of(const Table& benign, const Table& attacked, bool shared_seeds = true) {
  return {.images = benign.size(),
          .benign = benign.front().size(),
          .attacked = attacked.front().size(),
          .shared_seeds = shared_seeds,
          .among_benign = pairwise(benign, benign),
          .among_attacked = pairwise(attacked, attacked),
          .across = pairwise(benign, attacked),
          .by_run = {}};
}

struct CellShape {
  std::size_t images = 1, benign = 1, attacked = 1;
  bool shared_seeds = true;
  double of_image = 1, of_seed = 1, of_run = 1;  ///< how much the number of a model owes to each
  double shift = 0;                              ///< added to every attacked model, up or down by image
};

/// Runs that differ in seed and chance alone (and the shift); random weights lie far off, consecutive rounds near.
inline explain::Cell drawn_cell(const CellShape& shape, const Stream& stream) {
  Draws draws(stream);
  Table benign(shape.images), attacked(shape.images);
  const auto seeds = [&](std::size_t runs) {
    std::vector<double> result(runs);
    for (double& value : result) value = draws.normal();
    return result;
  };
  std::vector<double> far, near;
  std::vector<double> of_seed = seeds(std::max(shape.benign, shape.attacked));
  std::vector<double> of_benign = seeds(shape.benign), of_attacked = seeds(shape.attacked);
  for (std::size_t x = 0; x < shape.images; ++x) {
    const double image = shape.of_image * draws.normal(), shift = draws.uniform() < 0.5 ? shape.shift : -shape.shift;
    const auto model = [&](double seed, double run) {
      return image + shape.of_seed * seed + shape.of_run * (run + draws.normal());
    };
    for (std::size_t i = 0; i < shape.benign; ++i) benign[x].push_back(model(of_seed[i], of_benign[i]));
    for (std::size_t j = 0; j < shape.attacked; ++j)
      attacked[x].push_back(shift + model(shape.shared_seeds ? of_seed[j] : draws.normal(), of_attacked[j]));
    for (std::size_t i = 0; i < shape.benign; ++i) {
      far.push_back(-20 - std::abs(draws.normal()));
      near.push_back(-std::abs(draws.normal()));
    }
  }
  explain::Cell cell = cell_of(benign, attacked, shape.shared_seeds);
  cell.by_run[at(explain::Set::random_weights)] = far;
  cell.by_run[at(explain::Set::rounds)] = near;
  return cell;
}

}  // namespace tocsin::support
