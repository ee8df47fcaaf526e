// SPDX-License-Identifier: Apache-2.0
// The format: 8 bytes little-endian length of the header, the header in JSON, the tensors one after the other.
// https://github.com/huggingface/safetensors, "Format". Differs: only F32 and F64 are read, and the header ends at 8 MiB, not 100
// MB.
#include "tocsin/nn/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "tocsin/core/errors.h"
#include "tocsin/nn/safetensors_header.h"

namespace tocsin::nn {
namespace {
using detail::HeaderTensor;

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = std::uint64_t{8} << 20;

std::string where(const HeaderTensor& tensor) { return fmt::format("tensor '{}'", printable(tensor.name)); }

template <class T>
std::string shape_text(const std::vector<T>& shape) {
  constexpr std::size_t kShown = 8;
  if (shape.size() <= kShown) return fmt::format("[{}]", fmt::join(shape, ", "));
  return fmt::format("[{}, ...]", fmt::join(shape.begin(), shape.begin() + kShown, ", "));
}

/// PyTorch's batch normalisation counts its batches in an integer beside the numbers that matter; nothing reads it.
bool is_counter(const HeaderTensor& tensor) { return tensor.dtype == "I64" && tensor.name.ends_with(".num_batches_tracked"); }

std::size_t element_bytes(const std::string& file, const HeaderTensor& tensor) {
  if (is_counter(tensor)) return sizeof(std::int64_t);
  if (tensor.dtype == "F32") return sizeof(float);
  if (tensor.dtype == "F64") return sizeof(double);
  throw DataError(file, kLengthBytes,
                  fmt::format("header: {} has dtype '{}'; F32 and F64 can be read", where(tensor), printable(tensor.dtype)),
                  "convert it to float32");
}

/// Elements of a tensor, checked against the bytes its offsets claim.
std::uint64_t checked_elements(const std::string& file, const HeaderTensor& tensor) {
  const std::uint64_t begin = tensor.offsets[0], end = tensor.offsets[1];
  if (begin > end)
    throw DataError(file, kLengthBytes, fmt::format("header: {} begins at {} and ends at {}", where(tensor), begin, end));
  std::uint64_t elements = 1, bytes = 0;
  for (const std::uint64_t extent : tensor.shape)
    if (__builtin_mul_overflow(elements, extent, &elements))
      throw DataError(file, kLengthBytes,
                      fmt::format("header: {} has a shape {} beyond 64 bits", where(tensor), shape_text(tensor.shape)));
  if (__builtin_mul_overflow(elements, element_bytes(file, tensor), &bytes))
    throw DataError(file, kLengthBytes,
                    fmt::format("header: {} has a shape {} beyond 64 bits", where(tensor), shape_text(tensor.shape)));
  if (bytes != end - begin)
    throw DataError(file, kLengthBytes,
                    fmt::format("header: {} of shape {} and dtype {} takes {} bytes, its offsets span {}", where(tensor),
                                shape_text(tensor.shape), tensor.dtype, bytes, end - begin));
  return elements;
}

/// The tensors must fill the `data` bytes behind the header without hole, overlap or tail.
void check_cover(const std::string& file, std::uint64_t data_start, std::uint64_t data, const std::vector<HeaderTensor>& tensors) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return tensors[a].offsets < tensors[b].offsets; });
  std::uint64_t reached = 0;
  for (const std::size_t i : order) {
    const HeaderTensor& tensor = tensors[i];
    const std::uint64_t begin = tensor.offsets[0];
    if (begin > reached)
      throw DataError(file, data_start + std::min(reached, data),
                      fmt::format("{} bytes before {} belong to no tensor", begin - reached, where(tensor)));
    if (begin < reached)
      throw DataError(file, data_start + std::min(begin, data),
                      fmt::format("{} overlaps the tensor before it by {} bytes", where(tensor), reached - begin));
    reached = tensor.offsets[1];
  }
  if (reached > data)
    throw DataError(file, data_start + data, fmt::format("the tensors need {} bytes, the file holds {}", reached, data),
                    "the file is cut short");
  if (reached < data)
    throw DataError(file, data_start + reached, fmt::format("{} bytes behind the last tensor belong to none", data - reached));
}

std::uint64_t little_endian(const unsigned char* bytes, std::size_t count) {
  std::uint64_t bits = 0;
  for (std::size_t i = count; i-- > 0;) bits = bits << 8 | bytes[i];
  return bits;
}

template <class To, class Bits>
To bit_cast(Bits bits) {
  static_assert(sizeof(To) == sizeof(Bits));
  To value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::vector<double> decode(std::span<const unsigned char> bytes, std::size_t element) {
  std::vector<double> values(bytes.size() / element);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t bits = little_endian(bytes.data() + i * element, element);
    values[i] =
        element == sizeof(float) ? static_cast<double>(bit_cast<float>(static_cast<std::uint32_t>(bits))) : bit_cast<double>(bits);
  }
  return values;
}

