// SPDX-License-Identifier: Apache-2.0
// The format: 6 bytes magic, 2 bytes version, the length of the header (2 bytes, from version 2.0 on 4), the header, the numbers.
#include "tocsin/explain/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include "tocsin/core/errors.h"
#include "tocsin/explain/npy_header.h"

namespace tocsin::explain {
namespace {
using detail::NpyHeader;
using detail::tuple_text;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kTruth = "|b1";
constexpr std::uint64_t kLongestHeader = 10'000;  // as numpy.load limits it
constexpr std::size_t kAlignment = 64;            // of the numbers in a file that is written

template <class T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, float>) return "<f4";
  if constexpr (std::is_same_v<T, double>) return "<f8";
  if constexpr (std::is_same_v<T, std::uint8_t>) return "|u1";
  if constexpr (std::is_same_v<T, std::int32_t>) return "<i4";
  return "<i8";
}

template <std::size_t size>
using Bits = std::conditional_t<size == 1, std::uint8_t, std::conditional_t<size == 4, std::uint32_t, std::uint64_t>>;

template <class T>
std::vector<T> decode(std::span<const unsigned char> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t bits = 0;
    for (std::size_t k = sizeof(T); k-- > 0;) bits = bits << 8 | bytes[i * sizeof(T) + k];
    values[i] = std::bit_cast<T>(static_cast<Bits<sizeof(T)>>(bits));
  }
  return values;
}

/// Product of the extents; none: beyond 64 bits. An extent of 0 leaves nothing, whatever the others say.
std::optional<std::uint64_t> elements_of(std::span<const std::uint64_t> shape) {
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return 0;
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(elements, extent, &elements)) return {};
  return elements;
}

/// An empty vector of the type that the header names.
Npy::Values values_of_type(const FileBytes& file, const NpyHeader& header) {
  const std::string& descr = header.descr;
  if (descr == "<f4") return std::vector<float>();
  if (descr == "<f8") return std::vector<double>();
  if (descr == "|u1" || descr == kTruth) return std::vector<std::uint8_t>();
  if (descr == "<i4") return std::vector<std::int32_t>();
  if (descr == "<i8") return std::vector<std::int64_t>();
  if (descr.size() >= 2 && descr[1] == 'O')
    throw DataError(file.path, header.descr_at,
                    fmt::format("descr is '{}': the file holds Python objects, reading them runs code", printable(descr, 40)),
                    "save numbers: numpy.save(path, array.astype('<f4'))");
  throw DataError(file.path, header.descr_at,
                  fmt::format("descr is '{}'; <f4, <f8, |u1, |b1, <i4 and <i8 can be read", printable(descr, 40)),
                  "convert it: numpy.save(path, array.astype('<f4'))");
}

/// Each of them 0 or 1, as NumPy writes them.
template <class T>
void check_truths(const ByteReader& reader, std::uint64_t begin, const std::vector<T>& values) {
  const auto found = std::find_if(values.begin(), values.end(), [](T value) { return value != T{0} && value != T{1}; });
  if (found != values.end())
    reader.fail_at(begin + static_cast<std::uint64_t>(found - values.begin()), fmt::format("a |b1 is 0 or 1, found {}", *found));
}

NpyHeader read_header(ByteReader& reader, const FileBytes& file) {
  const auto magic = reader.take(kMagic.size(), "the magic");
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin(),
                  [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); }))
    reader.fail_at(0, fmt::format("the first 6 bytes must be 93 4e 55 4d 50 59, found {:02x}", fmt::join(magic, " ")),
                   "is this a .npy file?");
  const std::uint8_t major = reader.u8("the version"), minor = reader.u8("the version");
  if (major < 1 || major > 3 || minor != 0)
    reader.fail_at(kMagic.size(), fmt::format("the version is {}.{}; 1.0, 2.0 and 3.0 can be read", major, minor));
  const std::uint64_t length_at = reader.offset();
  const std::uint64_t length =
      major == 1 ? reader.u16_little("the length of the header") : reader.u32_little("the length of the header");
  if (length > kLongestHeader)
    reader.fail_at(length_at, fmt::format("the length of the header is {}, at most {} are read", length, kLongestHeader));
  if (length > reader.left())
    reader.fail_at(length_at, fmt::format("the length of the header is {}, {} bytes follow", length, reader.left()),
                   "the file is cut short");
  const std::uint64_t start = reader.offset();
  NpyHeader header = detail::parse_npy_header(file.path, start, reader.take(length, "the header"));
  if (header.fortran_order)
    throw DataError(file.path, header.order_at, "fortran_order is True; arrays in C order can be read",
                    "convert it: numpy.save(path, numpy.ascontiguousarray(array))");
  return header;
}

