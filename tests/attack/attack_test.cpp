// SPDX-License-Identifier: Apache-2.0
// What a benign client sends, and the list of attacks.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;

TEST(BenignUpdate, OfFedSgdIsMinusTheRateTimesTheGradientOfTheWholeShard) {
  Attacker place;
  place.algorithm = Algorithm::fedsgd;
  place.training.optimizer.learning_rate = 0.25;
  place.run(*support::make(none_entry));
  const auto network = nn::make_network(place.architecture, 20, nn::Precision::float64);
  network->load(place.global.rows());
  network->put(*place.problem.train, place.samples);
  std::vector<std::int32_t> labels;
  for (const std::uint32_t sample : place.samples) labels.push_back(place.problem.train->labels[sample]);
  network->gradient({.labels = labels, .targets = {}}, Stream(0));
  for (std::size_t j = 0; j < place.architecture.parameters(); ++j)
    EXPECT_NEAR(place.update.rows().at(0, j), -0.25 * network->gradient_vector().at(0, j), 1e-15);
}

TEST(BenignUpdate, OfFedAvgIsWhatTrainingChanged) {
  Attacker place;
  const Sent sent = place.run(*support::make(none_entry));
  EXPECT_EQ(sent.report.samples, 20U);
  EXPECT_EQ(sent.report.steps, 3U) << "batches of 8, 8 and 4";
  Updates local(1, place.architecture.parameters(), Element::float64);
  place.network->save(local.rows());
  for (std::size_t j = 0; j < local.coordinates(); ++j)
    EXPECT_EQ(place.update.rows().at(0, j), local.rows().at(0, j) - place.global.rows().at(0, j));
}

TEST(BenignUpdate, OfAnEmptyShardIsZero) {
  Attacker place;
  place.samples.clear();
  place.update.rows().assign(0, std::vector<double>(place.update.coordinates(), 7.0));
  const Sent sent = place.run(*support::make(none_entry));
  EXPECT_EQ(sent.report.samples, 0U);
  EXPECT_EQ(place.update.rows().row(0), std::vector<double>(place.update.coordinates(), 0.0));
}

TEST(BenignUpdate, WantsOneRowOfTheModelsLength) {
  Attacker place;
  place.update = Updates(1, 3, Element::float64);
  EXPECT_EQ(support::error_of([&] { place.run(*support::make(none_entry)); }),
            "benign update: needs one row of 15 coordinates for the update, got 1 of 3");
}

TEST(Attacks, HaveALineForEveryFileAndDescribeThemselves) {
  std::set<std::string> files, listed, names;
  for (const auto& file : std::filesystem::directory_iterator(TOCSIN_SOURCE_DIR "/src/tocsin/attack"))
    if (file.path().extension() == ".cpp") files.insert(file.path().stem().string());
  for (const char* other : {"attack", "registry"}) files.erase(other);
  std::ifstream list(TOCSIN_SOURCE_DIR "/src/tocsin/attack/attacks.inc");
  const std::regex entry_line(R"(TOCSIN_ATTACK\((\w+)(, *(\w+))?\))");
  std::smatch match;
  for (std::string line; std::getline(list, line);)
    if (std::regex_match(line, match, entry_line)) listed.insert(match[3].matched ? match[3] : match[1]);
  EXPECT_EQ(files, listed);
  for (const Entry<Attack>* entry : attacks()) {
    EXPECT_TRUE(names.insert(std::string(entry->name)).second) << entry->name;
    EXPECT_FALSE(entry->summary.empty() || entry->paper.empty() || entry->facts.reads.empty()) << entry->name;
    EXPECT_EQ(attacks().find(entry->name), entry);
  }
}

}  // namespace
}  // namespace tocsin::attack
