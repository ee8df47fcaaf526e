// SPDX-License-Identifier: Apache-2.0
// Files in, files out: bounded reading of regular files, a cursor whose every error knows file, offset, expected and found,
// durable writing, SHA-256. reliability.md, sections 2.1 and 4.5.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/core/errors.h"

namespace tocsin {

/// SHA-256 in lower-case hex (64 characters), and raw.
std::string sha256_hex(std::span<const unsigned char> bytes);
std::array<unsigned char, 32> sha256(std::span<const unsigned char> bytes);

/// The bytes of a regular file and their hash. Throws DataError if it is missing, no regular file (a directory, a FIFO, a
/// device), larger than `limit`, or changes while it is read; RunError(Exit::io) if reading fails.
struct FileBytes {
  std::string path;
  std::vector<unsigned char> bytes;
  std::string sha256;
};
FileBytes read_file(const std::string& path, std::uint64_t limit);
/// The folder in which this program is bin/<name>: an installation, or a build tree. Empty where the system does not say.
std::string program_prefix();

/// Inflates one gzip member (`name` for errors), at most `limit` bytes of it. Throws DataError for every fault of
/// reliability.md 2.3, row gzip: flags, header fields, truncation, invalid deflate, CRC, length, trailing bytes, more than `limit`.
std::vector<unsigned char> gunzip(std::span<const unsigned char> bytes, const std::string& name, std::uint64_t limit);
/// The first `count` bytes that it inflates to, fewer if it ends before: to judge a header before the rest is unpacked. What
/// follows is not looked at.
std::vector<unsigned char> gunzip_start(std::span<const unsigned char> bytes, const std::string& name, std::uint64_t count);

/// A cursor over bytes; each read names its field, so that every error says file, offset, expected and found.
class ByteReader {
 public:
  /// `within` as in DataError.
  ByteReader(std::string file, std::span<const unsigned char> bytes, std::string_view within = "")
      : file_(std::move(file)), within_(within), bytes_(bytes) {}
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t left() const { return bytes_.size() - offset_; }
  std::uint8_t u8(std::string_view field);
  std::uint16_t u16_little(std::string_view field);
  std::uint32_t u32_little(std::string_view field);
  std::uint32_t u32_big(std::string_view field);
  std::uint64_t u64_little(std::string_view field);
  std::span<const unsigned char> take(std::uint64_t count, std::string_view field);
  /// Throws DataError at the current offset, or at `at`.
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;
  [[noreturn]] void fail_at(std::uint64_t at, const std::string& message, const std::string& hint = "") const;

 private:
  std::string file_, within_;
  std::span<const unsigned char> bytes_;
  std::uint64_t offset_ = 0;
};

/// Makes a folder and those above it, 0750 narrowed by the umask; nothing where it exists. Throws RunError(Exit::io).
void make_folders(const std::string& path);

/// Writes a whole file: temporary name beside it, write, fsync, rename onto `path`. Throws RunError(Exit::io) naming file and
/// cause.
void write_file(const std::string& path, std::string_view bytes);

/// An append-only file of whole lines (records.jsonl). Throws RunError(Exit::io).
class LineFile {
 public:
  explicit LineFile(const std::string& path);  ///< creates; the file must not exist
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  void append(std::string_view line);  ///< adds the line end; loops over short writes
  void sync();                         ///< fdatasync; once it or an append has failed the file takes nothing more

 private:
  [[noreturn]] void give_up(std::size_t wanted);
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace tocsin
