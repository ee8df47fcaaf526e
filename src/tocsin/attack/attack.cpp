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

void subtract(Rows row, ConstRows from) {
  row.visit([from]<class T>(TypedRows<T> rows) {
    from.visit([rows]<class U>(TypedRows<U> other) {
      const std::span<T> values = rows[0];
      const std::span<U> less = other[0];
      for (std::size_t j = 0; j < values.size(); ++j) values[j] = static_cast<T>(values[j] - less[j]);
    });
  });
}

Sent Attack::train(AttackPlace place, Rows update) const {
  const nn::TrainingReport report = benign_update(place.benign, place.training, place.round.global, update, place.algorithm);
  return {.report = report, .memory = std::move(place.memory), .note = {}};
}

}  // namespace tocsin::attack
