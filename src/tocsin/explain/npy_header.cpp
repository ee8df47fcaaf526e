// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/npy_header.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

#include "tocsin/core/errors.h"

namespace tocsin::explain::detail {
namespace {

/// A cursor over the header; what it cannot read it refuses with the offset in the file.
class HeaderReader {
 public:
  HeaderReader(const std::string& file, std::uint64_t start, std::string_view text) : file_(file), start_(start), text_(text) {}

  NpyHeader read() {
    expect('{', "a dictionary");
    while (!accept('}')) {
      read_entry();
      if (accept('}')) break;
      expect(',', "',' or '}'");
    }
    for (const char* key : {"descr", "fortran_order", "shape"})
      if (seen_.count(key) == 0) fail(at_ - 1, fmt::format("the header has no '{}'", key));
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (text_.substr(at_) != "\n") refuse("spaces and one line end behind the dictionary");
    return std::move(header_);
  }

 private:
  void read_entry() {
    skip_blanks();
    const std::size_t key_at = at_;
    const std::string key = quoted("a key in quotes");
    if (key != "descr" && key != "fortran_order" && key != "shape")
      fail(key_at, fmt::format("the header has the unknown key '{}'; known: descr, fortran_order, shape", printable(key, 40)));
    if (!seen_.insert(key).second) fail(key_at, fmt::format("the header has '{}' twice", key));
    expect(':', "':'");
    skip_blanks();
    const std::uint64_t value_at = start_ + at_;
    if (key == "descr") {
      header_.descr_at = value_at;
      if (peek() == '[') fail(at_, "descr is a list, a structured type; one number an element can be read");
      header_.descr = quoted("a type in quotes");
    } else if (key == "fortran_order") {
      header_.order_at = value_at;
      header_.fortran_order = truth();
    } else {
      header_.shape_at = value_at;
      read_shape();
    }
  }

  bool truth() {
    for (const std::string_view word : {"True", "False"})
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return word == "True";
      }
    refuse("True or False");
  }

  /// (), (3,), (3, 4), (3, 4,); Python takes (3) for a number.
  void read_shape() {
    const std::size_t from = at_;
    expect('(', "a tuple of extents");
    bool comma = true;
    while (!accept(')')) {
      if (!comma) refuse("',' or ')'");
      if (header_.shape.size() == kMostDimensions)
        fail(from, fmt::format("the shape has more than {} dimensions", kMostDimensions));
      header_.shape.push_back(extent());
      comma = accept(',');
    }
    if (header_.shape.size() == 1 && !comma)
      fail(from, fmt::format("the shape ({}) is a number, a tuple of one is ({},)", header_.shape[0], header_.shape[0]));
  }

  std::uint64_t extent() {
    skip_blanks();
    const std::size_t from = at_;
    if (peek() == '-') fail(from, "the shape has a negative extent");
    std::uint64_t value = 0;
    bool fits = true;
    for (; peek() >= '0' && peek() <= '9'; ++at_)
      fits = fits && !__builtin_mul_overflow(value, std::uint64_t{10}, &value) &&
             !__builtin_add_overflow(value, static_cast<std::uint64_t>(peek() - '0'), &value);
    if (at_ == from) refuse("an extent, digits alone");
    if (!fits) fail(from, "the shape has an extent beyond 64 bits");
    if (text_[from] == '0' && at_ > from + 1) fail(from, "the shape has an extent with a leading 0");
    return value;
  }

  /// Between single or double quotes, without escapes.
  std::string quoted(const std::string& expected) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') refuse(expected);
    const std::size_t from = at_ + 1, end = text_.find(quote, from);
    if (end == std::string_view::npos) fail(at_, "the quote that opens here is not closed");
    const std::string_view inside = text_.substr(from, end - from);
    if (const std::size_t escape = inside.find('\\'); escape != std::string_view::npos)
      fail(from + escape, "an escape in quotes, expected plain characters");
    at_ = end + 1;
    return std::string(inside);
  }

  void skip_blanks() {
    while (peek() == ' ') ++at_;
  }
  /// The next character; NUL at the end.
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted, const std::string& name) {
    if (!accept(wanted)) refuse(name);
  }

  [[noreturn]] void refuse(const std::string& expected) const {
    const std::string found = at_ < text_.size() ? fmt::format("'{}'", printable(text_.substr(at_, 1))) : "the end of the header";
    fail(at_, fmt::format("the header needs {} here, found {}", expected, found));
  }
  [[noreturn]] void fail(std::size_t at, const std::string& message) const { throw DataError(file_, start_ + at, message); }

  const std::string& file_;
  std::uint64_t start_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::set<std::string> seen_;
  NpyHeader header_;
};
}  // namespace

NpyHeader parse_npy_header(const std::string& file, std::uint64_t start, std::span<const unsigned char> text) {
  return HeaderReader(file, start, {reinterpret_cast<const char*>(text.data()), text.size()}).read();
}

std::string tuple_text(std::span<const std::uint64_t> shape) {
  return fmt::format("({}{})", fmt::join(shape.begin(), shape.end(), ", "), shape.size() == 1 ? "," : "");
}

}  // namespace tocsin::explain::detail
