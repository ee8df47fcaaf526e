// SPDX-License-Identifier: Apache-2.0
// What a benign client sends, and an attack's default: to be one.
// McMahan et al., Communication-Efficient Learning of Deep Networks from Decentralized Data, AISTATS 2017 (FedAvg, FedSGD).
#include "tocsin/attack/attack.h"

#include <utility>

namespace tocsin::attack {

std::string_view text(Level level) {
  switch (level) {
    case Level::own:
      return "own";
    case Level::benign:
      return "benign";
    case Level::server:
      return "server";
  }
  return "unknown";
}

std::span<const Grant> grants() {
  static constexpr Grant kGrants[] = {
      {.what = "its own shard, and what a benign client would do with it"},
      {.what = "the test samples it wants misclassified"},
      {.what = "the global parameters of the rounds it takes part in"},
      {.what = "what it sent itself, and what it remembers of earlier rounds"},
      {.what = "the round's number, the size of the cohort, its share alpha_m in a weighted mean, the server's rate and whether it "
               "has momentum, whether the rule applies rows whole"},
      {.what = "where malicious clients collude: the shares of all of them in the cohort"},
      {.what = "the finite benign updates of the round", .from = Level::benign},
      {.what = "the server's defense", .from = Level::server},
      {.what = "samples, updates and random streams of other clients", .never = true},
      {.what = "the hold-out, and test samples that are no targets", .never = true},
  };
  return kGrants;
}

nn::TrainingReport benign_update(const nn::LocalTraining& training, const nn::TrainingPlace& place, ConstRows global, Rows update,
                                 Algorithm algorithm) {
  require(global.clients() == 1 && update.clients() == 1 && global.coordinates() == update.coordinates(),
          "benign update: needs one row of {} coordinates for the update, got {} of {}", global.coordinates(), update.clients(),
          update.coordinates());
  if (place.samples.empty()) {
    update.visit([](auto rows) {
      for (auto& value : rows[0]) value = 0;
    });
    return {};
  }
  place.network.load(global);
  if (algorithm == Algorithm::fedsgd) {
    nn::TrainingReport report = nn::full_gradient(training, place, update);
    const double rate = training.optimizer.rate_at(place.round);
    update.visit([rate]<class T>(TypedRows<T> rows) {
      for (T& value : rows[0]) value = static_cast<T>(-rate * static_cast<double>(value));
    });
    return report;
  }
  nn::TrainingReport report = nn::train(training, place);
  place.network.save(update);
  subtract(update, global);
  return report;
}

nn::TrainingReport benign_update_on(const data::Dataset& data, std::span<const std::uint32_t> samples, const AttackPlace& place,
                                    Rows update) {
  const nn::TrainingPlace training{.network = place.training.network,
                                   .data = data,
                                   .samples = samples,
                                   .round = place.training.round,
                                   .stream = place.training.stream,
                                   .stop = place.training.stop};
  return benign_update(place.benign, training, place.round.global, update, place.algorithm);
}

namespace {
/// use(value, other) for each coordinate of two rows.
template <class Use>
void each_pair(Rows row, ConstRows other, Use use) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    other.visit([&]<class U>(TypedRows<U> others) {
      const std::span<T> values = rows[0];
      const std::span<U> beside = others[0];
      for (std::size_t j = 0; j < values.size(); ++j) use(values[j], beside[j]);
    });
  });
}
}  // namespace

void subtract(Rows row, ConstRows from) {
  each_pair(row, from, []<class T>(T& value, auto less) { value = static_cast<T>(value - less); });
}

void add(Rows row, ConstRows by) {
  each_pair(row, by, []<class T>(T& value, auto more) { value = static_cast<T>(value + more); });
}

Updates copy_of(ConstRows row) {
  Updates copy(1, row.coordinates(), row.element());
  copy.rows().assign(0, row, 0);
  return copy;
}

std::vector<std::uint32_t> indices_of(std::span<const Target> targets) {
  std::vector<std::uint32_t> indices;
  for (const Target& target : targets) indices.push_back(target.index);
  return indices;
}

Sent Attack::train(AttackPlace place, Rows update) const {
  const nn::TrainingReport report = benign_update(place.benign, place.training, place.round.global, update, place.algorithm);
  return {.report = report, .memory = std::move(place.memory), .note = {}};
}

}  // namespace tocsin::attack
