// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/reference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "tocsin/core/errors.h"

namespace tocsin::nn::reference {
namespace {
using In = std::span<const double>;
using Out = std::span<double>;

/// Positions o of the output for which o * stride + k - padding lies inside [0, extent): [first, last).
struct Range {
  std::size_t first, last;
};
Range inside(std::size_t outputs, std::size_t extent, std::size_t k, const Layer& layer) {
  const std::size_t first = k >= layer.padding ? 0 : (layer.padding - k + layer.stride - 1) / layer.stride;
  if (extent + layer.padding <= k) return {0, 0};
  const std::size_t last = std::min(outputs, (extent + layer.padding - k - 1) / layer.stride + 1);
  return {first, std::max(first, last)};
}

/// Calls use(weight index, first input element, first output element, count) for every run of a convolution in which one weight
/// meets a row of inputs, `stride` apart, and a row of outputs, next to each other.
template <class Use>
void convolution_runs(const Layer& layer, std::size_t batch, Use&& use) {
  const Shape in = layer.in, out = layer.out;
  const std::size_t k = layer.kernel;
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t f = 0; f < out.channels; ++f)
      for (std::size_t c = 0; c < in.channels; ++c)
        for (std::size_t ky = 0; ky < k; ++ky)
          for (std::size_t kx = 0; kx < k; ++kx) {
            const Range rows = inside(out.height, in.height, ky, layer), columns = inside(out.width, in.width, kx, layer);
            if (columns.first == columns.last) continue;
            for (std::size_t oy = rows.first; oy < rows.last; ++oy) {
              const std::size_t iy = oy * layer.stride + ky - layer.padding;
              const std::size_t ix = columns.first * layer.stride + kx - layer.padding;
              use(((f * in.channels + c) * k + ky) * k + kx, ((b * in.channels + c) * in.height + iy) * in.width + ix,
                  ((b * out.channels + f) * out.height + oy) * out.width + columns.first, columns.last - columns.first);
            }
          }
}

void convolve(const Layer& layer, In weights, In bias, In input, Out output, std::size_t batch) {
  const std::size_t plane = layer.out.height * layer.out.width;
  for (std::size_t i = 0; i < output.size(); ++i) output[i] = bias.empty() ? 0.0 : bias[i / plane % layer.filters];
  convolution_runs(layer, batch, [&](std::size_t w, std::size_t in, std::size_t out, std::size_t count) {
    for (std::size_t x = 0; x < count; ++x) output[out + x] += weights[w] * input[in + x * layer.stride];
  });
}

void convolve_backward(const Layer& layer, In weights, In input, In output_gradient, Out input_gradient, Out weight_gradient,
                       Out bias_gradient, std::size_t batch) {
  convolution_runs(layer, batch, [&](std::size_t w, std::size_t in, std::size_t out, std::size_t count) {
    for (std::size_t x = 0; x < count; ++x) input_gradient[in + x * layer.stride] += weights[w] * output_gradient[out + x];
    if (weight_gradient.empty()) return;
    double sum = 0.0;
    for (std::size_t x = 0; x < count; ++x) sum += input[in + x * layer.stride] * output_gradient[out + x];
    weight_gradient[w] += sum;
  });
  const std::size_t plane = layer.out.height * layer.out.width;
  if (bias_gradient.empty()) return;
  for (std::size_t i = 0; i < output_gradient.size(); ++i) bias_gradient[i / plane % layer.filters] += output_gradient[i];
}

/// Calls use(output element, window) for every output of a pool; the window lists its input elements in row-major order.
template <class Use>
void pool_windows(const Layer& layer, std::size_t batch, Use&& use) {
  const Shape in = layer.in, out = layer.out;
  std::vector<std::size_t> window(layer.kernel * layer.kernel);
  for (std::size_t plane = 0; plane < batch * in.channels; ++plane)
    for (std::size_t oy = 0; oy < out.height; ++oy)
      for (std::size_t ox = 0; ox < out.width; ++ox) {
        for (std::size_t ky = 0; ky < layer.kernel; ++ky)
          for (std::size_t kx = 0; kx < layer.kernel; ++kx)
            window[ky * layer.kernel + kx] = (plane * in.height + oy * layer.stride + ky) * in.width + ox * layer.stride + kx;
        use((plane * out.height + oy) * out.width + ox, window);
      }
}

/// The element of a window that a max pool takes: the first of the largest; a NaN counts as largest.
std::size_t largest(const std::vector<std::size_t>& window, In input) {
  std::size_t best = window.front();
  for (const std::size_t i : window)
    if (input[i] > input[best] || (std::isnan(input[i]) && !std::isnan(input[best]))) best = i;
  return best;
}

void pool(const Layer& layer, In input, Out output, std::size_t batch) {
  pool_windows(layer, batch, [&](std::size_t out, const std::vector<std::size_t>& window) {
    if (layer.kind == LayerKind::max_pool) {
      output[out] = input[largest(window, input)];
      return;
    }
    double sum = 0.0;
    for (const std::size_t i : window) sum += input[i];
    output[out] = sum / static_cast<double>(window.size());
  });
}

void pool_backward(const Layer& layer, In input, In output_gradient, Out input_gradient, std::size_t batch) {
  pool_windows(layer, batch, [&](std::size_t out, const std::vector<std::size_t>& window) {
    if (layer.kind == LayerKind::max_pool) {
      input_gradient[largest(window, input)] += output_gradient[out];
      return;
    }
    for (const std::size_t i : window) input_gradient[i] += output_gradient[out] / static_cast<double>(window.size());
  });
}

void multiply(In weights, In bias, In input, Out output, std::size_t batch) {
  const std::size_t inputs = input.size() / batch, outputs = output.size() / batch;
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = bias.empty() ? 0.0 : bias[o];
      for (std::size_t i = 0; i < inputs; ++i) sum += weights[o * inputs + i] * input[b * inputs + i];
      output[b * outputs + o] = sum;
    }
}

