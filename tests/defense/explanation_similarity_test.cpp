// SPDX-License-Identifier: Apache-2.0
// Explanation similarity on likenesses given by hand: medians over the others, means over images, what is undefined, the band.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/detectors.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Answers with a table, whatever is asked.
class Given final : public Explanations {
 public:
  explicit Given(Numbers likeness) : likeness_(std::move(likeness)) {}
  [[nodiscard]] Numbers likeness(std::size_t, const std::function<void(std::size_t, Rows)>&,
                                 const ExplanationQuestion&) const override {
    return likeness_;
  }

 private:
  Numbers likeness_;
};

/// What is said of n rows with these likenesses.
Reading look(std::size_t n, Numbers likeness, const std::string& options = "") {
  const Given given(std::move(likeness));
  const Updates updates(n, 1, Element::float64), global(1, 1, Element::float64);
  const support::HoldOutBy hold_out(10, [](const Numbers&) { return 0.0; });
  Round round;
  round.global = global.rows();
  round.hold_out = &hold_out;
  round.explanations = &given;
  return inspect(*support::make(explanation_similarity_entry, options), explanation_similarity_entry,
                 Survivors(updates.rows(), round))
      .readings[0];
}

// Row 3 is unlike the three others, which are alike.
const Numbers kOdd{kNan, 8,    6,    1,  //
                   8,    kNan, 4,    2,  //
                   6,    4,    kNan, 3,  //
                   1,    2,    3,    kNan};

TEST(ExplanationSimilarity, IsMinusTheMedianOverTheOthers) {
  const Reading found = look(4, kOdd);
  EXPECT_EQ(found.suspicion, (Numbers{-6, -4, -4, -2}));
  EXPECT_TRUE(found.verdicts.empty()) << "no kappa, no verdict";
}

TEST(ExplanationSimilarity, IsTheMeanOverImages) {
  Numbers two = kOdd;
  for (const double one : kOdd) two.push_back(one + 2);
  const Reading found = look(4, two);
  EXPECT_EQ(found.suspicion, (Numbers{-7, -5, -5, -3}));
  EXPECT_EQ(found.figures[0].name, "least");
  EXPECT_EQ(found.figures[0].values, (Numbers{6, 4, 4, 2}));
}

TEST(ExplanationSimilarity, CountsAnUndefinedExplanationAsTheLeastAlikeOfTheImage) {
  Numbers hidden = kOdd;
  for (std::size_t j = 0; j < 4; ++j) hidden[3 * 4 + j] = hidden[j * 4 + 3] = kNan;
  EXPECT_EQ(look(4, hidden).suspicion, (Numbers{-7, -6, -5, -4}));
}

TEST(ExplanationSimilarity, LeavesOutImagesOfWhichNothingIsDefined) {
  Numbers two(16, kNan);
  two.insert(two.end(), kOdd.begin(), kOdd.end());
  EXPECT_EQ(look(4, two).suspicion, (Numbers{-6, -4, -4, -2}));
  for (const double one : look(4, Numbers(16, kNan)).suspicion) EXPECT_TRUE(std::isnan(one));
  EXPECT_TRUE(std::isnan(look(1, {kNan}).suspicion[0]));
}

TEST(ExplanationSimilarity, JudgesByDeviationsFromTheMedianOfTheRound) {
  // Suspicions -6, -4, -4, -2: median -4, absolute deviations 2, 0, 0, 2, of median 1.
  const Reading found = look(4, kOdd, "kappa = 1.0");
  EXPECT_DOUBLE_EQ(*found.threshold, -4 + 1.4826);
  EXPECT_EQ(found.verdicts, (std::vector<Verdict>{Verdict::passed, Verdict::passed, Verdict::passed, Verdict::flagged}));
  EXPECT_EQ(look(4, kOdd, "kappa = 2.0").verdicts, std::vector<Verdict>(4, Verdict::passed));
}

TEST(ExplanationSimilarity, AsksForTheModelsOfTheClientsAlone) {
  support::DetectorRound on(5, 12);
  std::vector<Numbers> seen;
  support::ExplanationsBy explanations([&](const Numbers& parameters, std::size_t) {
    if (std::find(seen.begin(), seen.end(), parameters) == seen.end()) seen.push_back(parameters);
    return parameters[0];
  });
  explanations.coordinates = 12;
  Round round = on.round();
  round.explanations = &explanations;
  const auto detector =
      support::make(explanation_similarity_entry, "images = 3\nmethod = \"lrp_z\"\nsimilarity = \"cosine\"\nneuron = \"own\"");
  const Numbers suspicion = detector->suspicion(on.updates.rows(), round).readings[0].suspicion;
  ASSERT_EQ(seen.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t c = 0; c < 12; ++c) EXPECT_EQ(seen[i][c], on.global.rows().at(0, c) + on.updates.rows().at(i, c));
  EXPECT_EQ(explanations.asked().images, 3U);
  EXPECT_EQ(explanations.asked().method, "lrp_z");
  EXPECT_EQ(explanations.asked().similarity, "cosine");
  EXPECT_TRUE(explanations.asked().own_neuron);
  EXPECT_EQ(detector->question()->images, 3U);
  EXPECT_EQ(detector->forward_passes(10, 5000), 30.0);
  EXPECT_EQ(detector->forward_passes(10, 2), 20.0);
}

TEST(ExplanationSimilarity, FindsTheClientWhoseModelDiffers) {
  support::DetectorRound on(9);
  Numbers far = on.updates.rows().row(4);
  for (double& value : far) value += 5;
  on.updates.rows().assign(4, far);
  support::ExplanationsBy explanations([](const Numbers& parameters, std::size_t image) { return parameters[image]; });
  explanations.coordinates = on.updates.coordinates();
  Round round = on.round();
  round.explanations = &explanations;
  const Numbers suspicion = support::make(explanation_similarity_entry)->suspicion(on.updates.rows(), round).readings[0].suspicion;
  EXPECT_EQ(std::max_element(suspicion.begin(), suspicion.end()) - suspicion.begin(), 4);
}

TEST(ExplanationSimilarity, SaysWhyItSkips) {
  const Updates rows = support::rows({{1}, {2}});
  const auto detector = support::make(explanation_similarity_entry);
  const auto skipped = [&](const Round& round) {
    return inspect(*detector, explanation_similarity_entry, Survivors(rows.rows(), round)).skipped;
  };
  EXPECT_EQ(skipped(Round{}), "the server holds no labelled samples out: [data] validation");
  const support::HoldOutBy hold_out(10, [](const Numbers&) { return 0.0; });
  Round round;
  round.hold_out = &hold_out;
  EXPECT_EQ(skipped(round), "nobody explains models here");
}

}  // namespace
}  // namespace tocsin::defense
