// SPDX-License-Identifier: Apache-2.0
// --set: each line of the input is one KEY=VALUE for a small experiment, applied to the bare tree and on the way to a plan. A tree
// that took an override holds it, and written as TOML it reads back the same.
#include <vector>

#include "experiments.h"
#include "targets.h"

namespace {
using tocsin::Table;
using tocsin::Value;

const char* const kExperiment = R"(name = "fuzz"
[data]
dataset = "blobs"
[partition]
clients = 8
[model]
name = "softmax"
[training]
learning_rate = 0.1
[federation]
rounds = 2
[threat]
malicious = [7]
[attack]
name = "sign_flip"
[defense]
rule = { name = "median" }
)";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

void override_tree(const std::string& assignment) {
  Table root = tocsin::parse_toml(kExperiment, tocsin::fuzz::kFile);
  try {
    tocsin::set_override(root, assignment);
  } catch (const tocsin::ConfigError& error) {
    return tocsin::fuzz::check_faults(error);
  }
  const std::vector<std::string> path = tocsin::override_path(assignment);
  const Table* table = &root;
  for (std::size_t i = 0; i < path.size(); ++i) {
    tocsin::fuzz::check(table != nullptr);
    const Value* value = table->find(path[i]);
    tocsin::fuzz::check(value != nullptr);
    table = value->as<Table>();
  }
  const std::string written = tocsin::write_toml(root);
  tocsin::fuzz::check(tocsin::write_toml(tocsin::parse_toml(written, tocsin::fuzz::kFile)) == written);
}
}  // namespace

int fuzz_set_option(const std::uint8_t* data, std::size_t size) {
  tocsin::lab::Request request;
  request.file = tocsin::fuzz::kFile;
  request.settings = lines_of({reinterpret_cast<const char*>(data), size});
  for (const std::string& assignment : request.settings) override_tree(assignment);
  tocsin::fuzz::read_and_read_again(request, kExperiment);
  return 0;
}
