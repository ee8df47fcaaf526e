// SPDX-License-Identifier: Apache-2.0
// [explain]: which explanations are made of a run's models, of which images and rounds, and how two sets of runs are compared.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/explain/preset.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::lab {

/// How many images each group has beside the attacker's targets.
struct ImageCounts {
  std::size_t same_class = 40;    ///< of the targets' true classes
  std::size_t target_class = 40;  ///< of the attacker's classes
  std::size_t other = 100;        ///< stratified by class
};

/// What [explain] says.
struct ExplainPlan {
  bool paper = false;  ///< preset "paper"; else "sane"
  explain::PublishedLibrary library = explain::PublishedLibrary::v1_0_4;
  std::vector<explain::MethodUse> methods;  ///< of one's own; empty: the preset's
  std::vector<explain::NeuronMode> neurons;
  std::vector<std::size_t> rounds;  ///< whose models a run keeps, with those before; `kLastRound` is the last
  std::size_t every = 0;            ///< maps of the attacker's images are recorded every so many rounds; 0: never
  ImageCounts images;
  std::vector<const explain::Similarity*> similarities;
  double margin = 0.1;
  std::size_t resamples = 2000;
  std::string benign, attacked, sham;  ///< variants that `reproduce` compares at its end; empty: nothing is compared
  std::uint64_t seed = 1;              ///< of images, noise, randomised twins and resamples
  explain::ExplainOptions engine = {};
  struct Places {
    Place table, methods, neurons, images, compare;
  } places = {};  ///< of the keys, for faults that only the data show

  /// The methods for a network and inputs of which some may be negative: one's own, or the preset's that fit it. Throws
  /// std::invalid_argument if one's own does not fit.
  [[nodiscard]] std::vector<explain::MethodUse> methods_for(const nn::Architecture& architecture, bool negative_inputs) const;
};
inline constexpr std::size_t kLastRound = 0;

/// Reads the table.
ExplainPlan read_explain(Options& options);
/// What only the network and the data can tell: neurons that do not exist, methods that do not fit, labels that are not there, no
/// image to explain.
void check_explain(const ExplainPlan& plan, const nn::Architecture& architecture, const data::Dataset& test, bool has_targets,
                   Faults& faults);

/// The rounds whose models a run of `rounds` rounds keeps: those asked for and the one before each, ascending, without 0.
std::vector<std::size_t> kept_rounds(const ExplainPlan& plan, std::size_t rounds);
/// Where they lie in a run directory: "models/round-000008.safetensors".
std::string model_file(std::size_t round);

}  // namespace tocsin::lab
