// SPDX-License-Identifier: Apache-2.0
#include "tocsin/data/synthetic_plan.h"

#include "tocsin/data/synthetic.h"

namespace tocsin::data {
namespace {

constexpr std::size_t kMostMade = std::size_t{1} << 31;

void put(Table& settings, const char* key, std::size_t value) { settings.set(key, {}, Value(static_cast<std::int64_t>(value))); }
void put(Table& settings, const char* key, double value) { settings.set(key, {}, Value(value)); }
void get(const Table& settings, const char* key, std::size_t& value) {
  const Value* const found = settings.find(key);
  if (found == nullptr) return;
  const std::int64_t* const number = found->as<std::int64_t>();
  require(number != nullptr && *number >= 0, "source: {} must be a count", key);
  value = static_cast<std::size_t>(*number);
}
void get(const Table& settings, const char* key, double& value) {
  const Value* const found = settings.find(key);
  if (found == nullptr) return;
  const double* const number = found->as<double>();
  require(number != nullptr, "source: {} must be a number", key);
  value = *number;
}

/// Calls visit(key, field) for each field, so that reading, keeping and restoring the settings cannot disagree.
template <class Visit>
void visit_fields(QuadraticOptions& options, Visit&& visit) {
  visit("features", options.features);
  visit("samples", options.samples);
  visit("noise", options.noise);
  visit("condition", options.condition);
}
template <class Visit>
void visit_fields(BlobOptions& options, Visit&& visit) {
  visit("classes", options.classes);
  visit("features", options.features);
  visit("samples", options.samples);
  visit("spread", options.spread);
  visit("separation", options.separation);
}

std::size_t read_samples(Options& options, std::size_t fallback) {
  return options.count(
      "samples",
      {.fallback = fallback, .at_least = 2, .at_most = kMostMade, .help = "made for training; the test part has a fifth of that"});
}
std::size_t read_features(Options& options, std::size_t fallback) {
  return options.count("features", {.fallback = fallback, .at_least = 1, .at_most = 65536, .help = "numbers a sample"});
}

QuadraticOptions read_quadratic(Options& options) {
  QuadraticOptions made;
  made.features = read_features(options, made.features);
  made.samples = read_samples(options, made.samples);
  made.noise = options.number(
      "noise",
      {.fallback = made.noise, .at_least = 0.0, .at_most = 1e6, .help = "standard deviation of the targets around the truth"});
  made.condition = options.number(
      "condition",
      {.fallback = made.condition, .at_least = 1.0, .at_most = 1e12, .help = "largest variance of a feature over the smallest"});
  return made;
}

BlobOptions read_blobs(Options& options) {
  BlobOptions made;
  made.classes = options.count("classes", {.fallback = made.classes, .at_least = 2, .at_most = 10000, .help = "number of classes"});
  made.features = read_features(options, made.features);
  made.samples = read_samples(options, made.samples);
  made.spread = options.number(
      "spread", {.fallback = made.spread, .at_least = 0.0, .at_most = 1e6, .help = "standard deviation around each center"});
  made.separation = options.number("separation", {.fallback = made.separation,
                                                  .at_least = 0.0,
                                                  .at_most = 1e6,
                                                  .above = true,
                                                  .help = "distance of the centers from the origin"});
  if (made.features == 1 && made.classes > 2)
    options.fault("classes", fmt::format("classes = {}, but one feature has room for 2", made.classes), "set features = 2 or more");
  if (made.samples < made.classes)
    options.fault("samples", fmt::format("samples = {} is fewer than classes = {}", made.samples, made.classes));
  return made;
}

template <class Made>
Table settings_of(Made made) {
  Table settings;
  visit_fields(made, [&](const char* key, auto value) { put(settings, key, value); });
  return settings;
}

/// What a synthetic problem will hold must fit as well.
void check_size(Options& options, std::size_t samples, std::size_t features) {
  if (samples > kMostMade / features)
    options.fault("samples", fmt::format("{} samples of {} features are more than {} numbers", samples, features, kMostMade));
}

/// Options as `settings` say.
template <class Made>
Made made_of(const Table& settings) {
  Made made;
  visit_fields(made, [&](const char* key, auto& value) { get(settings, key, value); });
  return made;
}

}  // namespace

bool is_synthetic(std::string_view name) { return name == "quadratic" || name == "blobs"; }

SyntheticPlan read_synthetic(std::string_view name, Options& options) {
  require(is_synthetic(name), "synthetic: unknown problem '{}'", name);
  if (name == "quadratic") {
    const QuadraticOptions made = read_quadratic(options);
    check_size(options, made.samples, made.features);
    return {settings_of(made), 0};
  }
  const BlobOptions made = read_blobs(options);
  check_size(options, made.samples, made.features);
  return {settings_of(made), made.classes};
}

void read_every_synthetic(Options& options) {
  read_quadratic(options);
  read_blobs(options);
}

Problem make_synthetic(std::string_view name, const Table& settings, const Stream& stream) {
  require(is_synthetic(name), "synthetic: unknown problem '{}'", name);
  return name == "quadratic" ? quadratic(made_of<QuadraticOptions>(settings), stream)
                             : blobs(made_of<BlobOptions>(settings), stream);
}

}  // namespace tocsin::data
