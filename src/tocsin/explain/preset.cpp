// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/preset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/registry.h"

namespace tocsin::explain {
namespace {
struct Column {
  std::string_view title, method, options;
};

constexpr Column kPaper[] = {
    {"Input", "input", ""},
    {"Gradient", "gradient", ""},
    {"SmoothGrad", "smoothgrad", "sigma = 50\nunit = \"absolute\"\nnoise = \"independent\"\nsample_neuron = \"own\""},
    {"Integrated Gradients", "integrated_gradients", "rule = \"right_negated\"\nsample_neuron = \"own\""},
    {"Deconvnet", "deconvnet", "seed = \"logit\""},
    {"Guided Backprop", "guided_backprop", "seed = \"logit\""},
    {"LRP-Z", "lrp_z", "at_zero = 1e-7"},
    {"LRP-Epsilon", "lrp_epsilon", "epsilon = 1"},
};

constexpr Column kSane[] = {
    {"Gradient", "gradient", ""},
    {"SmoothGrad", "smoothgrad", ""},
    {"VarGrad", "vargrad", ""},
    {"Integrated Gradients", "integrated_gradients", ""},
    {"DeconvNet", "deconvnet", ""},
    {"Guided Backprop", "guided_backprop", ""},
    {"LRP-Z", "lrp_z", ""},
    {"LRP-epsilon .01", "lrp_epsilon", ""},
    {"LRP-gamma .25", "lrp_gamma", ""},
    {"epsilon-plus", "epsilon_plus", ""},
    {"z+", "z_plus", ""},
    {"Grad-CAM", "grad_cam", ""},
    {"Occlusion", "occlusion", ""},
};

MethodUse use_of(const Column& column, std::string options) {
  return make_method(column.method, options, "preset", std::string(column.title));
}
}  // namespace

std::vector<MethodUse> paper_methods(PublishedLibrary library) {
  std::vector<MethodUse> result;
  for (const Column& column : kPaper) {
    std::string options(column.options);
    if (library != PublishedLibrary::v1_0_4 && column.method == "integrated_gradients")
      options = library == PublishedLibrary::v1_0_5 ? "rule = \"beyond\"\nsample_neuron = \"own\"" : "rule = \"beyond\"";
    if (library == PublishedLibrary::v1_0_6 && column.method == "smoothgrad")
      options = "sigma = 50\nunit = \"absolute\"\nnoise = \"independent\"";
    result.push_back(use_of(column, std::move(options)));
  }
  return result;
}

std::vector<MethodUse> sane_methods(const nn::Architecture& architecture, bool negative_inputs) {
  std::vector<MethodUse> result;
  for (const Column& column : kSane) {
    MethodUse use = use_of(column, std::string(column.options));
    try {
      use.method->check(architecture, negative_inputs);
      result.push_back(std::move(use));
    } catch (const std::invalid_argument&) {  // Grad-CAM without a convolution, LRP-gamma without ReLUs
    }
  }
  return result;
}

std::vector<std::string> paper_traps(const nn::Architecture& architecture) {
  const auto& layers = architecture.layers();
  const bool pools =
      std::any_of(layers.begin(), layers.end(), [](const nn::Layer& layer) { return layer.kind == nn::LayerKind::max_pool; });
  return {
      "SmoothGrad: sigma 50 is 50 times the range of a pixel, so its map carries practically no information on the image.",
      pools ? "DeconvNet depends on the image through the winners of max-pools alone."
            : "DeconvNet does not depend on the image at all in a network without max-pools: one map a model and class.",
      "Each model explains its own prediction: on a target image the benign map is about the true class, the poisoned one about "
      "the target class.",
      "Each map is scaled by its own maximum, which hides how large it is.",
      "Where the background is black, everything that is multiplied by the input is exactly 0 in every model.",
  };
}

std::optional<MethodUse> read_method(Options& options) {
  const std::string name = options.text("name", {.fallback = std::nullopt, .help = "of the method (`tocsin list methods`)"});
  if (!options.has("name")) return std::nullopt;
  const Entry<Method>* entry = methods().find(name);
  if (entry == nullptr) {
    options.fault("name", unknown_name("method", name, methods().names()));
    return std::nullopt;
  }
  MethodUse use{.label = options.label("label", {.fallback = entry->name, .help = "what it is called in files and records"}),
                .title = {},
                .entry = entry,
                .method = entry->make(options),
                .given = {},
                .resolved = {}};
  use.title = use.label;
  use.resolved = options.resolved();
  return use;
}

MethodUse make_method(std::string_view name, const Table& given, const std::string& place, std::string title) {
  Faults faults;
  Options options(&given, Place{place, 0, 0}, std::string(name), faults);
  const Entry<Method>* entry = methods().find(name);
  if (entry == nullptr) faults.add(Place{place, 0, 0}, unknown_name("method", name, methods().names()));
  faults.raise();
  MethodUse use{.label = std::string(name),
                .title = title.empty() ? std::string(name) : std::move(title),
                .entry = entry,
                .method = entry->make(options),
                .given = given,
                .resolved = {}};
  options.finish();
  faults.raise();
  use.resolved.set("name", {}, Value(std::string(name)));
  const Table read = options.resolved();
  for (const Table::Member& member : read.members()) use.resolved.set(member.key, {}, member.value);
  return use;
}

MethodUse make_method(std::string_view name, const std::string& options_toml, const std::string& place, std::string title) {
  return make_method(name, parse_toml(options_toml, place), place, std::move(title));
}

namespace {
/// A setting of methods: its keys, and the option it sets.
struct Setting {
  std::string place;
  std::vector<std::string> path;
  Table option;
};

Setting read_setting(const std::string& setting) {
  Setting result{"--set " + setting.substr(0, setting.find('=')), {}, {}};
  try {
    result.path = override_path(setting);
  } catch (const ConfigError& error) {
    Fault fault = error.faults().front();
    fault.hint = "for example --set lrp_epsilon.epsilon=0.1";
    throw ConfigError({fault});
  }
  Table whole;
  set_override(whole, setting);
  if (result.path.size() == 2)
    result.option = *whole.find(result.path.front())->as<Table>();
  else
    result.option = std::move(whole);
  return result;
}

[[noreturn]] void refuse_setting(const Setting& setting, const std::vector<MethodUse>& uses) {
  std::vector<std::string> labels, options;
  for (const MethodUse& use : uses) {
    labels.push_back(use.label);
    if (setting.path.size() == 2 && use.label != setting.path.front()) continue;
    for (const OptionDoc& doc : options_of(*use.entry)) options.push_back(doc.key);
  }
  const bool names_none = setting.path.size() == 2 && std::find(labels.begin(), labels.end(), setting.path.front()) == labels.end();
  std::vector<std::string>& known = names_none ? labels : options;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  const std::string what = names_none ? fmt::format("no method here is '{}'", printable(setting.path.front()))
                                      : fmt::format("no method here has the option '{}'", printable(setting.path.back()));
  throw ConfigError({{Place{setting.place, 0, 0}, fmt::format("{}; known: {}", what, known.empty() ? "none" : joined(known)), ""}});
}
}  // namespace

std::vector<MethodUse> with_settings(std::vector<MethodUse> uses, const std::vector<std::string>& settings) {
  for (const std::string& text : settings) {
    const Setting setting = read_setting(text);
    bool found = false;
    for (MethodUse& use : uses) {
      const std::vector<OptionDoc> docs = options_of(*use.entry);
      const bool has = std::any_of(docs.begin(), docs.end(), [&](const OptionDoc& doc) { return doc.key == setting.path.back(); });
      if (!has || setting.path.size() > 2 || (setting.path.size() == 2 && setting.path.front() != use.label)) continue;
      Table given = use.given;
      merge(given, setting.option);
      MethodUse changed = make_method(use.entry->name, given, setting.place, use.title);
      changed.label = use.label;
      use = std::move(changed);
      found = true;
    }
    if (!found) refuse_setting(setting, uses);
  }
  return uses;
}

}  // namespace tocsin::explain
