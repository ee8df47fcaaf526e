// SPDX-License-Identifier: Apache-2.0
// libpng reports errors by longjmp: what it is called from holds nothing that needs a destructor.
#include "tocsin/explain/png.h"

#include <png.h>

#include <csetjmp>
#include <stdexcept>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {
static_assert(sizeof(Rgb) == 3, "a row of pixels is a row of bytes");

void append(png_structp writer, png_bytep bytes, std::size_t count) {
  bool kept = true;
  try {
    static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::exception&) {  // may not pass through libpng
    kept = false;
  }
  if (!kept) png_error(writer, "out of memory");
}
void flush(png_structp) {}
[[noreturn]] void fail(png_structp writer, png_const_charp) { png_longjmp(writer, 1); }
void ignore(png_structp, png_const_charp) {}

/// False if libpng gave up: there is no memory.
bool write(const Image& image, std::string& bytes) {
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, fail, ignore);
  if (writer == nullptr) return false;
  png_infop info = png_create_info_struct(writer);
  if (info == nullptr || setjmp(png_jmpbuf(writer)) != 0) {
    png_destroy_write_struct(&writer, &info);
    return false;
  }
  png_set_write_fn(writer, &bytes, append, flush);
  png_set_IHDR(writer, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(writer, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  png_set_compression_level(writer, 9);
  png_write_info(writer, info);
  for (std::size_t y = 0; y < image.height; ++y)
    png_write_row(writer, reinterpret_cast<png_const_bytep>(image.pixels.data() + y * image.width));
  png_write_end(writer, nullptr);
  png_destroy_write_struct(&writer, &info);
  return true;
}
}  // namespace

std::string format_png(const Image& image) {
  constexpr std::size_t kMost = 65535;
  require(image.height >= 1 && image.width >= 1 && image.height <= kMost && image.width <= kMost,
          "png: an image has 1 to {} pixels a side, got {} x {}", kMost, image.height, image.width);
  require(image.pixels.size() == image.height * image.width, "png: {} x {} pixels promised, got {}", image.height, image.width,
          image.pixels.size());
  std::string bytes;
  if (!write(image, bytes)) throw std::runtime_error("libpng cannot write an image");
  return bytes;
}

}  // namespace tocsin::explain
