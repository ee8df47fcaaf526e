// SPDX-License-Identifier: Apache-2.0
// The parser is nlohmann's, driven through its SAX interface: its tree keeps the last of two equal names in silence.
#include "tocsin/nn/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "tocsin/core/errors.h"
#include "tocsin/core/utf8.h"

namespace tocsin::nn::detail {
namespace {
using Json = nlohmann::json;

constexpr std::size_t kLongestName = 256;
constexpr std::size_t kMostTensors = 65536;
constexpr std::string_view kMetadata = "__metadata__";

/// Follows the header: objects of objects of three fields. Anything else throws where it is met, so nothing nests deeper.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  HeaderReader(const std::string& file, std::uint64_t start) : file_(file), start_(start) {}
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return refuse_value("null"); }
  bool boolean(bool) override { return refuse_value("true or false"); }
  bool number_integer(number_integer_t value) override { return refuse_value(fmt::format("{}", value)); }
  bool number_float(number_float_t, const string_t& written) override { return refuse_value(printable(written, 40)); }
  bool binary(binary_t&) override { return refuse_value("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ != State::list) return refuse_value(fmt::format("{}", value));
    list().push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (state_ == State::metadata) {
      header_.metadata[key_] = value;
      return true;
    }
    if (state_ != State::tensor || key_ != "dtype") return refuse_value("a string");
    tensor().dtype = value;
    return true;
  }

  bool start_object(std::size_t) override {
    if (state_ == State::start) {
      state_ = State::names;
    } else if (state_ == State::names && key_ == kMetadata) {
      state_ = State::metadata;
    } else if (state_ == State::names) {
      state_ = State::tensor;
      fields_.clear();
    } else {
      return refuse_value("an object");
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::tensor) check_fields();
    state_ = state_ == State::names ? State::end : State::names;
    return true;
  }

  bool start_array(std::size_t) override {
    if (state_ != State::tensor || key_ == "dtype") return refuse_value("a list");
    (key_ == "shape" ? tensor().has_shape : tensor().has_offsets) = true;
    state_ = State::list;
    return true;
  }

  bool end_array() override {
    state_ = State::tensor;
    return true;
  }

  bool key(string_t& value) override {
    if (state_ == State::names) {
      new_name(value);
    } else if (state_ == State::metadata) {
      if (header_.metadata.count(value) != 0) fail(fmt::format("__metadata__ has '{}' twice", printable(value)));
    } else {
      if (value != "dtype" && value != "shape" && value != "data_offsets")
        fail(fmt::format("{} has the unknown field '{}'; known: dtype, shape, data_offsets", where(), printable(value)));
      if (!fields_.insert(value).second) fail(fmt::format("{} has '{}' twice", where(), value));
    }
    key_ = value;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    const std::uint64_t at = start_ + (position == 0 ? 0 : position - 1);
    throw DataError(file_, at, "the header is not valid JSON from here on", "the file is damaged");
  }

 private:
  enum class State { start, names, metadata, tensor, list, end };

  HeaderTensor& tensor() { return header_.tensors.back(); }
  std::vector<std::uint64_t>& list() { return key_ == "shape" ? tensor().shape : tensor().offsets; }
  std::string where() { return fmt::format("tensor '{}'", printable(tensor().name)); }

  void new_name(const std::string& name) {
    if (!names_.insert(name).second) fail(fmt::format("the name '{}' occurs twice", printable(name)));
    if (name == kMetadata) return;
    if (name.size() > kLongestName)
      fail(fmt::format("the name '{}' has {} bytes, at most {} are allowed", printable(name, 40), name.size(), kLongestName));
    if (header_.tensors.size() == kMostTensors) fail(fmt::format("more than {} tensors", kMostTensors));
    header_.tensors.emplace_back().name = name;
  }

  void check_fields() {
    for (const char* field : {"dtype", "shape", "data_offsets"})
      if (fields_.count(field) == 0) fail(fmt::format("{} has no {}", where(), field));
    if (tensor().offsets.size() != 2)
      fail(fmt::format("{}: data_offsets must be two unsigned integers, found a list of {}", where(), tensor().offsets.size()));
  }

  /// Says what was expected where something else stands.
  bool refuse_value(const std::string& found) {
    switch (state_) {
      case State::metadata:
        fail(fmt::format("__metadata__ '{}' must be a string, found {}", printable(key_), found));
      case State::names: {
        if (key_ == kMetadata) fail(fmt::format("__metadata__ must be an object of strings, found {}", found));
        fail(fmt::format("{} must be an object, found {}", where(), found));
      }
      case State::tensor:
      case State::list: {
        if (key_ == "dtype") fail(fmt::format("{}: dtype must be a string, found {}", where(), found));
        if (key_ == "shape") fail(fmt::format("{}: shape must be a list of unsigned integers, found {}", where(), found));
        fail(fmt::format("{}: data_offsets must be two unsigned integers, found {}", where(), found));
      }
      case State::start:
      case State::end:
        break;
    }
    fail(fmt::format("the header must be an object, found {}", found));
  }

  [[noreturn]] void fail(const std::string& message) const { throw DataError(file_, start_, "header: " + message); }

  const std::string& file_;
  std::uint64_t start_;
  State state_ = State::start;
  std::string key_;  ///< the last key read
  std::set<std::string> names_, fields_;
  SafetensorsHeader header_;
};
}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& file, std::uint64_t start, std::span<const unsigned char> json) {
  if (json.empty() || json.front() != '{')
    throw DataError(file, start,
                    fmt::format("the header must begin with '{{', found byte {:#04x}", json.empty() ? 0 : json.front()),
                    "is this a safetensors file?");
  const std::string_view text(reinterpret_cast<const char*>(json.data()), json.size());
  if (const auto at = not_utf8(text)) throw DataError(file, start + *at, "the header is not UTF-8 from here on");
  std::size_t end = json.size();
  while (json[end - 1] == ' ') --end;  // stops at '{' at the latest
  if (const unsigned char last = json[end - 1]; last == 0 || last == '\t' || last == '\n' || last == '\r')
    throw DataError(file, start + end - 1, fmt::format("the header is padded with byte {:#04x}, only spaces are allowed", last));
  HeaderReader reader(file, start);
  Json::sax_parse(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(end), &reader);
  return reader.take();
}

std::string json_text(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace tocsin::nn::detail
