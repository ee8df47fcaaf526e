// SPDX-License-Identifier: Apache-2.0
// The summation tree over blocks: level l has ceil(blocks / 2^l) nodes, a node without a right half is its left half.
#include "tocsin/kernels/tree.h"

#include <algorithm>
#include <functional>

namespace tocsin::kernels {
namespace {
void add_to(std::vector<double>& left, const std::vector<double>& right) {
  std::transform(left.begin(), left.end(), right.begin(), left.begin(), std::plus<>());
}
}  // namespace

void tree_sum(std::vector<std::vector<double>>& partials) {
  for (std::size_t step = 1; step < partials.size(); step *= 2)
    for (std::size_t left = 0; left + step < partials.size(); left += 2 * step) {
      add_to(partials[left], partials[left + step]);
      partials[left + step] = {};
    }
}

namespace detail {

void TreeSum::add(std::size_t block, std::vector<double> partial) {
  std::size_t node = block, nodes = blocks_;
  for (unsigned level = 0; nodes > 1; ++level, node /= 2, nodes = (nodes + 1) / 2) {
    const std::size_t other = node ^ 1;
    if (other >= nodes) continue;
    std::vector<double> half;
    {
      const std::lock_guard lock(mutex_);
      const auto found = waiting_.find({level, other});
      if (found == waiting_.end()) {
        waiting_.emplace(std::pair(level, node), std::move(partial));
        return;
      }
      half = std::move(found->second);
      waiting_.erase(found);
    }
    add_to(partial, half);
  }
  result_ = std::move(partial);
}

}  // namespace detail
}  // namespace tocsin::kernels
