// SPDX-License-Identifier: Apache-2.0
// The JSON header of a safetensors file, read strictly: three levels, known fields, each once.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tocsin::nn::detail {

/// One tensor as the header describes it: offsets count from the end of the header.
struct HeaderTensor {
  std::string name, dtype;
  std::vector<std::uint64_t> shape, offsets;
  bool has_shape = false, has_offsets = false;
};
struct SafetensorsHeader {
  std::vector<HeaderTensor> tensors;  ///< as written, fields complete, offsets two each
  std::map<std::string, std::string> metadata;
};

/// Reads the header `json`, which begins at byte `start` of `file`. Throws DataError for all that is not such a header; whether the
/// offsets fit each other and the file is not its business.
SafetensorsHeader parse_safetensors_header(const std::string& file, std::uint64_t start, std::span<const unsigned char> json);

/// JSON of a string, with its quotes; invalid UTF-8 is replaced.
std::string json_text(const std::string& text);

}  // namespace tocsin::nn::detail
