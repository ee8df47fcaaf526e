// SPDX-License-Identifier: Apache-2.0
// Everything with a name that an experiment file may use, from the registries: what `list`, `describe` and the documents print.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/core/options.h"

namespace tocsin::lab {

/// One named thing.
struct CatalogueItem {
  std::string_view kind;  ///< "attack", "rule", "detector", "method", "similarity", "network", "data", "partition"
  std::string name, summary, paper, status;
  std::vector<std::pair<std::string, std::string>> facts;  ///< in words: ("needs", "2f+3 clients a round")
  std::vector<OptionDoc> options;
  std::string example;  ///< how it stands in an experiment file
};

/// All kinds, as `list` takes them: attacks, rules, detectors, methods, similarities, networks, data, partitions.
std::vector<std::string> catalogue_kinds();
/// Everything, by kind, in the order of the registries.
std::vector<CatalogueItem> catalogue();

/// The tables and keys of an experiment file, as text and as the tables of docs/experiment-file.md.
std::string experiment_file_text();
std::string experiment_file_markdown();
/// One item at full length.
std::string describe_text(const CatalogueItem& item);

}  // namespace tocsin::lab
