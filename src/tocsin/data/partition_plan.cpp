// SPDX-License-Identifier: Apache-2.0
// [partition] of an experiment file: its keys, the partition file, and the dispatch by kind.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

#include "tocsin/core/bytes.h"
#include "tocsin/data/partition.h"

namespace tocsin::data {
namespace {

/// Sample indices of one client and where they were written.
struct FileLine {
  std::size_t number = 0;
  std::vector<std::uint32_t> samples;
};

[[noreturn]] void fail_line(const std::string& path, std::size_t line, const std::string& message, const std::string& hint = "") {
  throw DataError(path, std::nullopt, fmt::format("line {}: {}", line, message), hint);
}

/// The indices of one line without its comment; none for "-".
std::vector<std::uint32_t> parse_line(const std::string& path, std::size_t number, std::string_view line, std::size_t samples) {
  constexpr std::string_view kBetween = " \t,\r";
  std::vector<std::uint32_t> indices;
  std::size_t words = 0;
  bool none = false;
  for (std::size_t at = line.find_first_not_of(kBetween); at != std::string_view::npos; at = line.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(line.find_first_of(kBetween, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    at = end;
    ++words;
    if (word == "-") {
      none = true;
      continue;
    }
    std::uint64_t index = 0;
    const auto [rest, code] = std::from_chars(word.data(), word.data() + word.size(), index);
    if (code == std::errc::result_out_of_range || (code == std::errc{} && rest == word.data() + word.size() && index >= samples))
      fail_line(path, number,
                fmt::format("there is no sample {}, the training part has {} (counted from 0)", printable(word), samples));
    if (code != std::errc{} || rest != word.data() + word.size())
      fail_line(path, number, fmt::format("'{}' is not a sample index", printable(word)),
                "a line is one client: sample indices separated by spaces or commas, or - for none");
    indices.push_back(static_cast<std::uint32_t>(index));
  }
  if (none && words > 1) fail_line(path, number, "'-' means a client without samples and stands alone");
  if (!none && words == 0) fail_line(path, number, "separators without a sample index");
  return indices;
}

/// Lines of clients in order, every fault of a partition file refused. `sample_line` remembers where each sample stands.
std::vector<FileLine> read_lines(const std::string& path, std::size_t samples, std::size_t clients) {
  // An index occurs once and is at most 10 digits and two separators; what is beyond that can only be comments.
  const FileBytes file = read_file(path, 12 * static_cast<std::uint64_t>(samples) + (std::uint64_t{1} << 20));
  const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  std::vector<FileLine> lines;
  std::vector<std::size_t> sample_line(samples, 0);
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    FileLine parsed{number, parse_line(path, number, line, samples)};
    for (const std::uint32_t sample : parsed.samples) {
      if (sample_line[sample] != 0)
        fail_line(path, number, fmt::format("sample {} was already given out in line {}", sample, sample_line[sample]));
      sample_line[sample] = number;
    }
    std::sort(parsed.samples.begin(), parsed.samples.end());
    lines.push_back(std::move(parsed));
  }
  if (lines.size() != clients)
    throw DataError(path, std::nullopt, fmt::format("expected {} clients, one a line, found {}", clients, lines.size()),
                    "set [partition] clients to the number of lines; a client without samples is a line with -");
  return lines;
}

Partition partition_of(std::vector<FileLine> lines) {
  Partition partition;
  for (FileLine& line : lines) partition.push_back(Shard{std::move(line.samples)});
  return partition;
}

[[noreturn]] void refuse(const Place& place, const std::string& message, const std::string& hint) {
  throw ConfigError({Fault{place, message, hint}});
}

bool needs_labels(const std::string& kind) {
  return kind == "dirichlet_by_class" || kind == "dirichlet_by_client" || kind == "shards";
}

}  // namespace

PartitionPlan read_partition(Options& options, const std::string& folder) {
  PartitionPlan plan;
  plan.kind_place = options.place("kind");
  plan.clients_place = options.place("clients");
  plan.kind = options.word("kind", {.fallback = "iid",
                                    .words = {"iid", "dirichlet_by_class", "dirichlet_by_client", "shards", "power_law", "file"},
                                    .help = "who gets which samples"});
  plan.clients = options.count("clients", {.fallback = 10,
                                           .at_least = 1,
                                           .at_most = std::numeric_limits<std::uint32_t>::max(),
                                           .help = "number of clients the training part is dealt to"});
  // Only the keys of the kind are read, so that any other is an unknown key; the catalogue wants them all.
  const auto uses = [&](std::string_view kind) { return options.is_describing() || plan.kind == kind; };
  if (uses("dirichlet_by_class") || uses("dirichlet_by_client"))
    plan.alpha = options.number("alpha", {.fallback = plan.alpha,
                                          .at_least = 0.0,
                                          .at_most = 1e9,
                                          .above = true,
                                          .help = "concentration of the Dirichlet distribution: small is uneven, large is even"});
  if (uses("shards"))
    plan.classes_per_client =
        options.count("classes_per_client", {.fallback = plan.classes_per_client,
                                             .at_least = 1,
                                             .at_most = 65536,
                                             .help = "pieces of the label-sorted samples dealt to each client"});
  if (uses("power_law"))
    plan.exponent =
        options.number("exponent", {.fallback = plan.exponent,
                                    .at_least = 0.0,
                                    .at_most = 100.0,
                                    .help = "the r-th largest client has a share proportional to r^-exponent; 0 is equal sizes"});
  if (uses("file")) {
    plan.path =
        options.text("path", {.fallback = {}, .help = "file with one line a client: sample indices separated by spaces or commas"});
    if (plan.path.empty() && options.has("path")) options.fault("path", "path is empty, expected a file");
    if (!plan.path.empty()) plan.path = (std::filesystem::path(folder) / plan.path).string();
  }
  return plan;
}

Partition from_file(const std::string& path, std::size_t samples, std::size_t clients) {
  return partition_of(read_lines(path, samples, clients));
}

Partition make_partition(const PartitionPlan& plan, const Dataset& train, std::span<const std::uint32_t> available,
                         const Stream& stream) {
  require(available.empty() || available.back() < train.size(), "partition: sample {} is not in a data set of {}",
          available.empty() ? 0 : available.back(), train.size());
  if (plan.kind == "file") {
    std::vector<FileLine> lines = read_lines(plan.path, train.size(), plan.clients);
    for (const FileLine& line : lines)
      for (const std::uint32_t sample : line.samples)
        if (!std::binary_search(available.begin(), available.end(), sample))
          fail_line(plan.path, line.number, fmt::format("sample {} belongs to the server's validation hold-out", sample),
                    "leave it out, or take the hold-out from the test part: validation = { from = \"test\", count = ... }");
    return partition_of(std::move(lines));
  }
  const std::size_t pieces = plan.kind == "shards" ? plan.classes_per_client : 1;
  if (plan.clients > available.size() / pieces)
    refuse(plan.clients_place,
           fmt::format("kind = \"{}\": {} samples cannot be dealt to {} clients{}", plan.kind, available.size(), plan.clients,
                       pieces > 1 ? fmt::format(" in {} pieces each", pieces) : ""),
           fmt::format("at most {} clients", available.size() / pieces));
  if (needs_labels(plan.kind) && train.classes == 0)
    refuse(plan.kind_place, fmt::format("kind = \"{}\" needs class labels, and {} is a regression", plan.kind, train.name),
           "iid, power_law and file need none");

  std::vector<std::int32_t> labels;
  if (needs_labels(plan.kind))
    for (const std::uint32_t sample : available) labels.push_back(train.labels[sample]);
  const std::size_t n = available.size();
  Partition partition;
  if (plan.kind == "iid")
    partition = iid(n, plan.clients, stream);
  else if (plan.kind == "dirichlet_by_class")
    partition = dirichlet_by_class(labels, train.classes, plan.clients, plan.alpha, stream);
  else if (plan.kind == "dirichlet_by_client")
    partition = dirichlet_by_client(labels, train.classes, plan.clients, plan.alpha, stream);
  else if (plan.kind == "shards")
    partition = shards(labels, plan.clients, pieces, stream);
  else if (plan.kind == "power_law")
    partition = power_law(n, plan.clients, plan.exponent, stream);
  else
    require(false, "partition: unknown kind '{}'", plan.kind);
  for (Shard& shard : partition)
    for (std::uint32_t& sample : shard.samples) sample = available[sample];
  return partition;
}

}  // namespace tocsin::data
