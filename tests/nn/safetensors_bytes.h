// SPDX-License-Identifier: Apache-2.0
// Safetensors files put together by hand, well formed and not.
#pragma once
#include <cstdint>
#include <string>

#include "tocsin/core/bytes.h"

namespace tocsin::nn::safetensors_bytes {

inline std::string length_bytes(std::uint64_t length) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(length >> shift & 0xFF));
  return bytes;
}

/// A file of this header and `data` zero bytes behind it.
inline std::string file(const std::string& header, std::size_t data = 0) {
  return length_bytes(header.size()) + header + std::string(data, '\0');
}

inline FileBytes in_memory(const std::string& bytes) { return {"f", std::vector<unsigned char>(bytes.begin(), bytes.end()), ""}; }

/// The description of one tensor: tensor("a", "F32", "[2]", "[0,8]").
inline std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

}  // namespace tocsin::nn::safetensors_bytes
