// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>

#include "tocsin/core/rows.h"

namespace tocsin::nn {

/// A float buffer aligned to 64 bytes, zero at first.
class AlignedFloats {
 public:
  AlignedFloats() = default;
  explicit AlignedFloats(std::size_t size) : owner_(1, size) {}
  [[nodiscard]] float* data() {
    return owner_.rows().visit([](auto typed) { return reinterpret_cast<float*>(typed[0].data()); });
  }
  [[nodiscard]] const float* data() const { return static_cast<const float*>(owner_.rows().pointer(0)); }
  [[nodiscard]] std::size_t size() const { return owner_.coordinates(); }
  [[nodiscard]] std::span<float> first(std::size_t n) { return {data(), n}; }

 private:
  Updates owner_;
};

}  // namespace tocsin::nn
