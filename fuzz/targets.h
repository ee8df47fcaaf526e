// SPDX-License-Identifier: Apache-2.0
// The fuzz targets, one function a file: bytes in, 0 out. A DataError (of experiments, a ConfigError) is the right answer to bad
// bytes; anything else that is thrown, an abort or a sanitizer's word is a bug. tests/{data,nn,explain,lab} replay and mutate the
// corpus; libFuzzer goes further (fuzz/CMakeLists.txt). reliability.md, section 7.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>

int fuzz_config(const std::uint8_t* data, std::size_t size);
int fuzz_csv(const std::uint8_t* data, std::size_t size);
int fuzz_gzip(const std::uint8_t* data, std::size_t size);
int fuzz_idx(const std::uint8_t* data, std::size_t size);
int fuzz_npy(const std::uint8_t* data, std::size_t size);
int fuzz_safetensors(const std::uint8_t* data, std::size_t size);
int fuzz_set_option(const std::uint8_t* data, std::size_t size);

namespace tocsin::fuzz {

/// What must hold of every answer; what it throws is nobody's right answer.
inline void check(bool holds) {
  if (!holds) throw std::logic_error("fuzz: the answer is wrong");
}

}  // namespace tocsin::fuzz
