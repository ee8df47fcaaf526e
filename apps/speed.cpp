// SPDX-License-Identifier: Apache-2.0
// tocsin speed: samples a second of one thread for each built-in network, beside what the core can do at most.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tocsin/lab/sections.h"
#include "tocsin/lab/speed.h"
#include "tocsin/lab/table.h"
#include "tocsin/nn/speed.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;
constexpr std::size_t kSamples = 2048;
constexpr double kPeakSeconds = 0.2;

nn::Precision precision_of(const std::string& text) {
  for (const nn::Precision precision : {nn::Precision::float32, nn::Precision::bf16, nn::Precision::float64})
    if (nn::text(precision) == text) return precision;
  throw RunError(Exit::usage, fmt::format("unknown precision '{}'", printable(text)), "float32, bf16 or float64");
}

std::vector<nn::BuiltIn> chosen(const std::string& name) {
  std::vector<nn::BuiltIn> all = nn::built_in_networks();
  std::vector<std::string> names;
  for (const nn::BuiltIn& network : all) names.emplace_back(network.name);
  if (name.empty()) return all;
  std::erase_if(all, [&](const nn::BuiltIn& network) { return network.name != name; });
  if (all.empty()) throw RunError(Exit::usage, unknown_name("network", name, names));
  return all;
}
}  // namespace

int speed(const CommandLine& line) {
  nn::LocalTraining training;
  training.batch = line.batch;
  training.precision = precision_of(line.precision);
  training.optimizer.kind = line.optimizer == "adam" ? nn::OptimizerKind::adam : nn::OptimizerKind::sgd;
  training.optimizer.learning_rate = line.optimizer == "adam" ? 1e-3 : 0.01;
  if (line.optimizer == "momentum") training.optimizer.momentum = 0.9;
  const std::vector<nn::BuiltIn> networks = chosen(line.network);
  if (!nn::available(training.precision))
    throw RunError(Exit::usage, fmt::format("precision {} needs a CPU with AVX512_BF16, and this one has it not", line.precision),
                   "--precision float32");
  nn::prepare_libraries();

  if (!line.json)
    std::fputs(fmt::format("one thread, batch {}, {}, {}, about {} s a network\n{}\n\n{:<12} {:>11} {:>12} {:>10} {:>13} {:>7}\n",
                           line.batch, line.optimizer, line.precision, line.seconds, nn::numeric_class(), "network", "parameters",
                           "samples/s", "GFLOP/s", "peak GFLOP/s", "share")
                   .c_str(),
               stdout);
  for (const nn::BuiltIn& network : networks) {
    std::fflush(stdout);
    const nn::Architecture architecture = nn::built_in(network.name, network.usual_input, network.usual_outputs);
    const data::Dataset data = lab::random_samples(architecture, std::max(kSamples, line.batch));
    const double before = nn::measured_peak_gflops(training.precision, kPeakSeconds);
    const lab::Speed speed = lab::measure_speed(architecture, training, data, line.seconds);
    const double peak = std::max(before, nn::measured_peak_gflops(training.precision, kPeakSeconds));
    const double share = peak > 0.0 ? speed.gflops / peak : 0.0;
    if (line.json) {
      const Json json{{"network", network.name},
                      {"parameters", architecture.parameters()},
                      {"batch", line.batch},
                      {"optimizer", line.optimizer},
                      {"precision", line.precision},
                      {"samples_per_second", speed.samples_per_second},
                      {"gflops", speed.gflops},
                      {"peak_gflops", peak},
                      {"share", share}};
      std::fputs((json.dump() + "\n").c_str(), stdout);
    } else {
      std::fputs(fmt::format("{:<12} {:>11} {:>12} {:>10} {:>13} {:>7}\n", network.name, lab::grouped(architecture.parameters()),
                             lab::grouped(static_cast<std::size_t>(speed.samples_per_second)), lab::figure(speed.gflops),
                             lab::figure(peak), lab::percent(share))
                     .c_str(),
                 stdout);
    }
  }
  return 0;
}

}  // namespace tocsin::apps
