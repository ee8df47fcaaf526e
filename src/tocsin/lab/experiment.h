// SPDX-License-Identifier: Apache-2.0
// An experiment file: its bytes, and the plans it stands for: variants x seeds, with --set applied to each.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tocsin/lab/plan.h"

namespace tocsin::lab {

/// What the command line asks of a file.
struct Request {
  std::string file;
  std::string variant;                ///< only this one; empty: all
  std::vector<std::string> settings;  ///< --set key.path=value, in order
  std::size_t seeds = 1;              ///< seeds seed .. seed + seeds - 1
};

/// Plans in the order in which they run: for each seed all variants.
struct Experiment {
  std::string file;
  std::string text;  ///< the user's bytes
  std::string name;
  std::vector<std::string> variants;  ///< in the order of the file; one empty name if the file has none
  std::vector<Plan> plans;
};

/// Reads and checks everything that can be checked without the data. Throws ConfigError with every fault of all variants asked for.
Experiment read_experiment(const Request& request);

}  // namespace tocsin::lab
