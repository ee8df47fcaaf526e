// SPDX-License-Identifier: Apache-2.0
// The partitions. Each deals from freshly shuffled lists and every draw has its own stream, named for what it decides.
// Dirichlet weights are kept as logarithms: gamma(a) = gamma(a + 1) u^(1/a) underflows for small a, its logarithm does not, so any
// alpha > 0 gives proportions, and renormalising after a class has run out is exact.
#include "tocsin/data/partition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace tocsin::data {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();  ///< log weight of what cannot be drawn

/// Logarithm of a gamma variate of the given shape, finite for every shape > 0 (Marsaglia and Tsang 2000, section 6).
double log_gamma_draw(Draws& draws, double shape) {
  const double base = stable_log(draws.gamma(shape + 1.0));
  const double log = base + stable_log(1.0 - draws.uniform()) / shape;
  return std::max(log, std::numeric_limits<double>::lowest());
}

/// Weights in (0, 1] from log weights, the largest becoming 1; `kNever` becomes 0.
std::vector<double> weights_of(const std::vector<double>& logs) {
  const double top = *std::max_element(logs.begin(), logs.end());
  std::vector<double> weights(logs.size(), 0.0);
  if (top == kNever) return weights;
  for (std::size_t k = 0; k < logs.size(); ++k)
    if (logs[k] != kNever) weights[k] = stable_exp(logs[k] - top);
  return weights;
}

/// Sample indices by label, ascending.
std::vector<std::vector<std::uint32_t>> by_label(std::span<const std::int32_t> labels, std::size_t classes) {
  std::vector<std::vector<std::uint32_t>> groups(classes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require(labels[i] >= 0 && static_cast<std::size_t>(labels[i]) < classes, "partition: label {} of sample {} is outside [0, {})",
            labels[i], i, classes);
    groups[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::uint32_t>(i));
  }
  return groups;
}

void check(std::size_t samples, std::size_t clients, std::size_t least, const char* kind) {
  require(clients >= 1, "{}: needs at least one client", kind);
  require(samples <= std::numeric_limits<std::uint32_t>::max(), "{}: {} samples are more than an index holds", kind, samples);
  require(least <= samples, "{}: {} samples cannot be dealt to {} clients, at least {} are needed", kind, samples, clients, least);
}

void sort_each(Partition& partition) {
  for (Shard& shard : partition) std::sort(shard.samples.begin(), shard.samples.end());
}

/// Consecutive pieces of `order`, piece c of length sizes[c].
Partition cut(const std::vector<std::uint32_t>& order, const std::vector<std::size_t>& sizes) {
  Partition partition(sizes.size());
  auto from = order.begin();
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    const auto to = from + static_cast<std::ptrdiff_t>(sizes[c]);
    partition[c].samples.assign(from, to);
    from = to;
  }
  sort_each(partition);
  return partition;
}

/// Sizes by rank, proportional to `weights` (descending), each at least 1, adding up to `samples`: what would fall below 1 is
/// set to 1, the rest is shared by largest remainders, ties to the lower rank.
std::vector<std::size_t> apportion(const std::vector<double>& weights, std::size_t samples) {
  const std::size_t n = weights.size();
  std::vector<double> sums(n + 1, 0.0);  // sums[r]: of the weights before rank r
  std::partial_sum(weights.begin(), weights.end(), sums.begin() + 1);
  std::size_t kept = n;  // ranks [kept, n) hold one sample each
  const auto share = [&](std::size_t r) { return static_cast<double>(samples - (n - kept)) * (weights[r] / sums[kept]); };
  while (kept > 1 && share(kept - 1) < 1.0) --kept;
  std::vector<std::size_t> sizes(n, 1);
  std::vector<std::pair<double, std::size_t>> remainders;  // (minus the remainder, rank): sorting settles ties by rank
  std::size_t dealt = n - kept;
  for (std::size_t r = 0; r < kept; ++r) {
    const double exact = share(r), whole = std::floor(exact);
    sizes[r] = std::max<std::size_t>(1, static_cast<std::size_t>(whole));
    dealt += sizes[r];
    remainders.emplace_back(whole - exact, r);
  }
  std::sort(remainders.begin(), remainders.end());
  for (std::size_t k = 0; dealt < samples; ++k, ++dealt) ++sizes[remainders[k % remainders.size()].second];
  for (std::size_t r = 0; dealt > samples; r = (r + 1) % kept) {  // only rounding of the shares could bring this about
    if (sizes[r] == 1) continue;
    --sizes[r];
    --dealt;
  }
  return sizes;
}

}  // namespace

Partition iid(std::size_t samples, std::size_t clients, const Stream& stream) {
  check(samples, clients, clients, "iid");
  return cut(permutation(samples, stream), std::vector<std::size_t>(clients, samples / clients));
}