void multiply_backward(In weights, In input, In output_gradient, Out input_gradient, Out weight_gradient, Out bias_gradient,
                       std::size_t batch) {
  const std::size_t inputs = input.size() / batch, outputs = output_gradient.size() / batch;
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t o = 0; o < outputs; ++o) {
      const double gradient = output_gradient[b * outputs + o];
      for (std::size_t i = 0; i < inputs; ++i) input_gradient[b * inputs + i] += gradient * weights[o * inputs + i];
      if (!bias_gradient.empty()) bias_gradient[o] += gradient;
      if (weight_gradient.empty()) continue;
      for (std::size_t i = 0; i < inputs; ++i) weight_gradient[o * inputs + i] += gradient * input[b * inputs + i];
    }
}

std::size_t weight_count(const Layer& layer) {
  if (layer.kind == LayerKind::dense) return layer.units * layer.in.features();
  return layer.filters * layer.in.channels * layer.kernel * layer.kernel;
}

/// Weights and biases of a layer in a flat vector [d]; empty where the vector is, or the layer has none.
template <class Span>
Span weights_of(const Layer& layer, Span flat) {
  return flat.empty() || !layer.has_parameters() ? Span{} : flat.subspan(layer.weight_offset, weight_count(layer));
}
template <class Span>
Span bias_of(const Layer& layer, Span flat) {
  return flat.empty() || !layer.has_parameters() || !layer.bias ? Span{} : flat.subspan(layer.bias_offset, layer.out.channels);
}

/// Calls use(element, line) for every element of [batch, C, H, W].
template <class Use>
void each_normalised(const Layer& layer, In parameters, std::size_t batch, Use&& use) {
  const std::size_t cells = layer.in.height * layer.in.width;
  for (std::size_t c = 0; c < layer.in.channels; ++c) {
    const ChannelLine line = batch_norm_line(layer, parameters, c);
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t i = 0; i < cells; ++i) use((b * layer.in.channels + c) * cells + i, line);
  }
}

