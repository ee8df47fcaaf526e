// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/recorded_maps.h"

#include <algorithm>

#include "tocsin/explain/npy.h"
#include "tocsin/lab/explained_images.h"
#include "tocsin/lab/explained_network.h"

namespace tocsin::lab {

void keep_for_explanations(RunDirectory& directory, const Plan& plan, const Setting& setting, ConstRows global, std::size_t round) {
  if (!plan.explain) return;
  const ExplainPlan& explain = *plan.explain;
  const std::vector<std::size_t> kept = kept_rounds(explain, plan.federation.rounds);
  if (std::binary_search(kept.begin(), kept.end(), round)) directory.keep_model(round, setting.architecture.layout(), global);
  if (explain.every == 0 || round % explain.every != 0) return;
  const data::Dataset& test = *setting.problem.test;
  const explain::Images images = images_of(test, shown_images(test, setting.targets), setting.targets);
  const std::vector<explain::MethodUse> methods = explain.methods_for(setting.architecture, data::has_negative(test));
  explain::Explainer explainer({setting.architecture, global, plan.run_name()}, explain.engine);
  for (const explain::NeuronMode& mode : explain.neurons) {
    const std::vector<explain::Maps> maps = explainer.explain(images, methods, mode);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const std::string name = fmt::format("maps/round-{:06}/{}-{}.npy", round, methods[m].label, text(mode));
      directory.keep(name, npy_of(maps[m], setting.architecture.input()));
    }
  }
}

MapsCost cost_of_maps(const Plan& plan, const Setting& setting) {
  if (!plan.explain || plan.explain->every == 0) return {};
  const ExplainPlan& explain = *plan.explain;
  const data::Dataset& test = *setting.problem.test;
  const std::vector<explain::MethodUse> methods = explain.methods_for(setting.architecture, data::has_negative(test));
  const double images = static_cast<double>(shown_images(test, setting.targets).size());
  double passes = 0.0;
  for (const explain::MethodUse& use : methods) passes += 2.0 * use.method->passes();  // there and back
  const double maps = images * static_cast<double>(methods.size() * setting.architecture.input().features()) * sizeof(double);
  return {passes * images * static_cast<double>(explain.neurons.size()) / static_cast<double>(explain.every),
          2.0 * maps + static_cast<double>(explain::footprint(setting.architecture, explain.engine))};
}

}  // namespace tocsin::lab