Partition dirichlet_by_class(std::span<const std::int32_t> labels, std::size_t classes, std::size_t clients, double alpha,
                             const Stream& stream) {
  check(labels.size(), clients, 0, "dirichlet_by_class");
  require(alpha > 0 && std::isfinite(alpha), "dirichlet_by_class: alpha must be positive, got {}", alpha);
  std::vector<std::vector<std::uint32_t>> groups = by_label(labels, classes);
  const Stream orders = stream.at("order"), proportions = stream.at("proportions");
  Partition partition(clients);
  for (std::size_t k = 0; k < classes; ++k) {
    std::vector<std::uint32_t>& group = groups[k];
    shuffle(group, orders.at(k));
    Draws draws(proportions.at(k));
    std::vector<double> logs(clients);
    for (double& log : logs) log = log_gamma_draw(draws, alpha);
    const std::vector<double> weights = weights_of(logs);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    double passed = 0.0;
    std::size_t from = 0;
    for (std::size_t c = 0; c < clients;
         ++c) {  // client c gets the positions between the cumulated proportions before and after it
      passed += weights[c];
      const auto exact = static_cast<std::size_t>(passed / sum * static_cast<double>(group.size()));
      const std::size_t to = c + 1 == clients ? group.size() : std::min(exact, group.size());
      partition[c].samples.insert(partition[c].samples.end(), group.begin() + static_cast<std::ptrdiff_t>(from),
                                  group.begin() + static_cast<std::ptrdiff_t>(to));
      from = to;
    }
  }
  sort_each(partition);
  return partition;
}

Partition dirichlet_by_client(std::span<const std::int32_t> labels, std::size_t classes, std::size_t clients, double alpha,
                              const Stream& stream) {
  check(labels.size(), clients, clients, "dirichlet_by_client");
  require(alpha > 0 && std::isfinite(alpha), "dirichlet_by_client: alpha must be positive, got {}", alpha);
  std::vector<std::vector<std::uint32_t>> groups = by_label(labels, classes);
  const Stream orders = stream.at("order"), choices = stream.at("client");
  std::vector<double> concentration(classes);  // alpha p, p the share of each class
  for (std::size_t k = 0; k < classes; ++k) {
    concentration[k] = alpha * static_cast<double>(groups[k].size()) / static_cast<double>(labels.size());
    shuffle(groups[k], orders.at(k));
  }
  const std::size_t size = labels.size() / clients;
  Partition partition(clients);
  for (std::size_t c = 0; c < clients; ++c) {
    Draws draws(choices.at(c));
    std::vector<double> logs(classes, kNever);
    for (std::size_t k = 0; k < classes; ++k) {
      if (concentration[k] <= 0) continue;  // a class without samples has no share
      const double log = log_gamma_draw(draws, concentration[k]);
      if (!groups[k].empty()) logs[k] = log;
    }
    std::vector<double> weights = weights_of(logs);
    double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    while (partition[c].samples.size() < size) {
      double left = draws.uniform() * sum;
      std::size_t k = classes;
      for (std::size_t j = 0; j < classes; ++j) {
        if (weights[j] <= 0) continue;
        k = j;  // the last class of positive weight, should rounding carry `left` past the sum
        if (left < weights[j]) break;
        left -= weights[j];
      }
      partition[c].samples.push_back(groups[k].back());
      groups[k].pop_back();
      if (!groups[k].empty()) continue;
      logs[k] = kNever;
      weights = weights_of(logs);
      sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    }
  }
  sort_each(partition);
  return partition;
}

Partition shards(std::span<const std::int32_t> labels, std::size_t clients, std::size_t pieces, const Stream& stream) {
  require(pieces >= 1, "shards: needs at least one piece a client");
  require(clients <= std::numeric_limits<std::uint32_t>::max() / pieces, "shards: {} clients of {} pieces are too many", clients,
          pieces);
  check(labels.size(), clients, clients * pieces, "shards");
  const std::size_t size = labels.size() / (clients * pieces);
  std::vector<std::uint32_t> order = permutation(labels.size(), stream.at("order"));  // so the remainder is of no one class
  order.resize(size * clients * pieces);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return labels[a] < labels[b]; });
  const std::vector<std::uint32_t> deal = permutation(clients * pieces, stream.at("deal"));
  Partition partition(clients);
  for (std::size_t p = 0; p < deal.size(); ++p) {
    const auto from = order.begin() + static_cast<std::ptrdiff_t>(deal[p] * size);
    std::vector<std::uint32_t>& samples = partition[p / pieces].samples;
    samples.insert(samples.end(), from, from + static_cast<std::ptrdiff_t>(size));
  }
  sort_each(partition);
  return partition;
}

Partition power_law(std::size_t samples, std::size_t clients, double exponent, const Stream& stream) {
  check(samples, clients, clients, "power_law");
  require(exponent >= 0 && std::isfinite(exponent), "power_law: exponent must be at least 0, got {}", exponent);
  std::vector<double> weights(clients);
  for (std::size_t r = 0; r < clients; ++r) weights[r] = stable_exp(-exponent * stable_log(static_cast<double>(r + 1)));
  const std::vector<std::size_t> by_rank = apportion(weights, samples);
  const std::vector<std::uint32_t> rank = permutation(clients, stream.at("ranks"));
  std::vector<std::size_t> sizes(clients);
  for (std::size_t c = 0; c < clients; ++c) sizes[c] = by_rank[rank[c]];
  return cut(permutation(samples, stream.at("order")), sizes);
}

}  // namespace tocsin::data
