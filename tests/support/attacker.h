// SPDX-License-Identifier: Apache-2.0
// Everything one attacker needs to train without a federation: by default blobs, a small network in double, two targets.
#pragma once
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/data/synthetic.h"

namespace tocsin::support {

struct Attacker {
  explicit Attacker(const std::string& name = "softmax")
      : Attacker(data::blobs({.classes = 3, .features = 4, .samples = 60, .spread = 1.0, .separation = 3.0}, Stream(5)), name, 8,
                 nn::Precision::float64) {
    samples.resize(20);
    std::iota(samples.begin(), samples.end(), 10U);
  }
  /// On data of one's own; give it samples.
  Attacker(data::Problem data, const std::string& name, std::size_t batch, nn::Precision precision)
      : problem(std::move(data)),
        architecture(nn::built_in(name, problem.train->shape, problem.train->classes)),
        network(nn::make_network(architecture, batch, precision)),
        global(1, architecture.parameters(), network->gradient_vector().element()),
        update(1, architecture.parameters(), network->gradient_vector().element()) {
    nn::initialise(architecture, nn::Init::glorot, Stream(1).at("init"), global.rows());
    training.precision = precision;
    training.batch = batch;
    round.global = std::as_const(global).rows();
    round.weight = 0.2;
    round.cohort = 5;
    round.stream = Stream(3).at("attack");
    round.lasting = Stream(3).at("lasting");
  }
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;

  /// Leaves the row in `update`.
  attack::Sent run(const attack::Attack& attack) {
    const std::size_t capacity = targets.empty() ? 1 : targets.size();
    if (!small || small->capacity() != capacity) small = nn::make_network(architecture, capacity, training.precision);
    small->enable_dropout(true);
    network->enable_dropout(true);
    return attack.train({.training = {.network = *network,
                                      .data = *problem.train,
                                      .samples = samples,
                                      .round = round.index,
                                      .stream = Stream(3).at("client"),
                                      .stop = stop},
                         .small = *small,
                         .benign = training,
                         .target_data = *problem.test,
                         .targets = targets,
                         .round = round,
                         .algorithm = algorithm,
                         .memory = memory},
                        update.rows());
  }

  data::Problem problem;
  nn::Architecture architecture;
  std::unique_ptr<nn::Network> network, small;
  Updates global, update;
  nn::LocalTraining training;
  std::vector<std::uint32_t> samples;
  std::vector<attack::Target> targets = {{.index = 3, .label = 0, .wanted = 1}, {.index = 7, .label = 1, .wanted = 2}};
  attack::AttackRound round;
  attack::Algorithm algorithm = attack::Algorithm::fedavg;
  Snapshot memory;
  std::stop_token stop;
};

}  // namespace tocsin::support
