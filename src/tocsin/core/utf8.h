// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

/// Length in bytes of the well-formed sequence at the front of `text`, 0 if there is none; its code point goes to `code`. `text` is
/// not empty.
std::size_t decode_utf8(std::string_view text, std::uint32_t& code);

/// Where the first byte stands that belongs to no well-formed sequence; none: all of it is UTF-8.
std::optional<std::size_t> not_utf8(std::string_view text);

}  // namespace tocsin
