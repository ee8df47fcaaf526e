// SPDX-License-Identifier: Apache-2.0
// Two sets of runs under one pair of glasses: the explanations of benign and of attacked models, how alike they are, and whether
// that is less than what another seed changes. explain.md, section 11.
#pragma once
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "tocsin/core/workers.h"
#include "tocsin/explain/comparison.h"
#include "tocsin/lab/comparable.h"
#include "tocsin/lab/explained_images.h"
#include "tocsin/lab/sanity_checks.h"

namespace tocsin::lab {

/// A model, and how good it is: models of unequal accuracy differ for reasons other than poison.
struct ComparedModel {
  std::string role, run;  ///< "benign", "attacked", "sham"
  std::uint64_t seed = 0;
  std::size_t round = 0;
  double test_accuracy = 0, attack_success = 0, target_confidence = 0;  ///< of the record; NaN: not recorded
  explain::Answers answers;                                             ///< on all images
};

/// The answer for one method, similarity, group and neuron.
struct ComparedCell {
  std::string method, similarity, group, neuron;
  bool is_primary = false;
  explain::Cell pairs;
  explain::Comparison figures;
};

/// Everything a report needs.
struct RunComparison {
  ExplainPlan plan;
  nn::Shape shape;
  std::vector<explain::MethodUse> methods;
  std::vector<ImageGroup> groups;
  explain::Images images;                ///< of all groups, one after the other
  std::vector<std::string> class_names;  ///< may be empty
  std::vector<ComparedModel> models;
  std::vector<ComparedCell> cells;  ///< primary ones first
  /// Maps of the first benign and the first attacked run for the first neuron mode: [methods], each [images, size].
  std::vector<explain::Maps> benign_maps, attacked_maps;
  std::vector<SanityCheck> sanity;          ///< [methods], of the first benign model
  std::vector<std::size_t> undefined_maps;  ///< [methods], maps with a value that is not finite
};

/// How far it is, for people.
using CompareProgress = std::function<void(const std::string& what)>;

/// Explains every model on the same images and compares. `round`: kLastRound or one that all runs kept.
RunComparison compare_runs(const ComparedRuns& runs, const ExplainPlan& plan, std::size_t round, DataShelf& shelf, Workers& workers,
                           const CompareProgress& progress = {}, std::stop_token stop = {});

}  // namespace tocsin::lab
