// SPDX-License-Identifier: Apache-2.0
// Who gets which samples. Every kind is a free function of the labels and a stream; together the shards hold what the kind says,
// no index twice, ascending inside a shard.
// McMahan et al. 2017 (shards); Hsu, Qi, Brown 2019, arXiv:1909.06335 (Dirichlet by client); Yurochkin et al. 2019,
// arXiv:1905.12022 (Dirichlet by class). Two different rules are called "Dirichlet" in print; here each has its own name.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

/// What [partition] says.
struct PartitionPlan {
  std::string kind = "iid";
  std::size_t clients = 10;
  double alpha = 0.5;                  ///< Dirichlet concentration
  std::size_t classes_per_client = 2;  ///< shards: pieces dealt to each client
  double exponent = 1.0;               ///< power_law: size of the r-th largest proportional to r^-exponent
  std::string path;                    ///< file: one line a client, sample indices separated by spaces or commas
  Place kind_place, clients_place;     ///< for what shows only once the data are known
};
/// Reads and checks [partition]. Relative paths are resolved against `folder`.
PartitionPlan read_partition(Options& options, const std::string& folder);

/// A permutation cut into equal shards; the remainder of n / clients is left out, so that every shard has floor(n / clients)
/// samples.
Partition iid(std::size_t samples, std::size_t clients, const Stream& stream);
/// For each class, proportions over clients ~ Dirichlet(alpha, ..., alpha): sizes differ, every sample is dealt (Yurochkin et
/// al.). A client may come out empty: the published code draws again until none is small, this does not.
Partition dirichlet_by_class(std::span<const std::int32_t> labels, std::size_t classes, std::size_t clients, double alpha,
                             const Stream& stream);
/// For each client, proportions over classes ~ Dirichlet(alpha p), p the share of each class among `labels`; floor(n / clients)
/// samples each, without replacement: a class that runs out is renormalised away (Hsu et al.).
Partition dirichlet_by_client(std::span<const std::int32_t> labels, std::size_t classes, std::size_t clients, double alpha,
                              const Stream& stream);
/// Sorted by label, cut into clients * pieces pieces of equal size, `pieces` random ones to each client (McMahan et al.). Random
/// samples are left out where n is no multiple.
Partition shards(std::span<const std::int32_t> labels, std::size_t clients, std::size_t pieces, const Stream& stream);
/// Sizes proportional to (rank + 1)^-exponent, ranks dealt at random, samples by a permutation; each client at least one sample.
Partition power_law(std::size_t samples, std::size_t clients, double exponent, const Stream& stream);
/// From a file of one line a client, `-` for a client without samples, `#` comments and empty lines skipped. Throws DataError with
/// the line number for a malformed line, an index outside [0, samples) or given out twice, and for another number of clients.
Partition from_file(const std::string& path, std::size_t samples, std::size_t clients);

/// Dispatches on plan.kind. Only indices of `available` (ascending) are dealt: the hold-out is not among them. Throws ConfigError
/// where the data do not fit the plan.
Partition make_partition(const PartitionPlan& plan, const Dataset& train, std::span<const std::uint32_t> available,
                         const Stream& stream);

}  // namespace tocsin::data
