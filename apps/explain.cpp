// SPDX-License-Identifier: Apache-2.0
// tocsin explain RUN...: the paper's figure of recorded models; tocsin explain --network ...: maps of any network.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "explain_flags.h"
#include "failure.h"
#include "out_folder.h"
#include "terminal.h"
#include "tocsin/explain/plane.h"
#include "tocsin/explain/registry.h"
#include "tocsin/lab/explain_figures.h"
#include "tocsin/lab/explained_images.h"
#include "tocsin/lab/explained_network.h"
#include "tocsin/lab/recorded_run.h"
#include "tocsin/lab/runner.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;

explain::NeuronMode mode_of(const CommandLine& line) {
  if (line.neuron.empty()) return {};
  if (const auto mode = explain::neuron_mode(line.neuron)) return *mode;
  throw RunError(Exit::usage, fmt::format("--neuron is own, label, target or class:<k>, got '{}'", printable(line.neuron)));
}

/// The neuron asked for, which the network and the images must have.
explain::NeuronMode mode_for(const CommandLine& line, const explain::Images& images, std::size_t outputs) {
  using Kind = explain::NeuronMode::Kind;
  const explain::NeuronMode mode = mode_of(line);
  if (mode.kind == Kind::named && mode.index >= outputs)
    throw RunError(Exit::usage, fmt::format("--neuron: there is no neuron {}: the network has {}", mode.index, outputs));
  if (mode.kind == Kind::label && images.labels.empty())
    throw RunError(Exit::config, "--neuron: label needs labels, and these inputs have none", "own is the model's prediction");
  const auto has_target = [](std::int32_t wanted) { return wanted >= 0; };
  if (mode.kind == Kind::target && std::none_of(images.wanted.begin(), images.wanted.end(), has_target))
    throw RunError(Exit::config, "--neuron: target needs images that an attack aims at, and there are none here",
                   "own is the model's prediction");
  return mode;
}

/// The plan of [explain] as the flags change it; --set addresses options of methods here.
lab::ExplainPlan plan_of(const CommandLine& line, const lab::Plan* run) {
  lab::ExplainPlan plan = explain_plan(line, run, {});
  if (!line.walk_precision.empty())
    plan.engine.precision = line.walk_precision == "float64" ? nn::Precision::float64 : nn::Precision::float32;
  if (line.methods.empty()) return plan;
  plan.methods.clear();
  for (const std::string& name : line.methods) {
    if (explain::methods().find(name) == nullptr)
      throw RunError(Exit::usage, "--methods: " + unknown_name("method", name, explain::methods().names()));
    if (std::count(line.methods.begin(), line.methods.end(), name) > 1)
      throw RunError(Exit::usage, fmt::format("--methods: method '{}' is listed twice", name));
    plan.methods.push_back(explain::make_method(name, Table(), "--methods"));
  }
  return plan;
}

std::vector<explain::MethodUse> methods_of(const CommandLine& line, const lab::ExplainPlan& plan,
                                           const nn::Architecture& architecture, bool negative) {
  try {
    std::vector<explain::MethodUse> methods =
        explain::with_settings(plan.methods_for(architecture, negative), line.request.settings);
    for (const explain::MethodUse& use : methods) use.method->check(architecture, negative);
    return methods;
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{Place{"--methods", 0, 0}, error.what(), ""}});
  }
}

std::string answers_csv(const explain::Answers& answers, const explain::Maps& maps, const explain::Images& images,
                        std::size_t outputs) {
  std::string text = "index,neuron,logit,probability,predicted";
  for (std::size_t c = 0; c < outputs; ++c) text += fmt::format(",logit_{}", c);
  text += "\n";
  for (std::size_t i = 0; i < images.size(); ++i) {
    text +=
        fmt::format("{},{},{},{},{}", images.index[i], maps.neuron[i], maps.logit[i], maps.probability[i], answers.predicted[i]);
    for (std::size_t c = 0; c < outputs; ++c) text += fmt::format(",{}", answers.logits[i * outputs + c]);
    text += "\n";
  }
  return text;
}

