// SPDX-License-Identifier: Apache-2.0
// Structural similarity. Windows are separable: rows first, then columns, only where the window lies fully inside.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/core/random.h"
#include "tocsin/explain/drawn.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::explain {
namespace {

using Map = std::span<const double>;

std::vector<double> window_weights(bool gaussian) {
  if (!gaussian) return std::vector<double>(7, 1.0 / 7);
  std::vector<double> result(11);
  double sum = 0;
  for (int i = 0; i < 11; ++i) sum += result[static_cast<std::size_t>(i)] = stable_exp(-0.5 * (i - 5) * (i - 5) / (1.5 * 1.5));
  for (double& weight : result) weight /= sum;
  return result;
}

/// Weighted means of all windows [height - k + 1, width - k + 1] of a map [height, width], k the length of `weights`.
class Windows {
 public:
  Windows(std::size_t height, std::size_t width, std::vector<double> weights)
      : height_(height), width_(width), weights_(std::move(weights)), rows_(height * inside(width)) {}

  std::vector<double> means(Map map) {
    const std::size_t k = weights_.size(), out = inside(width_);
    for (std::size_t y = 0; y < height_; ++y)
      for (std::size_t x = 0; x < out; ++x) {
        const double* from = map.data() + y * width_ + x;
        double sum = 0;
        for (std::size_t t = 0; t < k; ++t) sum += weights_[t] * from[t];
        rows_[y * out + x] = sum;
      }
    std::vector<double> result(inside(height_) * out);
    for (std::size_t y = 0; y < inside(height_); ++y)
      for (std::size_t x = 0; x < out; ++x) {
        const double* from = rows_.data() + y * out + x;
        double sum = 0;
        for (std::size_t t = 0; t < k; ++t) sum += weights_[t] * from[t * out];
        result[y * out + x] = sum;
      }
    return result;
  }

 private:
  [[nodiscard]] std::size_t inside(std::size_t length) const { return length - weights_.size() + 1; }
  std::size_t height_, width_;
  std::vector<double> weights_;
  std::vector<double> rows_;
};

std::vector<double> products(Map a, Map b) {
  std::vector<double> result(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = a[i] * b[i];
  return result;
}

/// The map less its mean, and that mean: a covariance does not see the shift and keeps its digits.
double shift(std::vector<double>& map) {
  double sum = 0;
  for (const double value : map) sum += value;
  const double mean = sum / static_cast<double>(map.size());
  for (double& value : map) value -= mean;
  return mean;
}

void require_shape(std::size_t a, std::size_t b, std::size_t height, std::size_t width) {
  require(a == height * width && b == a, "ssim: maps of {} and {} values are not {} x {}", a, b, height, width);
}

bool usable(Map a, Map b, std::size_t height, std::size_t width) {
  require_shape(a.size(), b.size(), height, width);
  return finite(a) && finite(b) && nonzero(a) > 0 && nonzero(b) > 0;
}

/// Each value divided by the largest |value|.
std::vector<double> scaled(Map map, bool magnitude) {
  const double most = largest(map);
  std::vector<double> result(map.begin(), map.end());
  for (double& value : result) value = (magnitude ? std::abs(value) : value) / most;
  return result;
}

}  // namespace

double ssim(Map a, Map b, std::size_t height, std::size_t width, const SsimOptions& options) {
  require_shape(a.size(), b.size(), height, width);
  const std::vector<double> weights = window_weights(options.gaussian);
  const std::size_t k = weights.size();
  if (height < k || width < k || !(options.range > 0) || !finite(a) || !finite(b)) return kUndefined;
  const auto cells = static_cast<double>(k * k);
  const double factor = options.sample ? cells / (cells - 1) : 1.0;
  const double c1 = 0.01 * options.range * (0.01 * options.range), c2 = 0.03 * options.range * (0.03 * options.range);

  std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
  const double x_mean = shift(x), y_mean = shift(y);
  Windows windows(height, width, weights);
  const std::vector<double> mx = windows.means(x), my = windows.means(y);
  const std::vector<double> xx = windows.means(products(x, x)), yy = windows.means(products(y, y)),
                            xy = windows.means(products(x, y));
  double sum = 0;
  for (std::size_t i = 0; i < mx.size(); ++i) {
    const double sxx = factor * (xx[i] - mx[i] * mx[i]), syy = factor * (yy[i] - my[i] * my[i]),
                 sxy = factor * (xy[i] - mx[i] * my[i]);
    const double ma = mx[i] + x_mean, mb = my[i] + y_mean;
    sum += (2 * (ma * mb) + c1) * (2 * sxy + c2) / ((ma * ma + mb * mb + c1) * (sxx + syy + c2));
  }
  return sum / static_cast<double>(mx.size());
}

double ssim_drawn(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, std::size_t height, std::size_t width) {
  const std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
  return ssim(x, y, height, width, {.range = 255, .gaussian = true, .sample = false});
}

double ssim_uniform(Map a, Map b, std::size_t height, std::size_t width) {
  if (!usable(a, b, height, width)) return kUndefined;
  return ssim(scaled(a, false), scaled(b, false), height, width, {.range = 2});
}

double ssim_abs(Map a, Map b, std::size_t height, std::size_t width) {
  if (!usable(a, b, height, width)) return kUndefined;
  return ssim(scaled(a, true), scaled(b, true), height, width, {.range = 1});
}

double ssim_raw(Map a, Map b, std::size_t height, std::size_t width) {
  if (!usable(a, b, height, width)) return kUndefined;
  const double factor = std::min(unit(a), unit(b));
  const std::vector<double> x = times(a, factor), y = times(b, factor);
  const auto [x_least, x_most] = std::minmax_element(x.begin(), x.end());
  const auto [y_least, y_most] = std::minmax_element(y.begin(), y.end());
  return ssim(x, y, height, width, {.range = std::max(*x_most, *y_most) - std::min(*x_least, *y_least)});
}

}  // namespace tocsin::explain