/// Cross-entropy of one row: log of the sum of exponentials minus the wanted logit, the largest logit taken out first.
double cross_entropy(In logits, std::size_t label, Out gradient, double scale) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const double logit : logits) sum += std::exp(logit - most);
  if (!gradient.empty())
    for (std::size_t j = 0; j < logits.size(); ++j)
      gradient[j] = scale * (std::exp(logits[j] - most) / sum - (j == label ? 1.0 : 0.0));
  return std::log(sum) - (logits[label] - most);
}

/// Whether `label` is the arg max, the lowest index on ties; never if a logit is NaN.
bool hit(In logits, std::size_t label) {
  for (std::size_t j = 0; j < logits.size(); ++j)
    if (!(j < label ? logits[label] > logits[j] : logits[label] >= logits[j])) return false;
  return true;
}
}  // namespace

ChannelLine batch_norm_line(const Layer& layer, std::span<const double> parameters, std::size_t channel) {
  const double slope =
      parameters[layer.weight_offset + channel] / std::sqrt(parameters[layer.variance_offset + channel] + layer.epsilon);
  return {slope, parameters[layer.bias_offset + channel] - slope * parameters[layer.mean_offset + channel]};
}

std::vector<double> forward(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                            std::size_t batch, std::span<const double> mask) {
  require(batch > 0 && input.size() == batch * layer.in.features(), "{}: needs an input of {} x {}, got {} elements",
          text(layer.kind), batch, layer.in.features(), input.size());
  std::vector<double> output(batch * layer.out.features());
  switch (layer.kind) {
    case LayerKind::conv2d:
      convolve(layer, weights_of(layer, parameters), bias_of(layer, parameters), input, output, batch);
      break;
    case LayerKind::dense:
      multiply(weights_of(layer, parameters), bias_of(layer, parameters), input, output, batch);
      break;
    case LayerKind::max_pool:
    case LayerKind::avg_pool:
      pool(layer, input, output, batch);
      break;
    case LayerKind::batch_norm:
      each_normalised(layer, parameters, batch,
                      [&](std::size_t i, ChannelLine line) { output[i] = line.slope * input[i] + line.offset; });
      break;
    case LayerKind::relu:
      for (std::size_t i = 0; i < input.size(); ++i) output[i] = input[i] < 0.0 ? 0.0 : input[i];
      break;
    case LayerKind::dropout:
      for (std::size_t i = 0; i < input.size(); ++i) output[i] = mask.empty() ? input[i] : input[i] * mask[i];
      break;
    case LayerKind::flatten:
      std::copy(input.begin(), input.end(), output.begin());
      break;
  }
  return output;
}

std::vector<double> tangent(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                            std::span<const double> direction, std::size_t batch) {
  require(batch > 0 && input.size() == batch * layer.in.features() && direction.size() == input.size(),
          "{}: needs an input and a direction of {} x {}, got {} and {} elements", text(layer.kind), batch, layer.in.features(),
          input.size(), direction.size());
  std::vector<double> result(batch * layer.out.features());
  switch (layer.kind) {
    case LayerKind::conv2d:
      convolve(layer, weights_of(layer, parameters), {}, direction, result, batch);
      break;
    case LayerKind::dense:
      multiply(weights_of(layer, parameters), {}, direction, result, batch);
      break;
    case LayerKind::max_pool:
      pool_windows(layer, batch, [&](std::size_t out, const std::vector<std::size_t>& window) {
        result[out] = direction[largest(window, input)];
      });
      break;
    case LayerKind::avg_pool:
      pool(layer, direction, result, batch);
      break;
    case LayerKind::batch_norm:
      each_normalised(layer, parameters, batch, [&](std::size_t i, ChannelLine line) { result[i] = line.slope * direction[i]; });
      break;
    case LayerKind::relu:
      for (std::size_t i = 0; i < result.size(); ++i) result[i] = input[i] > 0.0 ? direction[i] : 0.0;
      break;
    case LayerKind::dropout:
    case LayerKind::flatten:
      std::copy(direction.begin(), direction.end(), result.begin());
      break;
  }
  return result;
}

