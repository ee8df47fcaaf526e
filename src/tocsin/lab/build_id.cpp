// SPDX-License-Identifier: Apache-2.0
// Hands on what cmake/BuildId.cmake wrote.
#include "tocsin/lab/build_id.h"

#include "tocsin_build_id.h"

namespace tocsin::lab {

std::string_view version() { return TOCSIN_VERSION; }
std::string_view build_id() { return TOCSIN_BUILD_ID; }
std::string_view compiler() { return TOCSIN_COMPILER; }

}  // namespace tocsin::lab
