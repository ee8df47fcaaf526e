// SPDX-License-Identifier: Apache-2.0
// Euclidean norms of rows, and the scan for rows that hold NaN or Inf.
#pragma once
#include <cstddef>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// ||x_i|| [n], squares summed in double over the fixed block tree. O(n d).
std::vector<double> norms(ConstRows rows, Workers* workers = nullptr);
std::vector<double> norms_reference(ConstRows rows);

/// How many coordinates of a row are NaN or infinite, and the first of them.
struct NonFinite {
  std::size_t count = 0;
  std::size_t first = 0;  ///< meaningful if count > 0
};
std::vector<NonFinite> non_finite(ConstRows rows, Workers* workers = nullptr);
std::vector<NonFinite> non_finite_reference(ConstRows rows);

}  // namespace tocsin::kernels
