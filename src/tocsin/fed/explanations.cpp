// SPDX-License-Identifier: Apache-2.0
#include "tocsin/fed/explanations.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/explain/plane.h"
#include "tocsin/explain/registry.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::fed {
namespace {
using explain::MethodUse;
using explain::Similarity;

explain::ExplainOptions options_of(const ExplanationQuestion& question, nn::Precision precision) {
  return {.precision = precision == nn::Precision::float64 ? nn::Precision::float64 : nn::Precision::float32,
          .chunk = std::min(question.images, explain::ExplainOptions{}.chunk)};
}

/// The likeness [models, models] of the maps [models] of one image, drawn with both signs.
void compare(const std::vector<std::vector<double>>& maps, const data::Shape& shape, const Similarity& similarity,
             std::span<double> likeness) {
  const std::size_t n = maps.size();
  std::vector<explain::Plane> planes;
  for (const std::vector<double>& map : maps) planes.emplace_back(map, shape, explain::kSeismic, similarity.sorted);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j)
      likeness[i * n + j] = likeness[j * n + i] = explain::alike(similarity, planes[i], planes[j]);
}
}  // namespace

std::vector<std::uint32_t> part_of_hold_out(const Parts& parts, std::size_t samples) {
  const std::vector<std::uint32_t>& all = parts.validation_samples;
  if (samples >= all.size()) return all;
  std::vector<std::uint32_t> chosen = choice(all.size(), samples, parts.root.at("hold-out subset"));
  for (std::uint32_t& sample : chosen) sample = all[sample];
  return chosen;
}

FleetExplanations::FleetExplanations(const Parts& parts, Element element, std::stop_token stop)
    : parts_(parts), element_(element), stop_(std::move(stop)) {}

std::vector<double> FleetExplanations::likeness(std::size_t models, const std::function<void(std::size_t, Rows)>& make,
                                                const ExplanationQuestion& question) const {
  check_names(question);
  const nn::Architecture& architecture = *parts_.architecture;
  const Similarity& similarity = *explain::find_similarity(question.similarity);
  const std::vector<MethodUse> methods{explain::make_method(question.method, "", "detector")};
  const std::vector<std::uint32_t> samples = part_of_hold_out(parts_, question.images);
  const explain::Images images = explain::gathered(*parts_.validation_data, samples, parts_.training.precision);
  const explain::ExplainOptions options = options_of(question, parts_.training.precision);
  const explain::NeuronMode mode{question.own_neuron ? explain::NeuronMode::Kind::own : explain::NeuronMode::Kind::label};

  Workers* const workers = parts_.fleet->workers();
  struct Place {
    Updates model;
    std::unique_ptr<explain::Explainer> explainer;
  };
  std::vector<Place> places(workers == nullptr ? 1 : workers->count());
  std::vector<std::vector<std::vector<double>>> maps(samples.size(), std::vector<std::vector<double>>(models));
  for_each(workers, models, [&](std::size_t worker, std::size_t k) {
    if (stop_.stop_requested()) throw Interrupted();
    Place& place = places[worker];
    if (!place.explainer) place.model = Updates(1, architecture.parameters(), element_);
    make(k, place.model.rows());
    const explain::Explained model{.architecture = architecture, .parameters = std::as_const(place.model).rows()};
    if (place.explainer)
      place.explainer->load(model);
    else
      place.explainer = std::make_unique<explain::Explainer>(model, options);
    const std::vector<explain::Maps> made = place.explainer->explain(images, methods, mode);
    for (std::size_t image = 0; image < samples.size(); ++image) maps[image][k] = made[0].values.rows().row(image);
  });
  std::vector<double> likeness(samples.size() * models * models, std::numeric_limits<double>::quiet_NaN());
  for_each(workers, samples.size(), [&](std::size_t, std::size_t image) {
    if (stop_.stop_requested()) throw Interrupted();
    compare(maps[image], architecture.input(), similarity, std::span(likeness).subspan(image * models * models, models * models));
  });
  return likeness;
}

/// The refusals list all names.
void check_names(const ExplanationQuestion& question) {
  const std::vector<std::string> methods = explain::methods().names();
  require(explain::methods().find(question.method) != nullptr, "{}",
          unknown_name("method", question.method, methods, methods.size()));
  std::vector<std::string> names;
  for (const Similarity& similarity : explain::similarities()) names.emplace_back(similarity.name);
  require(explain::find_similarity(question.similarity) != nullptr, "{}",
          unknown_name("similarity", question.similarity, names, names.size()));
}

void check_fits(const ExplanationQuestion& question, const nn::Architecture& architecture, bool negative_inputs) {
  check_names(question);
  explain::make_method(question.method, "", "detector").method->check(architecture, negative_inputs);
  require(!explain::find_similarity(question.similarity)->spatial || explain::is_spatial(architecture.input()),
          "similarity {} compares neighbours, and the input is a table of {} features", question.similarity,
          architecture.input().features());
}

double passes_of(const ExplanationQuestion& question) {
  check_names(question);
  return 1.0 + 2.0 * explain::make_method(question.method, "", "detector").method->passes();  // the answer, then there and back
}

double footprint(const ExplanationQuestion& question, const nn::Architecture& architecture, nn::Precision precision,
                 std::size_t models, std::size_t workers) {
  const auto real = [](std::size_t n) { return static_cast<double>(n); };
  const double maps = real(question.images) * real(models) * real(architecture.input().features()) * sizeof(double);
  const double pairs = real(question.images) * real(models) * real(models) * sizeof(double);
  return real(workers) * real(explain::footprint(architecture, options_of(question, precision))) + maps + pairs;
}

}  // namespace tocsin::fed
