// SPDX-License-Identifier: Apache-2.0
// IDX: two zero bytes, a type, a rank, big-endian dimensions, then the values in row-major order (LeCun, "The MNIST database").
// The header is read and judged first, of a gzip file from its first unpacked bytes, so that nothing is allocated on its word
// alone.
#include "tocsin/data/idx.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tocsin/data/packed.h"

namespace tocsin::data {
namespace {

constexpr std::size_t kLargestRank = 4;
constexpr std::uint64_t kMostDeflateYields = 1032;  ///< bytes a compressed byte (RFC 1951; reliability.md 2.1)
constexpr std::uint64_t kDeflateSlack = std::uint64_t{64} * 1024;
constexpr const char* kUnpacked = " of the decompressed data";  ///< what offsets count in a gzip file

/// What the header says.
struct Header {
  std::vector<std::size_t> dimensions;
  std::uint64_t length = 0;  ///< of the header, in bytes
  std::uint64_t values = 0;  ///< product of the dimensions
};

/// 47040000 as 47,040,000.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

/// "60,000 x 28 x 28".
std::string product_text(const std::vector<std::size_t>& dimensions) {
  std::vector<std::string> parts;
  parts.reserve(dimensions.size());
  for (const std::size_t dimension : dimensions) parts.push_back(grouped(dimension));
  return joined(parts, " x ");
}

std::string type_name(unsigned type) {
  constexpr std::array<std::pair<unsigned, const char*>, 5> kTypes{{{0x09, "signed bytes"},
                                                                    {0x0b, "16-bit integers"},
                                                                    {0x0c, "32-bit integers"},
                                                                    {0x0d, "32-bit floats"},
                                                                    {0x0e, "64-bit floats"}}};
  for (const auto& [code, name] : kTypes)
    if (code == type) return name;
  return "no type of the format";
}

void check_magic(const ByteReader& reader, std::span<const unsigned char> magic) {
  if (magic[0] == 0 && magic[1] == 0) return;
  const bool is_text =
      std::all_of(magic.begin(), magic.end(), [](unsigned char c) { return (c >= 32 && c < 127) || (c >= 9 && c <= 13); });
  reader.fail_at(0,
                 fmt::format("expected an IDX file, which begins 00 00 08, found {:02x} {:02x} {:02x} {:02x}", magic[0], magic[1],
                             magic[2], magic[3]),
                 is_text ? "is this CSV?" : "");
}

void check_rank(const ByteReader& reader, unsigned found, std::size_t wanted) {
  if (wanted == 1) {
    if (found == 1) return;
    const char* hint = found == 3 || found == 4 ? "this looks like the image file" : "";
    reader.fail_at(3, fmt::format("expected 1 dimension (labels), found {}", found), hint);
  }
  if (found == 3 || found == 4) return;
  reader.fail_at(3, fmt::format("expected 3 or 4 dimensions (images), found {}", found),
                 found == 1 ? "this looks like the label file" : "");
}

/// The header at the front of `reader`, which may hold no more than the header. Refuses what `max_bytes` does not allow.
Header read_header(ByteReader& reader, std::size_t rank, std::uint64_t max_bytes) {
  const std::span<const unsigned char> magic = reader.take(4, "the magic number");
  check_magic(reader, magic);
  if (magic[2] != 0x08)
    reader.fail_at(2, fmt::format("expected type 08 (unsigned bytes), found {:02x} ({})", magic[2], type_name(magic[2])));
  check_rank(reader, magic[3], rank);

  Header header;
  header.values = 1;
  bool overflows = false;
  for (std::size_t k = 0; k < magic[3]; ++k) {
    const std::uint64_t at = reader.offset();
    const std::uint32_t dimension = reader.u32_big(fmt::format("dimension {}", k + 1));
    if (dimension == 0) reader.fail_at(at, fmt::format("dimension {} of {} is 0", k + 1, magic[3]), "a data set needs samples");
    header.dimensions.push_back(dimension);
    overflows = __builtin_mul_overflow(header.values, std::uint64_t{dimension}, &header.values) || overflows;
  }
  header.length = reader.offset();
  if (overflows) reader.fail_at(4, fmt::format("{} values are more than any file holds", product_text(header.dimensions)));
  if (header.values > max_bytes || header.length > max_bytes - header.values)
    reader.fail_at(
        4,
        fmt::format("{} = {} bytes, {} are allowed", product_text(header.dimensions), grouped(header.values), grouped(max_bytes)),
        "raise [data] max_bytes if the file is right");
  return header;
}

void check_length(const ByteReader& reader, const Header& header, std::uint64_t found) {
  if (found == header.values) return;
  reader.fail_at(
      header.length,
      fmt::format("expected {} bytes ({}), found {}", grouped(header.values), product_text(header.dimensions), grouped(found)),
      found < header.values ? "the file is cut short, fetch it again" : "the file is longer than its header says");
}

Idx unpack(const FileBytes& file, std::size_t rank, std::uint64_t max_bytes, Idx idx) {
  const std::vector<unsigned char> start = gunzip_start(file.bytes, file.path, 4 + 4 * kLargestRank);
  ByteReader first(file.path, start, kUnpacked);
  idx.gzip = true;
  Header header = read_header(first, rank, max_bytes);
  const std::uint64_t packed = file.bytes.size(), total = header.length + header.values;
  if (total > kDeflateSlack && (total - kDeflateSlack) / kMostDeflateYields > packed)
    first.fail_at(4, fmt::format("{} = {} bytes, but {} compressed bytes cannot hold so many", product_text(header.dimensions),
                                 grouped(header.values), grouped(packed)));
  idx.values = gunzip(file.bytes, file.path, total);
  check_length(ByteReader(file.path, idx.values, kUnpacked), header, idx.values.size() - header.length);
  idx.values.erase(idx.values.begin(), idx.values.begin() + static_cast<std::ptrdiff_t>(header.length));
  idx.dimensions = std::move(header.dimensions);
  return idx;
}

/// A fact that shows only beside another file.
[[noreturn]] void fail(const Idx& idx, std::uint64_t offset, const std::string& message, const std::string& hint = "") {
  throw DataError(idx.source.path, offset, message, hint, idx.gzip ? kUnpacked : "");
}

/// The largest label + 1.
std::size_t classes_of(const Idx& labels) { return std::size_t{*std::max_element(labels.values.begin(), labels.values.end())} + 1; }

void check_labels(const Idx& labels, std::size_t classes) {
  for (std::size_t i = 0; i < labels.values.size(); ++i)
    if (labels.values[i] >= classes)
      fail(labels, 8 + i, fmt::format("label {} of sample {} is outside [0, {})", labels.values[i], i, classes));
}

void check_counts(const Idx& images, const Idx& labels) {
  const std::size_t n = images.dimensions.front(), m = labels.dimensions.front();
  if (n == m) return;
  fail(images, 4, fmt::format("{} images, but {} holds {} labels", grouped(n), printable(labels.source.path), grouped(m)),
       "the two files do not belong together");
}

Shape shape_of(const Idx& images) {
  const std::vector<std::size_t>& d = images.dimensions;
  return d.size() == 3 ? Shape{1, d[1], d[2]} : Shape{d[1], d[2], d[3]};
}

std::shared_ptr<const Dataset> dataset_of(Idx& images, const Idx& labels, const std::string& name, std::size_t classes,
                                          std::vector<std::string> class_names) {
  auto made = std::make_shared<Dataset>();
  made->name = name;
  made->shape = shape_of(images);
  made->classes = classes;
  made->pixels = std::move(images.values);
  made->class_names = std::move(class_names);
  made->labels.assign(labels.values.begin(), labels.values.end());
  return made;
}

}  // namespace

Idx parse_idx(const FileBytes& file, std::size_t rank, std::uint64_t max_bytes) {
  require(rank == 1 || rank == 3, "parse_idx: rank must be 1 (labels) or 3 (images), got {}", rank);
  Idx idx;
  idx.source = {file.path, file.bytes.size(), file.sha256};
  if (is_gzip(file.bytes)) return unpack(file, rank, max_bytes, std::move(idx));
  ByteReader reader(file.path, file.bytes);
  Header header = read_header(reader, rank, max_bytes);
  check_length(reader, header, reader.left());
  const std::span<const unsigned char> values = reader.take(header.values, "the values");
  idx.values.assign(values.begin(), values.end());
  idx.dimensions = std::move(header.dimensions);
  return idx;
}

Idx read_idx(const std::string& path, std::size_t rank, std::uint64_t max_bytes) {
  return parse_idx(read_maybe_packed(path, max_bytes), rank, max_bytes);
}

Problem read_idx_problem(const IdxFiles& files, const std::string& name, std::size_t classes, std::uint64_t max_bytes,
                         std::vector<std::string> class_names) {
  require(class_names.empty() || class_names.size() == classes, "read_idx_problem: {} names for {} classes", class_names.size(),
          classes);
  std::uint64_t left = max_bytes;
  const auto read = [&left](const std::string& path, std::size_t rank) {
    Idx idx = read_idx(path, rank, left);
    left -= std::min<std::uint64_t>(left, idx.values.size());
    return idx;
  };
  // Labels first: they are small, and a wrong pair of files shows before the images are unpacked.
  const Idx train_labels = read(files.train_labels, 1), test_labels = read(files.test_labels, 1);
  const std::size_t seen = std::max(classes_of(train_labels), classes_of(test_labels));
  const std::size_t wanted = classes == 0 ? seen : classes;
  check_labels(train_labels, wanted);
  check_labels(test_labels, wanted);
  Idx train_images = read(files.train_images, 3);
  check_counts(train_images, train_labels);
  Idx test_images = read(files.test_images, 3);
  check_counts(test_images, test_labels);
  const Shape train = shape_of(train_images), test = shape_of(test_images);
  if (train != test)
    fail(test_images, 8,
         fmt::format("images of {} x {} x {}, but {} holds {} x {} x {} (channels, height, width)", test.channels, test.height,
                     test.width, printable(files.train_images), train.channels, train.height, train.width),
         "training and test images must have one shape");
  Problem problem;
  problem.files = {train_images.source, train_labels.source, test_images.source, test_labels.source};
  problem.train = dataset_of(train_images, train_labels, name, wanted, class_names);
  problem.test = dataset_of(test_images, test_labels, name, wanted, std::move(class_names));
  return problem;
}

}  // namespace tocsin::data
