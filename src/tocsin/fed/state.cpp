// SPDX-License-Identifier: Apache-2.0
// What lives across rounds: how it begins, how it is saved and loaded, when a run is over.
#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/fed/federation.h"

namespace tocsin::fed {
namespace {

/// Visits the single row of `vector` as a tensor of its own element type.
template <class T>
void visit_vector(SnapshotVisitor& visitor, std::string_view name, Updates& vector) {
  std::vector<T> values;
  if (vector.clients() == 1) vector.rows().visit([&values](auto rows) { values.assign(rows[0].begin(), rows[0].end()); });
  visitor.tensor(name, values);
  Updates result(1, values.size(), element_of<T>());
  result.rows().visit([&values](auto rows) { std::copy(values.begin(), values.end(), rows[0].begin()); });
  vector = std::move(result);
}

void visit_count(SnapshotVisitor& visitor, std::string_view name, std::size_t& count) {
  auto value = static_cast<std::int64_t>(count);
  visitor.scalar(name, value);
  require(value >= 0, "federation state: {} must not be negative, got {}", name, value);
  count = static_cast<std::size_t>(value);
}

}  // namespace

void State::visit(SnapshotVisitor& visitor) {
  visit_count(visitor, "finished", finished);
  if (global.element() == Element::float64)
    visit_vector<double>(visitor, "global", global);
  else
    visit_vector<float>(visitor, "global", global);
  visitor.tensor("server_momentum", server_momentum);
  for (std::size_t i = 0; i < attacker_memory.size(); ++i)
    visitor.snapshot(fmt::format("attacker_memory/{}", i), attacker_memory[i]);
  visit_count(visitor, "held_in_a_row", held_in_a_row);
  std::vector<double> counts(set_aside_counts.begin(), set_aside_counts.end());
  visitor.tensor("set_aside_counts", counts);
  set_aside_counts.clear();
  for (const double count : counts) set_aside_counts.push_back(static_cast<std::size_t>(count));
}

State initial_state(const Parts& parts, Updates global) {
  require(parts.architecture != nullptr, "federation: needs an architecture");
  require(global.clients() == 1 && global.coordinates() == parts.architecture->parameters(),
          "federation: the global model must be one row of {} parameters, got {} of {}", parts.architecture->parameters(),
          global.clients(), global.coordinates());
  State state;
  state.global = std::move(global);
  if (parts.federation.server.momentum != 0.0) state.server_momentum.assign(parts.architecture->parameters(), 0.0);
  state.attacker_memory.resize(parts.threat.malicious.size());
  state.set_aside_counts.assign(parts.partition.size(), 0);
  return state;
}

Ending ending(const State& state, const FederationPlan& plan, const RoundRecord& last) {
  if (plan.stop_at_accuracy && last.test.samples > 0 && last.test.accuracy >= *plan.stop_at_accuracy) return Ending::accuracy;
  if (state.held_in_a_row > 0 && state.held_in_a_row >= plan.max_held) return Ending::held;
  return state.finished >= plan.rounds ? Ending::rounds : Ending::none;
}

}  // namespace tocsin::fed