std::vector<std::uint64_t> wide(const std::vector<std::size_t>& shape) { return {shape.begin(), shape.end()}; }

template <class T>
std::string format_values(const std::vector<std::size_t>& shape, std::span<const T> values) {
  require(shape.size() <= detail::kMostDimensions, "npy: rank {} is above {}", shape.size(), detail::kMostDimensions);
  const std::vector<std::uint64_t> extents = wide(shape);
  const std::optional<std::uint64_t> elements = elements_of(extents);
  require(elements && *elements == values.size(), "npy: the shape {} does not hold {} values", tuple_text(extents), values.size());
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type_name<T>(), tuple_text(extents));
  constexpr std::size_t kBefore = kMagic.size() + 4;  // version and length
  const std::size_t whole = (kBefore + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  header.resize(whole - kBefore - 1, ' ');
  header += '\n';
  std::string bytes;
  bytes.reserve(whole + values.size_bytes());
  bytes += kMagic;
  for (const std::size_t byte : {std::size_t{1}, std::size_t{0}, header.size() & 0xFF, header.size() >> 8})
    bytes += static_cast<char>(byte);
  bytes += header;
  for (const T value : values) {
    const std::uint64_t bits = std::bit_cast<Bits<sizeof(T)>>(value);
    for (std::size_t k = 0; k < sizeof(T); ++k) bytes += static_cast<char>(bits >> (8 * k) & 0xFF);
  }
  return bytes;
}
}  // namespace

Npy parse_npy(const FileBytes& file) {
  ByteReader reader(file.path, file.bytes);
  const NpyHeader header = read_header(reader, file);
  Npy result{{}, values_of_type(file, header)};
  std::visit(
      [&](auto& values) {
        using T = typename std::remove_reference_t<decltype(values)>::value_type;
        std::uint64_t bytes = 0;
        const std::optional<std::uint64_t> elements = elements_of(header.shape);
        if (!elements || __builtin_mul_overflow(*elements, std::uint64_t{sizeof(T)}, &bytes))
          reader.fail_at(header.shape_at, fmt::format("the shape {} is beyond 64 bits", tuple_text(header.shape)));
        const std::string promised = fmt::format("the shape {} of {} takes {} bytes, {} follow", tuple_text(header.shape),
                                                 header.descr, bytes, reader.left());
        if (bytes > reader.left()) reader.fail(promised, "the file is cut short");
        if (bytes < reader.left()) reader.fail_at(reader.offset() + bytes, promised, "what stands here belongs to nothing");
        const std::uint64_t begin = reader.offset();
        values = decode<T>(reader.take(bytes, "the numbers"));
        if (header.descr == kTruth) check_truths(reader, begin, values);
      },
      result.values);
  result.shape.assign(header.shape.begin(), header.shape.end());
  return result;
}

Npy read_npy(const std::string& path, std::uint64_t max_bytes) { return parse_npy(read_file(path, max_bytes)); }

std::string format_npy(const Npy& array) {
  return std::visit(
      [&](const auto& values) {
        using T = typename std::remove_cvref_t<decltype(values)>::value_type;
        return format_values<T>(array.shape, values);
      },
      array.values);
}

std::string format_npy(const std::vector<std::size_t>& shape, std::span<const float> values) {
  return format_values(shape, values);
}
std::string format_npy(const std::vector<std::size_t>& shape, std::span<const double> values) {
  return format_values(shape, values);
}

void write_npy(const std::string& path, const std::vector<std::size_t>& shape, std::span<const float> values) {
  write_file(path, format_npy(shape, values));
}

}  // namespace tocsin::explain
