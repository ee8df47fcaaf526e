// SPDX-License-Identifier: Apache-2.0
// Parameters in and out as safetensors, with the names and shapes that PyTorch gives the same nn.Sequential, so that each side
// opens the other's file. F32 is written; F32 and F64 are read, and the I64 counters "<layer>.num_batches_tracked" skipped.
// Refusals: reliability.md, section 2.3, row safetensors.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tocsin/core/bytes.h"
#include "tocsin/core/layout.h"
#include "tocsin/core/rows.h"

namespace tocsin::nn {

struct NamedTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<double> values;
  Element element = Element::float32;
};
struct Safetensors {
  std::vector<NamedTensor> tensors;  ///< in the order of the header
  std::map<std::string, std::string> metadata;
};

Safetensors parse_safetensors(const FileBytes& file);
Safetensors read_safetensors(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 34);
/// The bytes of a file: header and float32 values, without gaps, the header padded by spaces to a multiple of 8 bytes.
std::string format_safetensors(const Layout& layout, ConstRows parameters, const std::map<std::string, std::string>& metadata = {});
/// Writes them. Throws RunError(Exit::io).
void write_safetensors(const std::string& path, const Layout& layout, ConstRows parameters,
                       const std::map<std::string, std::string>& metadata = {});
/// Fills `parameters` [1, d] by name. Throws DataError naming a tensor that is missing, unexpected, or of another shape.
void assign(const Safetensors& from, const std::string& file, const Layout& layout, Rows parameters);

}  // namespace tocsin::nn
