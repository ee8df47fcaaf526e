// SPDX-License-Identifier: Apache-2.0
// An image as a PNG file: 8-bit RGB by libpng, no filter, compression level 9, no chunk beyond the needed ones, hence the same
// bytes on every run with one libpng and zlib.
#pragma once
#include <string>

#include "tocsin/explain/colors.h"

namespace tocsin::explain {

/// The bytes of a PNG file. Throws std::invalid_argument for an image without pixels, of a size unlike its pixels, or wider or
/// higher than 65,535 pixels.
std::string format_png(const Image& image);

}  // namespace tocsin::explain
