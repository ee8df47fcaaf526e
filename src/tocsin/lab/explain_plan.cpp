// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/explain_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tocsin/core/errors.h"

namespace tocsin::lab {
namespace {
Value words(std::initializer_list<const char*> list) {
  Array array;
  for (const char* word : list) array.emplace_back(std::string(word));
  return Value(std::move(array));
}

/// Calls use(element) for each element of an array under `key`, or of `fallback`.
template <class Use>
void each_element(Options& options, std::string_view key, std::string_view type, const Value& fallback, std::string_view help,
                  Use&& use) {
  const Value* given = options.raw(key, type, fallback, help);
  if (given == nullptr) given = &fallback;
  const Array* array = given->as<Array>();
  if (array == nullptr) return options.fault(key, fmt::format("'{}' must be an array, got {}", key, given->kind()));
  if (array->empty()) options.fault(key, fmt::format("'{}' must not be empty", key));
  for (const Value& element : *array) use(element);
}

void read_neurons(Options& options, ExplainPlan& plan) {
  each_element(options, "neurons", "\"own\", \"label\", \"target\" or \"class:<k>\", a list of them", words({"own", "label"}),
               "which neuron a map is about: the model's prediction, the true class, the attacker's class, or one class",
               [&](const Value& element) {
                 const std::string* word = element.as<std::string>();
                 const auto mode = word == nullptr ? std::nullopt : explain::neuron_mode(*word);
                 if (mode) {
                   if (std::find(plan.neurons.begin(), plan.neurons.end(), *mode) != plan.neurons.end())
                     options.fault("neurons", fmt::format("neuron '{}' is listed twice", *word));
                   plan.neurons.push_back(*mode);
                 } else
                   options.fault("neurons", fmt::format("a neuron is \"own\", \"label\", \"target\" or \"class:<k>\", got {}",
                                                        word == nullptr ? std::string(element.kind())
                                                                        : fmt::format("'{}'", printable(*word))));
               });
}

void read_rounds(Options& options, ExplainPlan& plan) {
  each_element(options, "rounds", "rounds and \"last\", a list of them", words({"last"}),
               "rounds after which the run keeps its model, and that of the round before", [&](const Value& element) {
                 const auto* round = element.as<std::int64_t>();
                 const auto* word = element.as<std::string>();
                 if (round != nullptr && *round >= 1)
                   plan.rounds.push_back(static_cast<std::size_t>(*round));
                 else if (word != nullptr && *word == "last")
                   plan.rounds.push_back(kLastRound);
                 else
                   options.fault("rounds", "a round is a count from 1, or \"last\"");
               });
}

void read_similarities(Options& options, ExplainPlan& plan) {
  std::vector<std::string> known;
  for (const explain::Similarity& one : explain::similarities()) known.emplace_back(one.name);
  each_element(options, "similarities", "names, a list of them", words({"ssim_drawn", "pearson", "spearman"}),
               "how alike two maps are (`tocsin list similarities`)", [&](const Value& element) {
                 const std::string* name = element.as<std::string>();
                 const auto* found = name == nullptr ? nullptr : explain::find_similarity(*name);
                 if (found != nullptr) {
                   if (std::find(plan.similarities.begin(), plan.similarities.end(), found) != plan.similarities.end())
                     options.fault("similarities", fmt::format("similarity '{}' is listed twice", *name));
                   plan.similarities.push_back(found);
                 } else
                   options.fault("similarities", name == nullptr ? fmt::format("a similarity is a name, got {}", element.kind())
                                                                 : unknown_name("similarity", *name, known));
               });
}

void read_methods(Options& options, ExplainPlan& plan) {
  std::set<std::string> labels;
  for (Options& listed : options.tables("methods",
                                        "methods in the place of the preset's: names, or { name, label, ... } (`tocsin list "
                                        "methods`)")) {
    std::optional<explain::MethodUse> use = explain::read_method(listed);
    if (!use) continue;
    if (!labels.insert(use->label).second)
      listed.fault(listed.has("label") ? "label" : "name", fmt::format("method '{}' is listed twice", use->label),
                   "give one of them another label = \"...\"");
    plan.methods.push_back(std::move(*use));
  }
}
}  // namespace

std::vector<explain::MethodUse> ExplainPlan::methods_for(const nn::Architecture& architecture, bool negative_inputs) const {
  if (methods.empty()) return paper ? explain::paper_methods(library) : explain::sane_methods(architecture, negative_inputs);
  for (const explain::MethodUse& use : methods) use.method->check(architecture, negative_inputs);
  return methods;
}

ExplainPlan read_explain(Options& options) {
  ExplainPlan plan;
  plan.paper =
      options.word("preset", {.fallback = "sane",
                              .words = {"sane", "paper"},
                              .help = "the methods done right, or what the published script drew, traps and all"}) == "paper";
  const std::string library =
      options.word("library", {.fallback = "1.0.4",
                               .words = {"1.0.4", "1.0.5", "1.0.6"},
                               .help = "preset \"paper\": the version of the published script's library, which it does not pin"});
  plan.library = library == "1.0.5"   ? explain::PublishedLibrary::v1_0_5
                 : library == "1.0.6" ? explain::PublishedLibrary::v1_0_6
                                      : explain::PublishedLibrary::v1_0_4;
  read_methods(options, plan);
  read_neurons(options, plan);
  read_rounds(options, plan);
  plan.every =
      options.count("every", {.fallback = 0, .help = "record maps of the attacker's images every so many rounds; 0: never"});
  plan.engine.precision =
      options.word("precision",
                   {.fallback = "float32", .words = {"float32", "float64"}, .help = "of the walks through the network"}) ==
              "float64"
          ? nn::Precision::float64
          : nn::Precision::float32;
  Options images = options.table("images", "how many images stand beside the attacker's targets");
  const auto images_of = [&](std::string_view key, std::size_t fallback, std::string_view help) {
    return images.count(key, {.fallback = fallback, .at_most = 100'000, .help = help});
  };
  plan.images.same_class = images_of("same_class", plan.images.same_class, "of the targets' true classes");
  plan.images.target_class = images_of("target_class", plan.images.target_class, "of the attacker's classes");
  plan.images.other = images_of("other", plan.images.other, "of all classes, as many of each");
  Options compare = options.table("compare", "how two sets of runs are compared");
  read_similarities(compare, plan);
  plan.margin = compare.number("margin", {.fallback = plan.margin,
                                          .at_least = 0.0,
                                          .at_most = 0.49,
                                          .above = true,
                                          .help = "how far from .5 an AUC may lie and still be called alike"});
  plan.resamples = compare.count(
      "resamples", {.fallback = plan.resamples, .at_least = 100, .at_most = 1'000'000, .help = "of the bootstrap of an interval"});
  plan.benign =
      compare.text("benign", {.fallback = "", .help = "variant whose runs `tocsin reproduce` compares; empty: it compares none"});
  plan.attacked = compare.text("attacked", {.fallback = "", .help = "variant it compares them with"});
  plan.sham = compare.text("sham", {.fallback = "", .help = "variant of the control, or empty"});
  if (plan.benign.empty() != plan.attacked.empty()) compare.fault("benign", "benign and attacked are given together");
  plan.seed = compare.count("seed", {.fallback = 1, .help = "of images, noise, random models and resamples"});
  plan.engine.seed = plan.seed;
  plan.places = {options.place(), options.place("methods"), options.place("neurons"), options.place("images"),
                 options.place("compare")};
  return plan;
}

void check_explain(const ExplainPlan& plan, const nn::Architecture& architecture, const data::Dataset& test, bool has_targets,
                   Faults& faults) {
  if (test.classes == 0)
    return faults.add(plan.places.table, fmt::format("explanations need class labels, and {} has none", printable(test.name)));
  for (const explain::NeuronMode& mode : plan.neurons)
    if (mode.kind == explain::NeuronMode::Kind::named && mode.index >= architecture.outputs())
      faults.add(plan.places.neurons, fmt::format("there is no neuron {}: the network has {}", mode.index, architecture.outputs()));
  const ImageCounts& images = plan.images;
  if (!has_targets && images.other == 0)
    faults.add(plan.places.images, "there is no image to explain: no attack has targets, and other = 0", "other = 100");
  try {
    (void)plan.methods_for(architecture, data::has_negative(test));
  } catch (const std::invalid_argument& error) {
    faults.add(plan.places.methods, error.what());
  }
}

std::vector<std::size_t> kept_rounds(const ExplainPlan& plan, std::size_t rounds) {
  std::set<std::size_t> kept;
  for (const std::size_t asked : plan.rounds) {
    const std::size_t round = asked == kLastRound ? rounds : asked;
    for (const std::size_t one : {round, round - 1})
      if (one >= 1 && one <= rounds) kept.insert(one);
  }
  return {kept.begin(), kept.end()};
}

std::string model_file(std::size_t round) { return fmt::format("models/round-{:06}.safetensors", round); }

}  // namespace tocsin::lab
