// SPDX-License-Identifier: Apache-2.0
// What the convolutional part of the engine shares of oneDNN: names, one executable step, engine and stream, one scratchpad.
// Included by .cpp files of this room and by convolution.h alone: no other header shows a type of oneDNN.
#pragma once
#include <algorithm>
#include <cstddef>
#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "tocsin/nn/architecture.h"

namespace tocsin::nn::onednn {

using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;
using Type = memory::data_type;

inline memory::dim dim(std::size_t value) { return static_cast<memory::dim>(value); }
inline Dims pair(std::size_t value) { return {dim(value), dim(value)}; }
inline Dims shape_of(const Shape& shape, std::size_t batch) {
  return {dim(batch), dim(shape.channels), dim(shape.height), dim(shape.width)};
}
inline memory::desc any(const Dims& dims, Type type) { return {dims, type, Tag::any}; }
inline memory::desc plain(const Dims& dims, Type type = Type::f32) { return {dims, type, Tag::nchw}; }

inline float* floats(const memory& at) { return static_cast<float*>(at.get_data_handle()); }

/// One executable step: a primitive and its arguments, fixed once.
struct Call {
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
  void operator()(dnnl::stream& stream) const { primitive.execute(stream, arguments); }
};

/// What all primitives of a replica are made with. Copies of a `memory` are handles of one buffer: setting the address of one sets
/// all.
struct Context {
  std::size_t batch = 1;
  Type type = Type::f32;  ///< of activations and their gradients
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};

  [[nodiscard]] dnnl::primitive_attr attributes() const {
    dnnl::primitive_attr result;
    result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return result;
  }
  [[nodiscard]] memory make(const memory::desc& desc) const { return {desc, engine}; }
  [[nodiscard]] memory view(const memory::desc& desc, const void* at = nullptr) const {
    return {desc, engine, const_cast<void*>(at)};
  }
  [[nodiscard]] Call reorder(memory from, memory to) const {
    const dnnl::reorder::primitive_desc desc(engine, from.get_desc(), engine, to.get_desc());
    return {dnnl::reorder(desc), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
  }
  void copy(const memory& from, const memory& to) { reorder(from, to)(stream); }

  /// A place in the scratchpad that all calls share, one after the other.
  memory scratch(const memory::desc& desc) {
    scratch_users_.push_back(view(desc));
    return scratch_users_.back();
  }
  /// Makes it as large as any call so far needs. Called after primitives were made, before they run.
  void share_scratchpad() {
    std::size_t bytes = 1;
    for (const memory& user : scratch_users_) bytes = std::max(bytes, user.get_desc().get_size());
    scratchpad_ = make({{dim(bytes)}, Type::u8, Tag::a});
    for (memory& user : scratch_users_) user.set_data_handle(scratchpad_.get_data_handle());
  }

 private:
  std::vector<memory> scratch_users_;
  memory scratchpad_;
};

}  // namespace tocsin::nn::onednn
