// SPDX-License-Identifier: Apache-2.0
// Where each tensor of a network lies in the flat parameter vector.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace tocsin {

/// One tensor of a network: PyTorch's name for it ("0.weight"), its shape, where it begins, and what it is.
struct Tensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t offset = 0;  ///< in elements
  std::size_t size = 0;    ///< product of the shape
  bool is_bias = false;    ///< by the layer's own marking, never by position
};

/// All tensors, in order, without gaps: offsets ascend and the sizes add up to d.
struct Layout {
  std::vector<Tensor> tensors;
  [[nodiscard]] std::size_t coordinates() const { return tensors.empty() ? 0 : tensors.back().offset + tensors.back().size; }
};

}  // namespace tocsin
