// SPDX-License-Identifier: Apache-2.0
// The fuzz target of the .npy reader.
#include "support/fuzz_suite.h"

namespace tocsin::support {

INSTANTIATE_TEST_SUITE_P(Explanations, Fuzz, fuzz_targets({{"npy", fuzz_npy}}), fuzz_name);

}  // namespace tocsin::support
