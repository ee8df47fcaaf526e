// SPDX-License-Identifier: Apache-2.0
// Measures training by training: the same local training that clients run, on a thread set up the same way.
#include "tocsin/lab/speed.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::lab {
namespace {
using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }
}  // namespace

data::Dataset random_samples(const nn::Architecture& architecture, std::size_t samples) {
  data::Dataset result;
  result.name = "random";
  result.shape = architecture.input();
  const bool regression = architecture.loss() == nn::Loss::squared_error;
  (regression ? result.outputs : result.classes) = architecture.outputs();
  const Stream stream = Stream(1).at("speed");
  Draws draws(stream.at("inputs"));
  result.pixels.resize(samples * result.shape.features());
  for (std::uint8_t& pixel : result.pixels) pixel = static_cast<std::uint8_t>(draws.bits() & 0xff);
  Draws labels(stream.at("labels"));
  for (std::size_t i = 0; i < samples && !regression; ++i)
    result.labels.push_back(static_cast<std::int32_t>(labels.below(result.classes)));
  if (regression) result.targets.resize(samples * result.outputs);
  for (float& target : result.targets) target = static_cast<float>(labels.normal());
  return result;
}

Speed measure_speed(const nn::Architecture& architecture, const nn::LocalTraining& training, const data::Dataset& data,
                    double seconds) {
  constexpr int kWindows = 5;
  nn::prepare_thread();
  const std::unique_ptr<nn::Network> network = nn::make_network(architecture, training.batch, training.precision);
  Updates parameters(1, architecture.parameters(),
                     training.precision == nn::Precision::float64 ? Element::float64 : Element::float32);
  nn::initialise(architecture, nn::Init::glorot, Stream(1).at("init"), parameters.rows());
  nn::LocalTraining once = training;
  once.epochs = 1;
  std::vector<std::uint32_t> samples(data.size());
  std::iota(samples.begin(), samples.end(), 0u);
  const auto run = [&](std::size_t count) {
    network->load(parameters.rows());  // from the start each time, so that numbers stay in their usual range
    const Clock::time_point begin = Clock::now();
    nn::train(once,
              {.network = *network, .data = data, .samples = std::span(samples).first(count), .round = 1, .stream = Stream(1)});
    return static_cast<double>(count) / std::max(1e-9, seconds_since(begin));
  };

  const Clock::time_point begin = Clock::now();
  double best = run(std::min<std::size_t>(1, data.size()));  // one sample first: the plain reference may take long for a batch
  if (seconds_since(begin) < seconds) {
    run(std::min(training.batch, data.size()));
    for (int window = 0; window < kWindows; ++window) {
      const Clock::time_point window_begin = Clock::now();
      double done = 0;
      while (done == 0 || seconds_since(window_begin) < seconds / kWindows) {
        // As many whole batches as fit into what is left of the window, at the rate known so far.
        const double left = std::max(0.0, seconds / kWindows - seconds_since(window_begin));
        const double batches = std::max(1.0, std::floor(best * left / static_cast<double>(training.batch)));
        const double most = static_cast<double>(std::max<std::size_t>(1, data.size() / training.batch));
        const auto count = static_cast<std::size_t>(std::min(batches, most)) * training.batch;
        run(std::min(count, data.size()));
        done += static_cast<double>(std::min(count, data.size()));
      }
      const double rate = done / std::max(1e-9, seconds_since(window_begin));
      best = window == 0 ? rate : std::max(best, rate);
    }
  }
  return {best, best * architecture.flops_per_sample() * 1e-9};
}

}  // namespace tocsin::lab
