// SPDX-License-Identifier: Apache-2.0
// Made-up problems whose optimum is known, so that the whole loop can be checked against a closed form.
#pragma once
#include <cstddef>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

struct QuadraticOptions {
  std::size_t features = 10;
  std::size_t samples = 1000;
  double noise = 0.1;      ///< standard deviation of the targets around the truth
  double condition = 1.0;  ///< ratio of the largest to the smallest feature variance
};
/// Linear regression: x ~ N(0, diag), y = x . w* + noise, loss mean of (prediction - y)^2 / 2. Regression, one output.
Problem quadratic(const QuadraticOptions& options, const Stream& stream);
/// The minimiser over the given samples of a regression data set: solves the normal equations in double by Cholesky [features].
std::vector<double> least_squares(const Dataset& data, std::span<const std::uint32_t> samples);

struct BlobOptions {
  std::size_t classes = 3;
  std::size_t features = 2;
  std::size_t samples = 1500;
  double spread = 1.0;      ///< standard deviation around each centre
  double separation = 4.0;  ///< distance of the centres from the origin
};
/// Gaussian blobs around centres spread over a sphere; balanced classes.
Problem blobs(const BlobOptions& options, const Stream& stream);
/// Test accuracy of the Bayes rule (nearest centre) on it, by the very centres it was made from.
double bayes_accuracy(const BlobOptions& options, const Stream& stream, const Dataset& test);

}  // namespace tocsin::data
