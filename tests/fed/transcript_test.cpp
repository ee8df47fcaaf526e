// SPDX-License-Identifier: Apache-2.0
// A transcript of every attack: four rounds on blobs with its default options, to four digits, reviewed as a diff.
// After a change that is meant: TOCSIN_WRITE_TRANSCRIPTS=1 test_fed --gtest_filter='*Transcript*', which writes it and fails once.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/federation.h"

namespace tocsin::fed {
namespace {

std::string numbers(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += fmt::format(" {:.4g}", value);
  return text;
}

std::string transcript_of(const Entry<attack::Attack>& entry) {
  support::Scenario scenario{.attack = std::string(entry.name), .malicious = {1, 3}, .knowledge = attack::Level::server};
  scenario.targets = {{.index = 3, .label = 0, .wanted = 1}};
  const support::Federation federation(scenario);
  State state = federation.start();
  std::string text = fmt::format("{}: {}\nblobs, softmax, 5 clients, 1 and 3 malicious, weighted_mean, float64, default options\n",
                                 entry.name, entry.summary);
  for (const RoundRecord& record : federation.rounds(state, 4)) {
    text += fmt::format("\nround {}\n", record.round);
    text += fmt::format("  test loss {:.4g} accuracy {:.4g}\n", record.test.loss, record.test.accuracy);
    text += fmt::format("  target confidence {:.4g} success {:.4g}\n", record.target_confidence, record.attack_success_rate);
    text += fmt::format("  training loss{}\n", numbers(record.train_loss));
    text += fmt::format("  norm         {}\n", numbers(record.update_norms));
    text += fmt::format("  to the mean  {}\n", numbers(record.distance_to_mean));
    text += fmt::format("  cosine       {}\n", numbers(record.cosine_to_mean));
    for (const std::string& note : record.notes) text += fmt::format("  note: {}\n", note);
  }
  return text;
}

class Transcript : public testing::TestWithParam<const Entry<attack::Attack>*> {};

TEST_P(Transcript, IsWhatWasReviewed) {
  const std::string path = fmt::format("{}/tests/transcripts/{}.txt", TOCSIN_SOURCE_DIR, GetParam()->name);
  const std::string found = transcript_of(*GetParam());
  if (std::getenv("TOCSIN_WRITE_TRANSCRIPTS") != nullptr) {
    std::ofstream(path) << found;
    FAIL() << "wrote " << path << "; look at the difference, then run without TOCSIN_WRITE_TRANSCRIPTS";
  }
  std::stringstream kept;
  kept << std::ifstream(path).rdbuf();
  EXPECT_EQ(found, kept.str()) << path;
}

INSTANTIATE_TEST_SUITE_P(Attacks, Transcript, testing::ValuesIn(attack::attacks().begin(), attack::attacks().end()),
                         [](const auto& entry) { return std::string(entry.param->name); });

}  // namespace
}  // namespace tocsin::fed
