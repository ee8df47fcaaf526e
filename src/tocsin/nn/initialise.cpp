// SPDX-License-Identifier: Apache-2.0
// Fresh parameters. Each tensor has its own stream, named for the tensor, so that its numbers depend on nothing else.
// Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010 (glorot);
// He et al., Delving Deep into Rectifiers, ICCV 2015 (he).
#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {
namespace {
/// Half the width of the uniform distribution of a layer's weights.
double bound(Init init, double fan_in, double fan_out) {
  switch (init) {
    case Init::glorot:
      return std::sqrt(6.0 / (fan_in + fan_out));
    case Init::he:
      return std::sqrt(6.0 / fan_in);
    case Init::fan_in:
      return std::sqrt(1.0 / fan_in);
  }
  return 0.0;
}

/// Every value is a float, so that a float64 network starts where the float32 one does.
template <class T>
void fill(std::span<T> values, double half_width, const Stream& stream) {
  Draws draws(stream);
  for (T& value : values) value = static_cast<T>(static_cast<float>((2.0 * draws.uniform() - 1.0) * half_width));
}
}  // namespace

void initialise(const Architecture& architecture, Init init, const Stream& stream, Rows parameters) {
  require(parameters.clients() == 1 && parameters.coordinates() == architecture.parameters(),
          "initialise: needs [1, {}], got [{}, {}]", architecture.parameters(), parameters.clients(), parameters.coordinates());
  std::size_t tensor = 0;
  const std::vector<Tensor>& tensors = architecture.layout().tensors;
  for (const Layer& layer : architecture.layers()) {
    if (layer.kind == LayerKind::batch_norm)  // the identity, but for epsilon
      for (const double value : {1.0, 0.0, 0.0, 1.0}) {
        const Tensor& constant = tensors[tensor++];
        parameters.columns(constant.offset, constant.offset + constant.size).assign(0, std::vector<double>(constant.size, value));
      }
    if (!layer.has_parameters()) continue;
    const bool convolution = layer.kind == LayerKind::conv2d;
    const std::size_t window = convolution ? layer.kernel * layer.kernel : 1;
    const std::size_t fan_in = window * (convolution ? layer.in.channels : layer.in.features());
    const std::size_t fan_out = window * layer.out.channels;
    const double half_width = bound(init, static_cast<double>(fan_in), static_cast<double>(fan_out));
    parameters.visit([&](auto rows) {
      const Tensor& weight = tensors[tensor++];
      fill(rows[0].subspan(weight.offset, weight.size), half_width, stream.at(weight.name));
      if (!layer.bias) return;
      const Tensor& bias = tensors[tensor++];
      const auto biases = rows[0].subspan(bias.offset, bias.size);
      if (init == Init::fan_in)
        fill(biases, half_width, stream.at(bias.name));
      else
        std::fill(biases.begin(), biases.end(), 0);
    });
  }
}

}  // namespace tocsin::nn
