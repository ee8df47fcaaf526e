// SPDX-License-Identifier: Apache-2.0
// What config and set_option share: an experiment is read from text, and what that may come to.
#pragma once
#include <algorithm>
#include <string>

#include "targets.h"
#include "tocsin/lab/experiment.h"

namespace tocsin::fuzz {

constexpr const char* kFile = "fuzz.toml";

/// Every fault says something, at a place in the file or on the command line, in one line without what a terminal would obey.
inline void check_faults(const ConfigError& error) {
  check(!error.faults().empty());
  for (const Fault& fault : error.faults()) {
    check(!fault.message.empty() && (fault.place.file == kFile || fault.place.file.starts_with("--set ")));
    for (const std::string& text : {fault.place.text(), fault.message, fault.hint})
      check(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
}

/// Reads an experiment; each plan's resolved text, read as an experiment of its own, resolves to itself.
inline void read_and_read_again(const lab::Request& request, const std::string& text) {
  lab::Experiment experiment;
  try {
    experiment = lab::read_experiment(request, text);
  } catch (const ConfigError& error) {
    return check_faults(error);
  }
  check(!experiment.plans.empty());
  lab::Request again;
  again.file = kFile;
  for (const lab::Plan& plan : experiment.plans) {
    const std::string resolved = plan.resolved_toml();
    const lab::Experiment second = lab::read_experiment(again, resolved);
    check(second.plans.size() == 1 && second.plans.front().resolved_toml() == resolved);
  }
}

}  // namespace tocsin::fuzz
