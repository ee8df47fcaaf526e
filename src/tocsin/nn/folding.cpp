// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/folding.h"

#include <utility>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/nn/reference.h"

namespace tocsin::nn {
namespace {

/// An affine map by channel.
struct Lines {
  std::vector<double> slope, offset;
};

/// A layer with its own copies of weights and bias.
struct Piece {
  Layer layer;
  std::vector<double> weights, bias;
};

Lines lines_of(const Layer& layer, const std::vector<double>& flat) {
  Lines lines;
  for (std::size_t c = 0; c < layer.in.channels; ++c) {
    const reference::ChannelLine line = reference::batch_norm_line(layer, flat, c);
    lines.slope.push_back(line.slope);
    lines.offset.push_back(line.offset);
  }
  return lines;
}

Piece piece_of(const Layer& layer, const std::vector<double>& flat) {
  Piece piece{.layer = layer, .weights = {}, .bias = {}};
  const auto at = [&](std::size_t offset) { return flat.begin() + static_cast<std::ptrdiff_t>(offset); };
  if (layer.kind == LayerKind::batch_norm)  // its four tensors, should it stay
    piece.weights.assign(at(layer.weight_offset), at(layer.variance_offset + layer.in.channels));
  if (!layer.has_parameters()) return piece;
  piece.weights.assign(at(layer.weight_offset), at(layer.bias_offset));
  if (layer.bias) piece.bias.assign(at(layer.bias_offset), at(layer.bias_offset + layer.out.channels));
  return piece;
}

void need_bias(Piece& piece) {
  if (piece.layer.bias) return;
  piece.layer.bias = true;
  piece.bias.assign(piece.layer.out.channels, 0.0);
}

void fold_backward(const Lines& lines, Piece& before) {
  need_bias(before);
  const std::size_t fan_in = before.weights.size() / before.bias.size();
  for (std::size_t o = 0; o < before.bias.size(); ++o) {
    for (std::size_t j = 0; j < fan_in; ++j) before.weights[o * fan_in + j] *= lines.slope[o];
    before.bias[o] = lines.slope[o] * before.bias[o] + lines.offset[o];
  }
}

/// Each channel covers as many neighbouring weights of an output as there are cells in it (dense) or in the window (conv2d).
void fold_forward(const Lines& lines, Piece& behind) {
  need_bias(behind);
  const std::size_t fan_in = behind.weights.size() / behind.bias.size(), cells = fan_in / lines.slope.size();
  for (std::size_t o = 0; o < behind.bias.size(); ++o)
    for (std::size_t j = 0; j < fan_in; ++j) {
      double& weight = behind.weights[o * fan_in + j];
      behind.bias[o] += weight * lines.offset[j / cells];
      weight *= lines.slope[j / cells];
    }
}

Piece diagonal(const Layer& layer, const Lines& lines) {
  const std::size_t channels = lines.slope.size();
  Piece piece{.layer = conv2d(channels, 1), .weights = std::vector<double>(channels * channels, 0.0), .bias = lines.offset};
  piece.layer.out = layer.out;
  for (std::size_t c = 0; c < channels; ++c) piece.weights[c * channels + c] = lines.slope[c];
  return piece;
}

/// The piece behind `k` that can take a batch_norm in front of it; none: the number of pieces.
std::size_t taker(const std::vector<Piece>& pieces, std::size_t k) {
  for (++k; k < pieces.size(); ++k) {
    const Layer& layer = pieces[k].layer;
    if (layer.kind == LayerKind::dense || (layer.kind == LayerKind::conv2d && layer.padding == 0)) return k;
    if (layer.kind != LayerKind::flatten && layer.kind != LayerKind::dropout) break;
  }
  return pieces.size();
}

}  // namespace

Folded fold(const Architecture& architecture, ConstRows parameters, Unfolded rest) {
  require(parameters.clients() == 1 && parameters.coordinates() == architecture.parameters(), "fold: needs [1, {}], got [{}, {}]",
          architecture.parameters(), parameters.clients(), parameters.coordinates());
  const std::vector<double> flat = parameters.row(0);
  std::vector<Piece> pieces;
  for (const Layer& layer : architecture.layers()) pieces.push_back(piece_of(layer, flat));
  for (std::size_t k = 0; k < pieces.size(); ++k) {
    if (pieces[k].layer.kind != LayerKind::batch_norm) continue;
    const Lines lines = lines_of(pieces[k].layer, flat);
    const std::size_t behind = taker(pieces, k);
    const bool into_former = k > 0 && pieces[k - 1].layer.has_parameters();
    if (!into_former && behind == pieces.size()) {
      if (rest == Unfolded::becomes_convolution) pieces[k] = diagonal(pieces[k].layer, lines);
      continue;
    }
    if (into_former)
      fold_backward(lines, pieces[k - 1]);
    else
      fold_forward(lines, pieces[behind]);
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(k--));
  }
  std::vector<Layer> layers;
  for (const Piece& piece : pieces) layers.push_back(piece.layer);
  Folded folded{.architecture = Architecture(architecture.name(), architecture.input(), std::move(layers), architecture.loss()),
                .parameters = {}};
  folded.parameters = Updates(1, folded.architecture.parameters(), Element::float64);
  std::vector<double> all;
  for (const Piece& piece : pieces) {
    all.insert(all.end(), piece.weights.begin(), piece.weights.end());
    all.insert(all.end(), piece.bias.begin(), piece.bias.end());
  }
  folded.parameters.rows().assign(0, all);
  return folded;
}

}  // namespace tocsin::nn
