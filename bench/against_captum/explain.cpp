// SPDX-License-Identifier: Apache-2.0
// bench_explain --method NAME [--network NAME] --seconds S: images a second of one method on a built-in network (paper_cnn), one
// thread, batches of 32, weights at random: the best fifth of S, as the peers in bench.py measure. `forward` is the walk forward
// alone.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tocsin/explain/preset.h"
#include "tocsin/nn/network.h"

namespace {
using namespace tocsin;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 32, kWindows = 5;

std::string options_of(const std::string& method) {
  return method == "smoothgrad" ? "draws = 64" : method == "integrated_gradients" ? "points = 64" : "";
}

double measure(const std::string& network, const std::string& method, double seconds) {
  const nn::Architecture architecture = nn::built_in(network, {1, 28, 28}, 10);
  Updates parameters(1, architecture.parameters());
  nn::initialise(architecture, nn::Init::glorot, Stream(1), parameters.rows());
  const auto walker = explain::make_walker(architecture, kBatch, nn::Precision::float32);
  walker->load(parameters.rows());
  Draws draws{Stream(2)};
  std::vector<double> inputs(kBatch * architecture.input().features());
  for (double& value : inputs) value = draws.uniform();
  std::vector<std::uint64_t> images(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) images[i] = i;
  const std::vector<std::size_t> neurons(kBatch, 3);
  const explain::Chunk chunk{.inputs = inputs, .images = images, .neurons = neurons};
  const explain::Noise noise{Stream(3), Stream(4)};
  const bool forward = method == "forward";
  const explain::MethodUse use = explain::make_method(forward ? "gradient" : method, options_of(method), "bench");
  const auto once = [&] {
    explain::Scene scene(*walker, chunk, noise);
    if (forward)
      scene.at_chunk();
    else
      use.method->maps(scene);
  };
  once();
  double best = 0;
  for (std::size_t window = 0; window < kWindows; ++window) {
    const auto begin = Clock::now();
    std::size_t done = 0;
    double passed = 0;
    do {
      once();
      done += kBatch;
      passed = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (passed < seconds / static_cast<double>(kWindows));
    best = std::max(best, static_cast<double>(done) / passed);
  }
  return best;
}
}  // namespace

int main(int argc, char** argv) {
  std::string method, network = "paper_cnn";
  double seconds = 5.0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--method") method = argv[i + 1];
    if (std::string(argv[i]) == "--network") network = argv[i + 1];
    if (std::string(argv[i]) == "--seconds") seconds = std::atof(argv[i + 1]);
  }
  if (method.empty() || seconds <= 0) {
    std::fputs("usage: bench_explain --method NAME [--network NAME] --seconds S\n", stderr);
    return 2;
  }
  nn::prepare_libraries();
  nn::prepare_thread();
  std::fputs(fmt::format("{:.2f}\n", measure(network, method, seconds)).c_str(), stdout);
  return 0;
}