std::vector<double> backward(const Layer& layer, std::span<const double> parameters, std::span<const double> input,
                             std::span<const double> output_gradient, std::size_t batch, std::span<const double> mask,
                             std::span<double> gradient) {
  require(batch > 0 && input.size() == batch * layer.in.features() && output_gradient.size() == batch * layer.out.features(),
          "{}: needs an input of {} x {} and a gradient of {} x {}, got {} and {} elements", text(layer.kind), batch,
          layer.in.features(), batch, layer.out.features(), input.size(), output_gradient.size());
  std::vector<double> result(input.size());
  const In weights = weights_of(layer, parameters);
  const Out weight_gradient = weights_of(layer, gradient), bias_gradient = bias_of(layer, gradient);
  switch (layer.kind) {
    case LayerKind::conv2d:
      convolve_backward(layer, weights, input, output_gradient, result, weight_gradient, bias_gradient, batch);
      break;
    case LayerKind::dense:
      multiply_backward(weights, input, output_gradient, result, weight_gradient, bias_gradient, batch);
      break;
    case LayerKind::max_pool:
    case LayerKind::avg_pool:
      pool_backward(layer, input, output_gradient, result, batch);
      break;
    case LayerKind::batch_norm:
      require(gradient.empty(), "batch_norm cannot be trained yet");
      each_normalised(layer, parameters, batch,
                      [&](std::size_t i, ChannelLine line) { result[i] = line.slope * output_gradient[i]; });
      break;
    case LayerKind::relu:
      for (std::size_t i = 0; i < result.size(); ++i) result[i] = input[i] > 0.0 ? output_gradient[i] : 0.0;
      break;
    case LayerKind::dropout:
      for (std::size_t i = 0; i < result.size(); ++i) result[i] = mask.empty() ? output_gradient[i] : output_gradient[i] * mask[i];
      break;
    case LayerKind::flatten:
      std::copy(output_gradient.begin(), output_gradient.end(), result.begin());
      break;
  }
  return result;
}

BatchLoss loss(Loss kind, std::span<const double> logits, const Wanted& wanted, std::size_t batch, std::size_t outputs,
               std::span<double> logit_gradient, std::span<std::uint32_t> hits) {
  require(batch > 0 && logits.size() == batch * outputs, "loss: needs logits of {} x {}, got {} elements", batch, outputs,
          logits.size());
  require(logit_gradient.empty() || logit_gradient.size() == logits.size(), "loss: needs a gradient of {} elements, got {}",
          logits.size(), logit_gradient.size());
  BatchLoss result;
  const double scale = 1.0 / static_cast<double>(batch);
  if (kind == Loss::squared_error) {  // (prediction - target)^2 / 2, summed over the outputs
    require(wanted.targets.size() == logits.size(), "loss: needs {} targets, got {}", logits.size(), wanted.targets.size());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double difference = logits[i] - static_cast<double>(wanted.targets[i]);
      result.loss += 0.5 * difference * difference;
      if (!logit_gradient.empty()) logit_gradient[i] = scale * difference;
    }
    return result;
  }
  require(wanted.labels.size() == batch, "loss: needs {} labels, got {}", batch, wanted.labels.size());
  for (std::size_t b = 0; b < batch; ++b) {
    const std::int32_t label = wanted.labels[b];
    require(label >= 0 && static_cast<std::size_t>(label) < outputs, "loss: label {} of sample {} is not in [0, {})", label, b,
            outputs);
    const In row = logits.subspan(b * outputs, outputs);
    const Out gradient = logit_gradient.empty() ? Out{} : logit_gradient.subspan(b * outputs, outputs);
    result.loss += cross_entropy(row, static_cast<std::size_t>(label), gradient, scale);
    if (!hit(row, static_cast<std::size_t>(label))) continue;
    ++result.correct;
    if (!hits.empty()) ++hits[static_cast<std::size_t>(label)];
  }
  return result;
}

}  // namespace tocsin::nn::reference
