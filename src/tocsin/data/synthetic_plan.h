// SPDX-License-Identifier: Apache-2.0
// The keys of [data] that describe a problem made on the spot.
#pragma once
#include <cstddef>
#include <string_view>

#include "tocsin/core/options.h"
#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

/// What is read of one: its settings, from which `make_synthetic` makes it, and its classes (0: a regression).
struct SyntheticPlan {
  Table settings;
  std::size_t classes = 0;
};

bool is_synthetic(std::string_view name);
/// Reads and checks its keys.
SyntheticPlan read_synthetic(std::string_view name, Options& options);
/// Reads the keys of all of them, so that each is known.
void read_every_synthetic(Options& options);
Problem make_synthetic(std::string_view name, const Table& settings, const Stream& stream);

}  // namespace tocsin::data
