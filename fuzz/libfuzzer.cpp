// SPDX-License-Identifier: Apache-2.0
// The entry that libFuzzer calls; TOCSIN_FUZZ_TARGET is the function of the target.
#include "targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { return TOCSIN_FUZZ_TARGET(data, size); }
