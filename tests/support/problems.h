// SPDX-License-Identifier: Apache-2.0
// Problems made on the spot, for tests that need data of a shape and not of a meaning.
#pragma once
#include <cstdint>
#include <memory>

#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"

namespace tocsin::support {

/// Random grey images of 28 x 28 in ten classes: nothing to learn, everything to compute.
inline data::Problem noise_images(std::size_t count) {
  auto made = std::make_shared<data::Dataset>();
  made->name = "noise";
  made->shape = {1, 28, 28};
  made->classes = 10;
  Draws draws(Stream(17));
  for (std::size_t i = 0; i < count; ++i) {
    made->labels.push_back(static_cast<std::int32_t>(i % 10));
    for (std::size_t pixel = 0; pixel < made->shape.features(); ++pixel)
      made->pixels.push_back(static_cast<std::uint8_t>(draws.below(256)));
  }
  data::Problem problem;
  problem.train = problem.test = made;
  return problem;
}

}  // namespace tocsin::support
