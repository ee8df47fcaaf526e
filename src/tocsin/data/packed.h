// SPDX-License-Identifier: Apache-2.0
// Files that may come packed by gzip, recognised by content and not by name.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/bytes.h"

namespace tocsin::data {

bool is_gzip(std::span<const unsigned char> bytes);

/// Reads a file that holds, as it is or unpacked, at most `limit` bytes: a packed one may be a little longer than what it holds.
FileBytes read_maybe_packed(const std::string& path, std::uint64_t limit);

/// The bytes of a file, unpacked if need be. Throws DataError if they are more than `limit`.
std::vector<unsigned char> unpacked(FileBytes file, std::uint64_t limit);

}  // namespace tocsin::data
