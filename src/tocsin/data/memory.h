// SPDX-License-Identifier: Apache-2.0
// How much memory this process may still use: the least of what the machine, its control groups and its own limits allow.
#pragma once
#include <cstdint>

namespace tocsin::data {

/// Bytes. The least of MemAvailable, of each control group's limit minus its use (both hierarchies, every ancestor; file cache that
/// can be dropped counts as free), and of RLIMIT_AS and RLIMIT_DATA minus use. What cannot be read does not limit.
std::uint64_t available_memory();

/// The cap of a data set where none is given: half of that, at most 64 GiB.
std::uint64_t default_max_bytes();

}  // namespace tocsin::data
