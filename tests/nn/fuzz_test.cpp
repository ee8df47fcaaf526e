// SPDX-License-Identifier: Apache-2.0
// The fuzz target of the safetensors reader.
#include "support/fuzz_suite.h"

namespace tocsin::support {

INSTANTIATE_TEST_SUITE_P(Networks, Fuzz, fuzz_targets({{"safetensors", fuzz_safetensors}}), fuzz_name);

}  // namespace tocsin::support
