// SPDX-License-Identifier: Apache-2.0
// parse_safetensors: the bytes as they are, and again with the length of the header put right, since few mutations would get past
// it. What is accepted in float32, written again from what was read, is accepted and equal.
#include "tocsin/nn/safetensors.h"

#include <algorithm>
#include <vector>

#include "targets.h"

namespace {
using tocsin::nn::NamedTensor;
using tocsin::nn::Safetensors;
using Bytes = std::vector<unsigned char>;

bool equal(double a, double b) { return a == b || (a != a && b != b); }

bool equal(const Safetensors& a, const Safetensors& b) {
  return a.metadata == b.metadata && std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                                                [](const NamedTensor& x, const NamedTensor& y) {
                                                  return x.name == y.name && x.shape == y.shape &&
                                                         std::equal(x.values.begin(), x.values.end(), y.values.begin(),
                                                                    y.values.end(), [](double v, double w) { return equal(v, w); });
                                                });
}

Bytes written(const Safetensors& file) {
  tocsin::Layout layout;
  std::vector<double> values;
  for (const NamedTensor& tensor : file.tensors) {
    layout.tensors.push_back({tensor.name, tensor.shape, values.size(), tensor.values.size(), false});
    values.insert(values.end(), tensor.values.begin(), tensor.values.end());
  }
  tocsin::Updates flat(1, values.size());
  flat.rows().assign(0, values);
  const std::string bytes = tocsin::nn::format_safetensors(layout, flat.rows(), file.metadata);
  return {bytes.begin(), bytes.end()};
}

void run(Bytes bytes) {
  const std::size_t size = bytes.size();
  try {
    const Safetensors file = tocsin::nn::parse_safetensors({"fuzz.safetensors", std::move(bytes), ""});
    std::size_t held = 0;
    bool narrow = true;
    for (const NamedTensor& tensor : file.tensors) {
      std::size_t product = 1;
      for (const std::size_t extent : tensor.shape) product *= extent;
      tocsin::fuzz::check(product == tensor.values.size());
      narrow = narrow && tensor.element == tocsin::Element::float32;
      held += product * (tensor.element == tocsin::Element::float32 ? sizeof(float) : sizeof(double));
    }
    tocsin::fuzz::check(held < size);
    if (narrow) tocsin::fuzz::check(equal(tocsin::nn::parse_safetensors({"again", written(file), ""}), file));
  } catch (const tocsin::DataError& error) {
    tocsin::fuzz::check(!error.message().empty() && error.file() == "fuzz.safetensors" &&
                        error.offset().value_or(size + 1) <= size);
  }
}

}  // namespace

int fuzz_safetensors(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLengthBytes = 8;
  Bytes bytes(data, data + size);
  run(bytes);
  if (size < kLengthBytes) return 0;
  const auto brace = std::find(bytes.rbegin(), bytes.rend() - static_cast<std::ptrdiff_t>(kLengthBytes), '}');
  const std::size_t length = static_cast<std::size_t>(bytes.rend() - brace) -
                             std::min<std::size_t>(kLengthBytes, static_cast<std::size_t>(bytes.rend() - brace));
  for (std::size_t i = 0; i < kLengthBytes; ++i) bytes[i] = static_cast<unsigned char>(length >> (8 * i));
  run(std::move(bytes));
  return 0;
}
