// SPDX-License-Identifier: Apache-2.0
// The fuzz targets of the readers of data.
#include "support/fuzz_suite.h"

namespace tocsin::support {

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz, fuzz_targets({{"csv", fuzz_csv}, {"gzip", fuzz_gzip}, {"idx", fuzz_idx}}), fuzz_name);

}  // namespace tocsin::support
