// SPDX-License-Identifier: Apache-2.0
// Made-up problems whose optimum is known, so that the whole loop can be checked against a closed form.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

struct QuadraticOptions {
  std::size_t features = 10;
  std::size_t samples = 1000;  ///< of the training part; the test part has a fifth of that, at least 1
  double noise = 0.1;          ///< standard deviation of the targets around the truth
  double condition = 1.0;      ///< ratio of the largest to the smallest feature variance
};
/// Linear regression: x ~ N(0, diag), y = x . w* + noise, loss mean of (prediction - y)^2 / 2. Regression, one output. The
/// variances fall geometrically from 1 to 1 / condition; w* ~ N(0, I) is true_weights(options, stream).
Problem quadratic(const QuadraticOptions& options, const Stream& stream);
/// What the targets of `quadratic` were made from [features].
std::vector<double> true_weights(const QuadraticOptions& options, const Stream& stream);
/// The minimiser over the given samples of a regression data set of one output, without an intercept: solves the normal equations
/// in double by Cholesky [features]. Throws std::invalid_argument if they have no single solution.
std::vector<double> least_squares(const Dataset& data, std::span<const std::uint32_t> samples);

struct BlobOptions {
  std::size_t classes = 3;
  std::size_t features = 2;
  std::size_t samples = 1500;  ///< of the training part; the test part has a fifth of that, at least one a class
  double spread = 1.0;         ///< standard deviation around each centre
  double separation = 4.0;     ///< distance of the centres from the origin
};
/// Gaussian blobs around centres spread over a sphere: each centre is the farthest of 64 random ones from those before it.
/// Balanced classes, sample i of class i mod classes. Features of one dimension have room for two classes.
Problem blobs(const BlobOptions& options, const Stream& stream);
/// The centres of `blobs` [classes, features].
std::vector<double> blob_centers(const BlobOptions& options, const Stream& stream);
/// Test accuracy of the Bayes rule (nearest centre) on it, by the very centres it was made from.
double bayes_accuracy(const BlobOptions& options, const Stream& stream, const Dataset& test);

}  // namespace tocsin::data
