// SPDX-License-Identifier: Apache-2.0
// Which methods, with which options, under which titles: the presets `paper` and `sane`, or a list of one's own.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/explain/method.h"

namespace tocsin::explain {

/// A method as it is used: a column of a figure.
struct MethodUse {
  std::string label;  ///< names files and records; unique within a list
  std::string title;  ///< over a column
  const Entry<Method>* entry = nullptr;
  std::shared_ptr<const Method> method;
  Table given;     ///< options as given, without `name` and `label`
  Table resolved;  ///< `name`, `label` and every option with its value
};

/// The library whose drawing the paper's script used; it does not pin one, and its behaviour moved.
enum class PublishedLibrary { v1_0_4, v1_0_5, v1_0_6 };

/// What the published script drew, traps and all (explain.md, section 5).
std::vector<MethodUse> paper_methods(PublishedLibrary library = PublishedLibrary::v1_0_4);
/// The methods done right, those that fit the network and the inputs.
std::vector<MethodUse> sane_methods(const nn::Architecture& architecture, bool negative_inputs);
/// What a figure by the `paper` preset has to say about itself, a line each.
std::vector<std::string> paper_traps(const nn::Architecture& architecture);

/// One method with options as `{ name = "smoothgrad", draws = 16 }`; faults are collected, and then nothing is returned.
std::optional<MethodUse> read_method(Options& options);
/// The same from a table of options, or from lines of TOML; throws ConfigError. `place` names where they came from.
MethodUse make_method(std::string_view name, const Table& options, const std::string& place, std::string title = "");
MethodUse make_method(std::string_view name, const std::string& options_toml, const std::string& place, std::string title = "");
/// Methods with settings "key=value" (for every method that has the option) or "method.key=value" over their own. Throws
/// ConfigError if no method has it.
std::vector<MethodUse> with_settings(std::vector<MethodUse> methods, const std::vector<std::string>& settings);

}  // namespace tocsin::explain
