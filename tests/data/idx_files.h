// SPDX-License-Identifier: Apache-2.0
// IDX files made by code: header and values in one string, packed by zlib where a test wants that, written to a folder of its own.
#pragma once
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tocsin/core/bytes.h"
#include "tocsin/data/idx.h"

namespace tocsin::support {

using Bytes = std::vector<unsigned char>;

/// An IDX file: type 08 and what follows; the header may lie about the values.
inline Bytes idx_bytes(const std::vector<std::uint32_t>& dimensions, const Bytes& values) {
  Bytes bytes{0, 0, 8, static_cast<unsigned char>(dimensions.size())};
  for (const std::uint32_t dimension : dimensions)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<unsigned char>(dimension >> shift));
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

/// `count` values 0, 1, 2, ... modulo `below`.
inline Bytes counting(std::size_t count, unsigned below = 256) {
  Bytes values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<unsigned char>(i % below);
  return values;
}

/// One gzip member without name or time.
inline Bytes gzip(const Bytes& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  Bytes packed(deflateBound(&stream, bytes.size()) + 64);
  stream.next_in = const_cast<unsigned char*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  const auto length = static_cast<std::ptrdiff_t>(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::bad_alloc();
  return {packed.begin(), packed.begin() + length};
}

inline FileBytes in_memory(Bytes bytes, const std::string& path = "f.idx") { return {path, std::move(bytes), ""}; }

/// A folder that goes with its scope.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::bad_alloc();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }
  /// Writes a file and returns its path.
  std::string put(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream file(path(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path(name);
  }
  std::string put(const std::string& name, const std::string& text) const { return put(name, Bytes(text.begin(), text.end())); }

 private:
  std::string path_;
};

}  // namespace tocsin::support
