// SPDX-License-Identifier: Apache-2.0
// The estimate against what a run really takes: peak resident memory lies between 0.5 and 1.1 times the estimate.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "support/command.h"

namespace tocsin::support {
namespace {

struct Case {
  const char *network, *clients, *participation, *rule, *optimizer, *precision, *more;
};

// Rows kept and folded, one rule of each shape, small and large networks. One round of few clients each.
constexpr Case kCases[] = {
    {"lenet", "200", "0.02", "weighted_mean", "adam", "float32", ""},
    {"softmax", "1000", "0.1", "median", "sgd", "float32", ""},
    {"mlp", "1000", "0.5", "krum", "adam", "float32", ""},
    {"paper_cnn", "3000", "0.005", "multi_krum", "sgd", "float32", ""},
    {"paper_cnn", "3000", "0.002", "mean", "adam", "float32", "keep_rows = false\n"},
    {"mnist_cnn", "3000", "0.005", "median", "adam", "float32", ""},
};

TEST(SlowMemory, PeakLiesNearTheEstimate) {
  for (const Case& one : kCases) {
    const Folder folder;
    const std::string text = std::string("[data]\ndataset = \"fashion_mnist\"\n[partition]\nclients = ") + one.clients +
                             "\n[model]\nname = \"" + one.network + "\"\n[training]\noptimizer = \"" + one.optimizer +
                             "\"\nprecision = \"" + one.precision +
                             "\"\n[federation]\nrounds = 1\nparticipation = " + one.participation + "\n" + one.more +
                             "[threat]\nmalicious = [1]\n[defense]\nrule = \"" + one.rule + "\"\n";
    const std::string file = folder.write("exp.toml", text);
    const double estimate =
        nlohmann::json::parse(tocsin({"validate", file, "--json", "--workers", "2"}).out).at(0).at("memory_bytes").get<double>();
    const Ran ran = tocsin({"run", file, "--out", folder.at("runs"), "--workers", "2", "--json"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_GE(ran.peak_bytes, 0.5 * estimate) << one.network << ", " << one.rule;
    EXPECT_LE(ran.peak_bytes, 1.1 * estimate) << one.network << ", " << one.rule;
  }
}

}  // namespace
}  // namespace tocsin::support