void append_little_endian(std::string& bytes, std::uint64_t bits, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(bits >> (8 * i) & 0xFF));
}
}  // namespace

Safetensors parse_safetensors(const FileBytes& file) {
  ByteReader reader(file.path, file.bytes);
  const std::uint64_t length = reader.u64_little("the length of the header");
  const auto refuse_length = [&](const std::string& why) {
    reader.fail_at(0, fmt::format("the length of the header is {}, {}", length, why), "is this a safetensors file?");
  };
  if (length < 2) refuse_length("a header has at least 2 bytes");
  if (length > kLongestHeader) refuse_length(fmt::format("at most {} are read", kLongestHeader));
  if (length > reader.left()) refuse_length(fmt::format("{} bytes follow", reader.left()));
  detail::SafetensorsHeader header = detail::parse_safetensors_header(file.path, kLengthBytes, reader.take(length, "the header"));
  const std::uint64_t data_start = reader.offset();
  for (const HeaderTensor& tensor : header.tensors) checked_elements(file.path, tensor);
  check_cover(file.path, data_start, reader.left(), header.tensors);
  Safetensors result;
  result.metadata = std::move(header.metadata);
  const std::span<const unsigned char> data = reader.take(reader.left(), "the tensors");
  for (HeaderTensor& tensor : header.tensors) {
    if (is_counter(tensor)) continue;
    const std::size_t element = element_bytes(file.path, tensor);
    NamedTensor& named = result.tensors.emplace_back();
    named.values = decode(data.subspan(tensor.offsets[0], tensor.offsets[1] - tensor.offsets[0]), element);
    named.element = element == sizeof(float) ? Element::float32 : Element::float64;
    named.shape.assign(tensor.shape.begin(), tensor.shape.end());
    named.name = std::move(tensor.name);
  }
  return result;
}

Safetensors read_safetensors(const std::string& path, std::uint64_t max_bytes) {
  return parse_safetensors(read_file(path, max_bytes));
}

std::string format_safetensors(const Layout& layout, ConstRows parameters, const std::map<std::string, std::string>& metadata) {
  require(parameters.clients() == 1 && parameters.coordinates() == layout.coordinates(), "safetensors: needs [1, {}], got [{}, {}]",
          layout.coordinates(), parameters.clients(), parameters.coordinates());
  std::string header = "{", between;
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      header += between + detail::json_text(key) + ":" + detail::json_text(value);
      between = ",";
    }
    header += "}";
  }
  for (const Tensor& tensor : layout.tensors) {
    header +=
        fmt::format("{}{}:{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", between, detail::json_text(tensor.name),
                    fmt::join(tensor.shape, ","), tensor.offset * sizeof(float), (tensor.offset + tensor.size) * sizeof(float));
    between = ",";
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  require(header.size() <= kLongestHeader, "safetensors: a header of {} bytes, at most {} are allowed", header.size(),
          kLongestHeader);
  std::string bytes;
  bytes.reserve(kLengthBytes + header.size() + layout.coordinates() * sizeof(float));
  append_little_endian(bytes, header.size(), kLengthBytes);
  bytes += header;
  parameters.visit([&](auto rows) {
    for (const auto value : rows[0]) append_little_endian(bytes, bit_cast<std::uint32_t>(static_cast<float>(value)), sizeof(float));
  });
  return bytes;
}

void write_safetensors(const std::string& path, const Layout& layout, ConstRows parameters,
                       const std::map<std::string, std::string>& metadata) {
  write_file(path, format_safetensors(layout, parameters, metadata));
}

void assign(const Safetensors& from, const std::string& file, const Layout& layout, Rows parameters) {
  require(parameters.clients() == 1 && parameters.coordinates() == layout.coordinates(), "safetensors: needs [1, {}], got [{}, {}]",
          layout.coordinates(), parameters.clients(), parameters.coordinates());
  std::map<std::string, const NamedTensor*> by_name;
  for (const NamedTensor& tensor : from.tensors) by_name[tensor.name] = &tensor;
  std::vector<std::string> names;
  for (const Tensor& tensor : layout.tensors) names.push_back(tensor.name);
  for (const NamedTensor& tensor : from.tensors)
    if (std::find(names.begin(), names.end(), tensor.name) == names.end())
      throw DataError(file, std::nullopt,
                      fmt::format("tensor '{}' is not one of the network; expected: {}", printable(tensor.name), joined(names)));
  for (const Tensor& tensor : layout.tensors) {
    const auto found = by_name.find(tensor.name);
    if (found == by_name.end())
      throw DataError(file, std::nullopt, fmt::format("tensor '{}' of the network is missing", tensor.name));
    if (found->second->shape != tensor.shape)
      throw DataError(file, std::nullopt,
                      fmt::format("tensor '{}' has shape {}, the network needs {}", tensor.name, shape_text(found->second->shape),
                                  shape_text(tensor.shape)));
    parameters.columns(tensor.offset, tensor.offset + tensor.size).assign(0, found->second->values);
  }
}

}  // namespace tocsin::nn
