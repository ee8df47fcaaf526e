// SPDX-License-Identifier: Apache-2.0
// The data sets known by name that come as files: which there are, where they may lie, how they are read.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/data/catalog.h"
#include "tocsin/data/table.h"

namespace tocsin::data {

std::vector<Known> packaged_datasets();
/// Its number of classes; nothing if no data set that comes as files has this name.
std::optional<std::size_t> packaged_classes(std::string_view name);
/// Finds and reads it. Throws DataError: not found (where it was looked for, what to do), incomplete, or malformed.
Problem load_packaged(std::string_view name, std::uint64_t max_bytes);

/// How the Adult census table is read: 104 features (docs/data.md).
TablePlan adult_plan();

}  // namespace tocsin::data
