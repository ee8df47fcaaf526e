// SPDX-License-Identifier: Apache-2.0
// The fuzz targets of experiment files and of --set.
#include "support/fuzz_suite.h"

namespace tocsin::support {

INSTANTIATE_TEST_SUITE_P(Experiments, Fuzz, fuzz_targets({{"config", fuzz_config}, {"set_option", fuzz_set_option}}), fuzz_name);

}  // namespace tocsin::support
