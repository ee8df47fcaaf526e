// SPDX-License-Identifier: Apache-2.0
// Made-up problems. Sums, products and square roots in double and the stable functions of core: the same bits on every machine.
// Targets are computed from the features as stored (float), so that the closed form belongs to the very data.
#include "tocsin/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tocsin/core/errors.h"

namespace tocsin::data {
namespace {

constexpr std::size_t kCandidates = 64;

/// Standard deviation of each feature.
std::vector<double> deviations(const QuadraticOptions& options) {
  std::vector<double> result(options.features, 1.0);
  const double log_condition = stable_log(options.condition);
  for (std::size_t j = 1; j < options.features; ++j)
    result[j] = std::sqrt(stable_exp(-log_condition * static_cast<double>(j) / static_cast<double>(options.features - 1)));
  return result;
}

std::shared_ptr<const Dataset> regression(const QuadraticOptions& options, std::size_t samples, const std::vector<double>& truth,
                                          const Stream& stream) {
  auto made = std::make_shared<Dataset>();
  made->name = "quadratic";
  made->shape = {options.features, 1, 1};
  made->outputs = 1;
  made->values.reserve(samples * options.features);
  made->targets.reserve(samples);
  const std::vector<double> deviation = deviations(options);
  Draws features(stream.at("features")), noise(stream.at("noise"));
  for (std::size_t i = 0; i < samples; ++i) {
    double target = 0.0;
    for (std::size_t j = 0; j < options.features; ++j) {
      made->values.push_back(static_cast<float>(features.normal() * deviation[j]));
      target += static_cast<double>(made->values.back()) * truth[j];
    }
    made->targets.push_back(static_cast<float>(target + options.noise * noise.normal()));
  }
  return made;
}

double squared_distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sum;
}

/// A random point of the unit sphere.
std::vector<double> direction(std::size_t features, Draws& draws) {
  std::vector<double> point(features);
  double square = 0.0;
  while (square <= 0.0) {
    square = 0.0;
    for (double& x : point) {
      x = draws.normal();
      square += x * x;
    }
  }
  for (double& x : point) x /= std::sqrt(square);
  return point;
}

void check(const BlobOptions& options) {
  require(options.classes >= 2, "blobs: needs at least 2 classes, got {}", options.classes);
  require(options.features >= 1, "blobs: needs at least 1 feature");
  require(options.features >= 2 || options.classes == 2, "blobs: one feature has room for 2 classes, got {}", options.classes);
  require(options.samples >= options.classes, "blobs: {} samples of {} classes", options.samples, options.classes);
  require(options.spread >= 0 && std::isfinite(options.spread), "blobs: spread must be at least 0, got {}", options.spread);
  require(options.separation > 0 && std::isfinite(options.separation), "blobs: separation must be positive, got {}",
          options.separation);
}

std::shared_ptr<const Dataset> blob_part(const BlobOptions& options, std::size_t samples, const std::vector<double>& centres,
                                         const Stream& stream) {
  auto made = std::make_shared<Dataset>();
  made->name = "blobs";
  made->shape = {options.features, 1, 1};
  made->classes = options.classes;
  made->values.reserve(samples * options.features);
  Draws draws(stream);
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t k = i % options.classes;
    made->labels.push_back(static_cast<std::int32_t>(k));
    for (std::size_t j = 0; j < options.features; ++j)
      made->values.push_back(static_cast<float>(centres[k * options.features + j] + options.spread * draws.normal()));
  }
  return made;
}

