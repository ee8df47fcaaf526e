// SPDX-License-Identifier: Apache-2.0
// Weighted sums of rows by tiles of columns: a tile of the sum stays in the nearest cache while the rows pass by.
#include "tocsin/kernels/combine.h"

#include <algorithm>

#include "tocsin/core/errors.h"
#include "tocsin/kernels/row_kernels.h"

namespace tocsin::kernels {
namespace {
constexpr std::size_t kTileColumns = 1024;
constexpr std::size_t kTilesAnItem = 16;  // of work for a thread
}  // namespace

std::vector<double> combine(ConstRows rows, std::span<const double> weights, Workers* workers) {
  require(weights.size() == rows.clients(), "combine: {} weights for {} rows", weights.size(), rows.clients());
  std::vector<double> result(rows.coordinates());
  rows.visit([&]<class T>(TypedRows<const T> typed) {
    std::vector<double> used;
    std::vector<const T*> begins;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      used.push_back(weights[i]);
      begins.push_back(typed[i].data());
    }
    constexpr std::size_t columns = kTileColumns * kTilesAnItem;
    for_each(workers, (result.size() + columns - 1) / columns, [&](std::size_t, std::size_t item) {
      std::vector<const T*> here(begins.size());
      const std::size_t end = std::min(result.size(), (item + 1) * columns);
      for (std::size_t begin = item * columns; begin < end; begin += kTileColumns) {
        std::transform(begins.begin(), begins.end(), here.begin(), [&](const T* row) { return row + begin; });
        detail::add_rows(std::span(result).subspan(begin, std::min(kTileColumns, end - begin)), used, here);
      }
    });
  });
  return result;
}

}  // namespace tocsin::kernels
