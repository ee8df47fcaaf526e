// SPDX-License-Identifier: Apache-2.0
// An experiment file: its bytes, the plans it stands for (variants x seeds, in one of two sizes, with --set applied to each), and
// what it is claimed to show.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tocsin/lab/expect.h"
#include "tocsin/lab/plan.h"

namespace tocsin::lab {

/// What the command line asks of a file.
struct Request {
  std::string file;
  std::string variant;                ///< only this one; empty: all
  std::vector<std::string> settings;  ///< --set key.path=value, in order
  std::size_t seeds = 1;              ///< seeds seed .. seed + seeds - 1
  bool small = false;                 ///< the size that [small] describes
};

/// Plans in the order in which they run: for each seed all variants.
struct Experiment {
  std::string file;
  std::string text;  ///< the user's bytes
  std::string name;
  std::vector<std::string> variants;  ///< in the order of the file; one empty name if the file has none
  std::vector<Plan> plans;
  bool has_small = false;                 ///< the file has a [small] table
  std::vector<Expectation> expectations;  ///< of the size asked for, in the order of the file
};

/// Reads and checks everything that can be checked without the data. Throws ConfigError with every fault of all variants asked
/// for, RunError(Exit::usage) if the file has no variant of the name asked for.
Experiment read_experiment(const Request& request);
/// The same of a text that need not be a file; `request.file` names it in messages, and its folder is where other files are.
Experiment read_experiment(const Request& request, std::string text);

}  // namespace tocsin::lab
