// SPDX-License-Identifier: Apache-2.0
// Which program this is: a hash over sources, compiler and flags, made by cmake/BuildId.cmake without any version control.
#pragma once
#include <string_view>

namespace tocsin::lab {

std::string_view version();   ///< "0.1.0"
std::string_view build_id();  ///< twelve hex digits; equal builds on one CPU class give equal bytes
std::string_view compiler();  ///< "GNU 12.2.0 Release"

}  // namespace tocsin::lab
