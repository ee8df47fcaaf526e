// SPDX-License-Identifier: Apache-2.0
#include "tocsin/fed/explanations.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/drawn.h"
#include "tocsin/explain/explainer.h"
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

explain::Images images_of(const data::Dataset& data, std::span<const std::uint32_t> samples, nn::Precision precision) {
  explain::Images images;
  images.inputs.resize(samples.size() * data.shape.features());
  if (precision == nn::Precision::float64) {
    data::gather(data, samples, std::span<double>(images.inputs));
  } else {
    std::vector<float> inputs(images.inputs.size());
    data::gather(data, samples, std::span<float>(inputs));
    std::copy(inputs.begin(), inputs.end(), images.inputs.begin());
  }
  for (const std::uint32_t sample : samples) {
    images.index.push_back(sample);
    images.labels.push_back(data.labels[sample]);
  }
  return images;
}

/// How a map is seen: channels added up, but those of a table, which are its features, side by side.
struct MapShape {
  std::size_t channels, height, width;
  explicit MapShape(const data::Shape& shape) : channels(shape.channels), height(shape.height), width(shape.width) {
    if (height * width == 1) std::swap(channels, width);
  }
  [[nodiscard]] std::size_t cells() const { return height * width; }
};

/// The likeness [models, models] of maps [models][cells] of one image.
void compare(const std::vector<std::vector<double>>& maps, const MapShape& shape, const Similarity& similarity,
             std::span<double> likeness) {
  const std::size_t n = maps.size();
  const bool draws = similarity.name == "ssim_drawn";
  std::vector<std::vector<std::uint8_t>> drawings(n);
  std::vector<explain::Prepared> prepared;
  for (std::size_t i = 0; i < n; ++i) {
    if (draws)
      drawings[i] =
          explain::finite(maps[i]) ? explain::drawn(maps[i], explain::Sign::both) : std::vector<std::uint8_t>(shape.cells());
    const explain::Seen seen{.map = maps[i], .drawn = drawings[i], .height = shape.height, .width = shape.width};
    prepared.push_back(explain::prepared(seen, similarity.sorted));
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      const double one = similarity.measure(prepared[i], prepared[j]);
      likeness[i * n + j] = likeness[j * n + i] = similarity.distance ? -one : one;
    }
}

/// All names are listed: no other place does, at the moment that one is misspelt.
std::string refusal(std::string_view kind, std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string> nearest = nearest_names(name, known);
  return fmt::format("unknown {} '{}'; known: {}{}", kind, printable(name), joined(known),
                     nearest.empty() ? "" : fmt::format("; did you mean '{}'?", joined(nearest, "' or '")));
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
  const explain::Images images = images_of(*parts_.validation_data, samples, parts_.training.precision);
  const explain::ExplainOptions options = options_of(question, parts_.training.precision);
  const explain::NeuronMode mode{question.own_neuron ? explain::NeuronMode::Kind::own : explain::NeuronMode::Kind::label};
  const MapShape shape(architecture.input());

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
    for (std::size_t image = 0; image < samples.size(); ++image)
      maps[image][k] = explain::reduced(made[0].values.rows().row(image), shape.channels, false);
  });
  std::vector<double> likeness(samples.size() * models * models, std::numeric_limits<double>::quiet_NaN());
  for_each(workers, samples.size(), [&](std::size_t, std::size_t image) {
    if (stop_.stop_requested()) throw Interrupted();
    compare(maps[image], shape, similarity, std::span(likeness).subspan(image * models * models, models * models));
  });
  return likeness;
}

void check_names(const ExplanationQuestion& question) {
  const Registry<explain::Method> known = explain::methods();
  require(known.find(question.method) != nullptr, "{}", refusal("method", question.method, known.names()));
  std::vector<std::string> names;
  for (const Similarity& similarity : explain::similarities()) names.emplace_back(similarity.name);
  require(explain::find_similarity(question.similarity) != nullptr, "{}", refusal("similarity", question.similarity, names));
}

void check_fits(const ExplanationQuestion& question, const nn::Architecture& architecture, bool negative_inputs) {
  check_names(question);
  explain::make_method(question.method, "", "detector").method->check(architecture, negative_inputs);
  require(!explain::find_similarity(question.similarity)->spatial || architecture.input().height * architecture.input().width > 1,
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
