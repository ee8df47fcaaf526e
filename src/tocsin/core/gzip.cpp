// SPDX-License-Identifier: Apache-2.0
// One gzip member, checked to its last byte (RFC 1952). zlib's own gzread is not used: it passes plain files through and ignores
// what follows the trailer.
// Memory follows what was really inflated: the length in the trailer only reserves, within what that many bytes could hold.
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "tocsin/core/bytes.h"

namespace tocsin {
namespace {
constexpr unsigned kHeaderCheck = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xe0;
constexpr std::uint64_t kMostPerByte = 1032, kSlack = 65536;  // deflate yields at most 1,032 bytes a byte

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

void skip_text(ByteReader& reader, std::string_view field) {
  while (reader.u8(field) != 0) {
  }
}

void read_header(ByteReader& reader, std::span<const unsigned char> bytes) {
  const auto magic = reader.take(2, "the gzip signature");
  if (magic[0] != 0x1f || magic[1] != 0x8b)
    reader.fail_at(0, fmt::format("begins with {:02x} {:02x}, a gzip file begins with 1f 8b", magic[0], magic[1]));
  const unsigned method = reader.u8("the compression method");
  if (method != 8) reader.fail_at(2, fmt::format("compression method {}, expected 8 (deflate)", method));
  const unsigned flags = reader.u8("the flags");
  if ((flags & kReserved) != 0) reader.fail_at(3, fmt::format("reserved bits are set in the flags 0x{:02x}", flags));
  reader.take(6, "time, extra flags and system");
  if ((flags & kExtra) != 0) reader.take(reader.u16_little("the length of the extra field"), "the extra field");
  if ((flags & kName) != 0) skip_text(reader, "the file name");
  if ((flags & kComment) != 0) skip_text(reader, "the comment");
  if ((flags & kHeaderCheck) != 0) {
    const std::uint64_t end = reader.offset();
    const auto found = static_cast<std::uint16_t>(crc32_z(0, bytes.data(), static_cast<std::size_t>(end)));
    const std::uint16_t promised = reader.u16_little("the check of the header");
    if (found != promised) reader.fail_at(end, fmt::format("the header's CRC-16 is 0x{:04x}, expected 0x{:04x}", found, promised));
  }
}

/// What to reserve: the length that the last four bytes claim, if they are a trailer, so many bytes can inflate to it, and it is
/// allowed. One byte more, so that the end of the stream is seen without growing.
std::size_t reservation(std::span<const unsigned char> bytes, std::uint64_t limit) {
  ByteReader end("", bytes.last(std::min<std::size_t>(bytes.size(), 4)));
  const std::uint64_t claim = end.left() == 4 ? end.u32_little("length") : 0;
  return static_cast<std::size_t>(std::min({claim, limit, kMostPerByte * bytes.size() + kSlack}) + 1);
}

/// Inflates from the reader's offset and moves it behind the stream. What goes beyond `limit` is a fault, or left if `only_start`.
std::vector<unsigned char> inflate_all(ByteReader& reader, std::span<const unsigned char> bytes, std::uint64_t limit,
                                       bool only_start = false) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  const std::uint64_t begin = reader.offset();
  std::vector<unsigned char> result(reservation(bytes, limit));
  std::size_t in = static_cast<std::size_t>(begin), out = 0;
  for (;;) {
    if (out == result.size())
      result.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit, out + std::max(out, std::size_t{kSlack}))) + 1);
    const auto in_now = static_cast<uInt>(std::min<std::size_t>(bytes.size() - in, std::numeric_limits<uInt>::max()));
    const auto out_now = static_cast<uInt>(std::min<std::size_t>(result.size() - out, std::numeric_limits<uInt>::max()));
    stream.next_in = const_cast<unsigned char*>(bytes.data() + in);
    stream.avail_in = in_now;
    stream.next_out = result.data() + out;
    stream.avail_out = out_now;
    const int status = inflate(&stream, Z_NO_FLUSH);
    in += in_now - stream.avail_in;
    out += out_now - stream.avail_out;
    if (out > limit && !only_start) reader.fail_at(in, fmt::format("inflates to more than the {} bytes expected", limit));
    if (out > limit) {
      result.resize(static_cast<std::size_t>(limit));
      return result;
    }
    if (status == Z_STREAM_END) break;
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_DATA_ERROR || status == Z_NEED_DICT || status == Z_STREAM_ERROR)
      reader.fail_at(in, fmt::format("invalid deflate data: {}", stream.msg != nullptr ? stream.msg : "zlib gives no reason"));
    if (in == bytes.size() && stream.avail_out > 0)
      reader.fail_at(in, "the data end within the deflate stream", "the file is cut short, fetch it again");
  }
  reader.take(in - begin, "the deflate stream");
  result.resize(out);
  return result;
}
}  // namespace

std::vector<unsigned char> gunzip(std::span<const unsigned char> bytes, const std::string& name, std::uint64_t limit) {
  limit = std::min<std::uint64_t>(limit, std::numeric_limits<std::ptrdiff_t>::max() - 1);
  ByteReader reader(name, bytes);
  read_header(reader, bytes);
  std::vector<unsigned char> result = inflate_all(reader, bytes, limit);
  const std::uint64_t trailer = reader.offset();
  const auto found_check = static_cast<std::uint32_t>(crc32_z(0, result.data(), result.size()));
  const std::uint32_t check = reader.u32_little("the CRC-32 of the trailer");
  const std::uint32_t length = reader.u32_little("the length in the trailer");
  if (check != found_check)
    reader.fail_at(trailer, fmt::format("the data's CRC-32 is 0x{:08x}, the trailer says 0x{:08x}", found_check, check));
  if (length != static_cast<std::uint32_t>(result.size()))
    reader.fail_at(trailer + 4, fmt::format("inflated to {} bytes, the trailer says {}", result.size(), length));
  if (reader.left() >= 2 && bytes[trailer + 8] == 0x1f && bytes[trailer + 9] == 0x8b)
    reader.fail("a second gzip member begins here, expected the end of the file");
  if (reader.left() > 0) reader.fail(fmt::format("{} bytes follow the trailer, expected the end of the file", reader.left()));
  return result;
}

std::vector<unsigned char> gunzip_start(std::span<const unsigned char> bytes, const std::string& name, std::uint64_t count) {
  ByteReader reader(name, bytes);
  read_header(reader, bytes);
  return inflate_all(reader, bytes, count, true);
}

}  // namespace tocsin
