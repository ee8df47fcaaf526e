// SPDX-License-Identifier: Apache-2.0
// .npy files put together by hand, well formed and not.
#pragma once
#include <string>

#include "tocsin/core/bytes.h"

namespace tocsin::explain::npy_bytes {

/// A file of format 1.0: this header as it is, and `data` behind it.
inline std::string file(const std::string& header, const std::string& data = "") {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + data;
}

inline FileBytes in_memory(const std::string& bytes) { return {"f", std::vector<unsigned char>(bytes.begin(), bytes.end()), ""}; }

}  // namespace tocsin::explain::npy_bytes
