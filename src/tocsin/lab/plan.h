// SPDX-License-Identifier: Apache-2.0
// A plan: one run of an experiment, every option read, every default filled in, every fault of the file found.
// Nothing is loaded, drawn at random only where a client list is (who is malicious), and nothing is created.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/attack/registry.h"
#include "tocsin/core/options.h"
#include "tocsin/core/value.h"
#include "tocsin/data/catalog.h"
#include "tocsin/data/partition.h"
#include "tocsin/defense/registry.h"
#include "tocsin/defense/set_aside.h"
#include "tocsin/fed/federation.h"
#include "tocsin/lab/detectors.h"
#include "tocsin/lab/explain_plan.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/training.h"

namespace tocsin::lab {

/// Samples the server keeps for itself: cut from the training part before it is dealt out, or from the test part, where they are
/// then left out of the evaluation.
struct ValidationPlan {
  std::size_t count = 0;  ///< 0: none
  bool from_test = false;
};

/// What the attacker wants, before the data are known: named test images, or so many drawn at random.
struct TargetPlan {
  std::vector<std::size_t> test_indices;
  std::vector<std::size_t> wanted;   ///< one for all, one each, or (drawn targets) none: drawn as well
  std::size_t count = 0;             ///< drawn at random from the evaluated test samples; 0: `test_indices`
  std::optional<std::size_t> label;  ///< drawn targets: of this class only
  [[nodiscard]] bool empty() const { return test_indices.empty() && count == 0; }
};

/// Where things stand in the file, for faults that only the data can show.
struct PlanPlaces {
  Place validation, clients, model, attack, targets, wanted;
};

/// Everything about one run but the data themselves.
struct Plan {
  std::string name;     ///< of the experiment
  std::string variant;  ///< empty: the file has none
  std::uint64_t seed = 1;
  data::Source source;
  std::string source_key;  ///< equal keys load equal data
  ValidationPlan validation;
  data::PartitionPlan partition;
  nn::ModelPlan model;
  nn::LocalTraining training;
  fed::FederationPlan federation;
  fed::ThreatPlan threat;  ///< client ids drawn already
  std::size_t cohort = 1;  ///< clients a round
  const Entry<attack::Attack>* attack_entry = nullptr;
  std::unique_ptr<attack::Attack> attack;
  std::size_t attack_classes = 0;  ///< classes that the attack needs of the data
  TargetPlan targets;
  const Entry<defense::Aggregator>* rule_entry = nullptr;
  std::unique_ptr<defense::Aggregator> rule;
  std::optional<Options> rule_options;
  std::vector<PlannedDetector> detectors;
  std::optional<ExplainPlan> explain;  ///< [explain], if the file has it
  defense::NonFiniteCounts nonfinite = defense::NonFiniteCounts::count;
  PlanPlaces places;
  Table resolved;                    ///< every option with its value; reads back to the same plan
  std::shared_ptr<const void> text;  ///< keeps alive what `rule_options` reads

  [[nodiscard]] std::string run_name() const;       ///< "<name>[-<variant>]-s<seed>": the run directory
  [[nodiscard]] std::string resolved_toml() const;  ///< what stands in resolved.toml
  [[nodiscard]] std::string hash() const;           ///< SHA-256 of the resolved text and the variant's name
  [[nodiscard]] std::string run_hash() const;       ///< of what is run, whatever it is called: run_hash(resolved)
};

/// SHA-256 of a resolved plan without its name: equal for experiments that run the very same.
std::string run_hash(const Table& resolved);

/// Reads a whole experiment (variant and --set merged already). `base` is the file as written, to tell the options of a method
/// that an override replaced from mistakes. Relative paths are resolved against `folder`. Throws ConfigError with all faults.
Plan read_plan(const Table& root, const Table& base, const std::string& variant, const std::string& folder,
               const std::string& file);

/// The keys of one table of the experiment file, as docs/experiment-file.md prints them.
struct TableDoc {
  std::string title;  ///< "[federation]"
  std::string help;
  std::vector<OptionDoc> options;
};
/// All tables and keys, by reading a file that is not there. The options of methods and rules are those of `describe`.
std::vector<TableDoc> experiment_file_docs();

}  // namespace tocsin::lab
