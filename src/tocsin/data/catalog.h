// SPDX-License-Identifier: Apache-2.0
// The data sets known by name, where they are looked for, and what to install if they are not there; and the readers by kind.
#pragma once
#include <string>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"
#include "tocsin/data/table.h"

namespace tocsin::data {

/// What `tocsin data` prints of one data set.
struct Known {
  std::string name, summary, licence;
  std::vector<std::string> places;  ///< folders searched, in order
  std::string install;              ///< "apt-get install dataset-fashion-mnist"; empty for what is made
};
std::vector<Known> known_datasets();

/// A description of data, read from [data]: `dataset = "fashion_mnist"` (or "mnist", "quadratic", "blobs", ...) or
/// `kind = "idx"` or "csv" with its files. Reads and checks its keys; opens nothing.
struct Source {
  std::string name;                     ///< of a known data set or synthetic problem; "idx", "csv" for a reader
  std::vector<std::string> files = {};  ///< for a reader
  std::size_t classes = 0;
  std::uint64_t max_bytes = 0;
  Table settings = {};   ///< resolved options of a synthetic problem
  TablePlan table = {};  ///< of a reader of tables
};
/// Reads the keys of [data] that name the origin (`validation` is lab's). Relative paths are resolved against `folder`.
Source read_source(Options& options, const std::string& folder);
/// Loads or makes it. `stream` is for what is made. Throws DataError; a missing file names the places searched and the package.
Problem load(const Source& source, const Stream& stream);
}  // namespace tocsin::data