/// Solves a x = b for a symmetric positive definite `a` [n, n] by Cholesky, in place.
std::vector<double> solve(std::vector<double>& a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t j = 0; j < n; ++j) {
    const double before = a[j * n + j];
    for (std::size_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j) {
        const double least = static_cast<double>(n) * std::numeric_limits<double>::epsilon() * before;
        require(sum > least, "least_squares: the samples do not determine weight {}", j);
        a[j * n + j] = std::sqrt(sum);
      } else {
        a[i * n + j] = sum / a[j * n + j];
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

}  // namespace

std::vector<double> true_weights(const QuadraticOptions& options, const Stream& stream) {
  std::vector<double> weights(options.features);
  Draws draws(stream.at("truth"));
  for (double& weight : weights) weight = draws.normal();
  return weights;
}

Problem quadratic(const QuadraticOptions& options, const Stream& stream) {
  require(options.features >= 1 && options.samples >= 1, "quadratic: needs features and samples, got {} and {}", options.features,
          options.samples);
  require(options.noise >= 0 && std::isfinite(options.noise), "quadratic: noise must be at least 0, got {}", options.noise);
  require(options.condition >= 1 && std::isfinite(options.condition), "quadratic: condition must be at least 1, got {}",
          options.condition);
  const std::vector<double> truth = true_weights(options, stream);
  Problem problem;
  problem.train = regression(options, options.samples, truth, stream.at("train"));
  problem.test = regression(options, std::max<std::size_t>(1, options.samples / 5), truth, stream.at("test"));
  return problem;
}

std::vector<double> least_squares(const Dataset& data, std::span<const std::uint32_t> samples) {
  require(data.classes == 0 && data.outputs == 1, "least_squares: needs a regression of one output");
  const std::size_t n = data.shape.features();
  std::vector<double> x(n), gram(n * n, 0.0), moment(n, 0.0);
  for (const std::uint32_t sample : samples) {
    gather(data, {&sample, 1}, x);
    require(sample < data.targets.size(), "least_squares: sample {} has no target", sample);
    const double y = static_cast<double>(data.targets[sample]);
    for (std::size_t i = 0; i < n; ++i) {
      moment[i] += x[i] * y;
      for (std::size_t j = 0; j <= i; ++j) gram[i * n + j] += x[i] * x[j];
    }
  }
  return solve(gram, std::move(moment));
}

std::vector<double> blob_centers(const BlobOptions& options, const Stream& stream) {
  check(options);
  Draws draws(stream.at("centres"));
  std::vector<double> centres;  // on the unit sphere until the end
  for (std::size_t k = 0; k < options.classes; ++k) {
    std::vector<double> best;
    double best_distance = -1.0;
    for (std::size_t t = 0; t < (k == 0 ? 1 : kCandidates); ++t) {
      const std::vector<double> candidate = direction(options.features, draws);
      double nearest = std::numeric_limits<double>::infinity();
      for (std::size_t j = 0; j < k; ++j)
        nearest =
            std::min(nearest, squared_distance(candidate, std::span(centres).subspan(j * options.features, options.features)));
      if (nearest <= best_distance) continue;
      best_distance = nearest;
      best = candidate;
    }
    centres.insert(centres.end(), best.begin(), best.end());
  }
  for (double& x : centres) x *= options.separation;
  return centres;
}

Problem blobs(const BlobOptions& options, const Stream& stream) {
  const std::vector<double> centres = blob_centers(options, stream);
  Problem problem;
  problem.train = blob_part(options, options.samples, centres, stream.at("train"));
  problem.test = blob_part(options, std::max(options.classes, options.samples / 5), centres, stream.at("test"));
  return problem;
}

double bayes_accuracy(const BlobOptions& options, const Stream& stream, const Dataset& test) {
  const std::vector<double> centres = blob_centers(options, stream);
  require(test.shape.features() == options.features && test.classes == options.classes, "bayes_accuracy: another problem's data");
  std::vector<double> x(options.features);
  std::size_t right = 0;
  for (std::uint32_t i = 0; i < test.size(); ++i) {
    gather(test, {&i, 1}, x);
    std::size_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < options.classes; ++k) {
      const double distance = squared_distance(x, std::span(centres).subspan(k * options.features, options.features));
      if (distance < least) {
        least = distance;
        nearest = k;
      }
    }
    if (static_cast<std::size_t>(test.labels[i]) == nearest) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(test.size());
}

}  // namespace tocsin::data