void say(const CommandLine& line, const OutFolder& out, const std::string& head) {
  if (line.json) {
    std::fputs((Json{{"written", out.written()}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stdout);
    return;
  }
  std::string text = head;
  for (const std::string& file : out.written()) text += fmt::format("  {}\n", printable(file, 4096));
  std::fputs(text.c_str(), stdout);
}

std::vector<explain::Maps> explained(explain::Explainer& explainer, const explain::Images& images,
                                     const std::vector<explain::MethodUse>& methods, const explain::NeuronMode& mode) {
  try {
    return explainer.explain(images, methods, mode);
  } catch (const std::invalid_argument& error) {
    throw RunError(Exit::config, error.what());
  }
}

void refuse_flags_of_runs(const CommandLine& line) {
  if (!line.groups.empty()) refuse_idle("--images", "the inputs of --input are explained, all of them");
  if (line.round > 0) refuse_idle("--round", "a network without a run has no rounds");
  if (line.shared_scale) refuse_idle("--shared-scale", "pair grids are of two runs");
}

/// What the network says to the inputs. Throws DataError where that is beyond the numbers of the walks.
explain::Answers answers_of(const CommandLine& line, explain::Explainer& explainer, const explain::Images& images,
                            nn::Precision precision) {
  explain::Answers answers = explainer.answer(images);
  const auto is_finite = [](double logit) { return std::isfinite(logit); };
  const auto found = std::find_if_not(answers.logits.begin(), answers.logits.end(), is_finite);
  if (found == answers.logits.end()) return answers;
  const std::size_t outputs = answers.logits.size() / images.size();
  const std::size_t at = static_cast<std::size_t>(found - answers.logits.begin());
  throw DataError(
      line.input, std::nullopt,
      fmt::format("row {}: the network's logit {} is not finite in {}", at / outputs, at % outputs, nn::text(precision)),
      precision == nn::Precision::float64 ? "" : "try --precision float64");
}

int explain_network(const CommandLine& line) {
  for (const auto& [flag, value] :
       {std::pair{"--network", &line.network_file}, {"--weights", &line.weights}, {"--input", &line.input}})
    if (value->empty())
      throw RunError(Exit::usage, fmt::format("{} is needed to explain a network without a run", flag),
                     "see tocsin explain --help");
  if (!line.names.empty()) throw RunError(Exit::usage, "give runs, or --network with --weights and --input, not both");
  refuse_flags_of_runs(line);
  OutFolder out(line.out);
  const lab::ExplainPlan plan = plan_of(line, nullptr);
  const lab::ExplainedNetwork network = lab::read_network(line.network_file, line.weights, line.input, plan.engine.precision);
  const explain::NeuronMode mode = mode_for(line, network.images, network.architecture.outputs());
  const std::vector<explain::MethodUse> methods = methods_of(line, plan, network.architecture, network.images.has_negative());
  warn_of_environment(line.json);
  Workers workers(std::min(lab::usable_workers(line.workers), nn::prepare_libraries()), nn::prepare_thread);
  explain::Explainer explainer({network.architecture, network.parameters.rows()}, plan.engine, &workers);
  const explain::Answers answers = answers_of(line, explainer, network.images, plan.engine.precision);
  const std::vector<explain::Maps> maps = explained(explainer, network.images, methods, mode);
  for (std::size_t m = 0; m < methods.size(); ++m)
    out.write(methods[m].label + ".npy", lab::npy_of(maps[m], network.architecture.input()));
  out.write("answers.csv", answers_csv(answers, maps.front(), network.images, network.architecture.outputs()));
  say(line, out, fmt::format("{} inputs, neuron {}, {} methods\n", network.images.size(), text(mode), methods.size()));
  return 0;
}

/// The samples that --images names.
std::vector<std::uint32_t> samples_of(const CommandLine& line, const lab::ExplainPlan& plan, const data::Dataset& test,
                                      const std::vector<attack::Target>& targets) {
  const std::vector<std::string> known{"target", "same_class", "target_class", "other"};
  for (const std::string& group : line.groups)
    if (std::find(known.begin(), known.end(), group) == known.end())
      throw RunError(Exit::usage, unknown_name("group of image", group, known));
  if (line.groups.empty()) return lab::shown_images(test, targets);
  std::vector<std::uint32_t> samples;
  for (const lab::ImageGroup& group : lab::choose_images(test, targets, plan.images, plan.seed))
    if (std::find(line.groups.begin(), line.groups.end(), group.name) != line.groups.end())
      samples.insert(samples.end(), group.samples.begin(), group.samples.end());
  if (samples.empty()) throw RunError(Exit::config, fmt::format("the runs have no images of: {}", joined(line.groups)));
  return samples;
}

/// Those of the first run that has some. Throws RunError(Exit::mismatch) for runs of other data or networks.
std::vector<attack::Target> targets_of(const std::vector<lab::RecordedRun>& runs, lab::DataShelf& shelf) {
  std::vector<attack::Target> targets;
  for (const lab::RecordedRun& run : runs) {
    for (const std::string& key : lab::differing_keys(runs.front().plan(), run.plan()))
      if (key.starts_with("data.") || key.starts_with("model."))
        throw RunError(Exit::mismatch, fmt::format("{} and {} differ in {}: they cannot stand in one figure", runs.front().name(),
                                                   run.name(), key));
    if (targets.empty()) targets = lab::make_setting(run.plan(), shelf.get(run.plan())).targets;
  }
  return targets;
}

struct KeptModel {
  std::string name;
  std::size_t round = 0;
  Updates parameters;
};

/// The model of every run, read before anything is written: a damaged one leaves no half of an answer.
std::vector<KeptModel> models_of(const CommandLine& line, const lab::ExplainPlan& plan, const std::vector<lab::RecordedRun>& runs,
                                 const Layout& layout) {
  std::vector<KeptModel> models;
  for (const lab::RecordedRun& run : runs) {
    const std::size_t round = run.round(asked_round(line, plan, run));
    models.push_back({run.name(), round, run.model(round, layout)});
  }
  return models;
}

/// Figures and maps of each model; of two a pair grid. `group` names the images in files.
void write_figures(OutFolder& out, const lab::FigureSubject& subject, const std::vector<lab::ModelMaps>& models,
                   const std::string& group, explain::Scaling scaling) {
  const std::string shown = fmt::format("{}-{}", group, text(subject.mode));
  std::vector<std::size_t> rows(subject.images.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (const lab::ModelMaps& model : models) {
    for (const lab::FigureFile& file : lab::model_figure(subject, model, rows, fmt::format("explain_{}_{}", model.name, shown)))
      out.write(file.name, file.bytes);
    for (std::size_t m = 0; m < subject.methods.size(); ++m)
      out.write(fmt::format("maps/{}/{}-{}.npy", model.name, subject.methods[m].label, text(subject.mode)),
                lab::npy_of(model.maps[m], subject.architecture.input()));
  }
  if (models.size() == 2)
    for (const lab::FigureFile& file :
         lab::pair_figure(subject, models[0], models[1], rows, scaling, fmt::format("pair_{}_{}", models[1].name, shown)))
      out.write(file.name, file.bytes);
}

int explain_runs(const CommandLine& line) {
  if (line.shared_scale && line.names.size() != 2) refuse_idle("--shared-scale", "pair grids are of two runs");
  OutFolder out(line.out);
  std::vector<lab::RecordedRun> runs = opened(line.names);
  lab::RecordedRun::tell_apart({&runs});
  lab::DataShelf shelf;
  const lab::Plan& first = runs.front().plan();
  const lab::Setting setting = lab::make_setting(first, shelf.get(first));
  const data::Dataset& test = *setting.problem.test;
  if (line.shared_scale && !explain::is_spatial(test.shape)) refuse_idle("--shared-scale", "pair grids are of images");
  const std::vector<attack::Target> targets = targets_of(runs, shelf);
  const lab::ExplainPlan plan = plan_of(line, &first);
  const std::vector<explain::MethodUse> methods = methods_of(line, plan, setting.architecture, data::has_negative(test));
  const explain::Images images = lab::images_of(test, samples_of(line, plan, test, targets), targets);
  const explain::NeuronMode mode = mode_for(line, images, setting.architecture.outputs());
  const std::vector<KeptModel> kept = models_of(line, plan, runs, setting.architecture.layout());

  warn_of_environment(line.json);
  Workers workers(std::min(lab::usable_workers(line.workers), nn::prepare_libraries()), nn::prepare_thread);
  std::vector<lab::ModelMaps> models;
  for (const KeptModel& model : kept) {
    explain::Explainer explainer({setting.architecture, model.parameters.rows(), model.name}, plan.engine, &workers);
    models.push_back({model.name, model.round, explainer.answer(images), explained(explainer, images, methods, mode)});
  }
  const std::string group = line.groups.empty() ? (targets.empty() ? "first" : "target") : joined(line.groups, "-");
  write_figures(out, {plan, methods, setting.architecture, images, test.class_names, mode}, models, group,
                line.shared_scale ? explain::Scaling::shared : explain::Scaling::own);
  std::string head;
  for (const lab::ModelMaps& model : models) head += fmt::format("{}, model after round {}\n", model.name, model.round);
  say(line, out, head + fmt::format("{} images, {} methods, neuron {}\n", images.size(), methods.size(), text(mode)));
  return 0;
}
}  // namespace

int explain(const CommandLine& line) {
  if (!line.network_file.empty() || !line.weights.empty() || !line.input.empty()) return explain_network(line);
  if (line.names.empty())
    throw RunError(Exit::usage, "what is to be explained? Give directories of runs, or --network, --weights and --input",
                   "see tocsin explain --help");
  return explain_runs(line);
}

}  // namespace tocsin::apps
