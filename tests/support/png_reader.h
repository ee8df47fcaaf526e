// SPDX-License-Identifier: Apache-2.0
// Reads a PNG file in memory back to pixels, and names its chunks.
#pragma once
#include <png.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tocsin/explain/colors.h"

namespace tocsin::support {

/// Throws std::runtime_error with libpng's words.
inline explain::Image read_png(const std::string& bytes) {
  png_image reader{};
  reader.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&reader, bytes.data(), bytes.size()) == 0) throw std::runtime_error(reader.message);
  reader.format = PNG_FORMAT_RGB;
  explain::Image image{reader.height, reader.width, std::vector<explain::Rgb>(std::size_t{reader.height} * reader.width)};
  if (png_image_finish_read(&reader, nullptr, image.pixels.data(), 0, nullptr) == 0) throw std::runtime_error(reader.message);
  return image;
}

/// "IHDR IDAT IEND".
inline std::string chunks_of(const std::string& png) {
  std::string names;
  for (std::size_t at = 8; at + 8 <= png.size();) {
    std::size_t length = 0;
    for (std::size_t k = 0; k < 4; ++k) length = length << 8 | static_cast<unsigned char>(png[at + k]);
    names += (names.empty() ? "" : " ") + png.substr(at + 4, 4);
    at += length + 12;
  }
  return names;
}

}  // namespace tocsin::support
