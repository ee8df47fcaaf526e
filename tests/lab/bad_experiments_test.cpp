// SPDX-License-Identifier: Apache-2.0
// Bad experiment files and the exact first line of each error. A case replaces one piece of a good file.
#include <gtest/gtest.h>

#include "support/experiment.h"
#include "tocsin/attack/registry.h"
#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/registry.h"
#include "tocsin/lab/setting.h"

namespace tocsin::lab {
namespace {

/// Good, with every table; lines are numbered for the places below.
const char* const kGood = R"(name = "bad"
seed = 1
[data]
dataset = "blobs"
validation = 100
[partition]
clients = 8
[model]
name = "softmax"
[training]
batch = 10
learning_rate = 0.1
[federation]
rounds = 2
participation = 1.0
[server]
momentum = 0.0
[threat]
malicious = [7]
knowledge = "own"
[attack]
name = "sign_flip"
targets = { test_indices = [3], wanted = [1] }
[defense]
rule = { name = "median" }
transforms = []
[[variant]]
name = "a"
set = { server.learning_rate = 0.5 }
)";

struct Case {
  const char *from, *to, *line;
};

/// What the loader says first, without the path of the folder; "fine" if nothing.
std::string first_line(const std::string& text, const Request& request = {}) {
  const support::Folder folder;
  try {
    const Experiment experiment = support::read(folder, text, request);
    DataShelf shelf;
    for (const Plan& plan : experiment.plans) make_setting(plan, shelf.get(plan));
  } catch (const ConfigError& error) {
    std::string line = support::lines_of(error.what()).front();
    for (std::size_t at = line.find(folder.path() + "/"); at != std::string::npos; at = line.find(folder.path() + "/"))
      line.erase(at, folder.path().size() + 1);
    return line;
  }
  return "fine";
}

/// Whether a line is what was expected of it, with the names of the registries filled in.
testing::AssertionResult is(const std::string& line, std::string expected) {
  const auto fill = [&](const std::string& what, const std::vector<std::string>& names) {
    if (const std::size_t at = expected.find(what); at != std::string::npos) expected.replace(at, what.size(), joined(names));
  };
  fill("{attacks}", attack::attacks().names());
  fill("{rules}", defense::aggregators().names());
  fill("{detectors}", defense::detectors().names());
  const bool open = expected.ends_with("...");
  if (open) expected.resize(expected.size() - 3);
  if (open ? line.starts_with(expected) : line == expected) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "says      " << line << "\nexpected  " << expected;
}

const Case kCases[] = {
#include "bad_experiments.inc"
};

TEST(BadExperiments, TheFileThatTheyAreMadeFromIsGood) { EXPECT_EQ(first_line(kGood), "fine"); }

TEST(BadExperiments, EachSaysWhereAndWhatToDo) {
  for (const Case& bad : kCases) EXPECT_TRUE(is(first_line(support::edited(kGood, bad.from, bad.to)), bad.line)) << bad.to;
}

}  // namespace
}  // namespace tocsin::lab
