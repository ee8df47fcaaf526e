// SPDX-License-Identifier: Apache-2.0
// The model of one client alone, as detectors evaluate and explain it.
#pragma once
#include <cstddef>

#include "tocsin/core/rows.h"

namespace tocsin::defense {

/// model [1, d] = global [1, d] + row i of the updates [n, d], in double, rounded once. O(d).
void write_own_model(ConstRows updates, std::size_t i, ConstRows global, Rows model);

}  // namespace tocsin::defense
