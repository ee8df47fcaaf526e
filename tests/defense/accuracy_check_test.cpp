// SPDX-License-Identifier: Apache-2.0
// The accuracy check against models worked out by hand: which vectors are judged, and what follows from their hits.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/detectors.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;

/// A round of rows given by hand, judged by a function.
struct ByHand {
  ByHand(const std::vector<Numbers>& rows, Numbers counts, support::HoldOutBy::Share share, std::size_t held = 1000)
      : updates(support::rows(rows, Element::float64)),
        global(support::rows({Numbers(rows.front().size(), 10.0)}, Element::float64)),
        samples(std::move(counts)),
        hold_out(held, std::move(share)) {
    hold_out.coordinates = rows.front().size();
  }
  Suspicion check(const std::string& options = "", double total = 0.0) const {
    Round round;
    round.global = global.rows();
    round.samples = samples;
    round.sample_total = total;
    round.hold_out = &hold_out;
    const auto detector = support::make(accuracy_check_entry, options);
    return inspect(*detector, accuracy_check_entry, Survivors(updates.rows(), round));
  }
  Updates updates, global;
  Numbers samples;
  support::HoldOutBy hold_out;
};
double never(const Numbers&) { return 0.0; }

TEST(AccuracyCheck, AsksAboutEachModelAloneAndAboutTheOthersInBothForms) {
  const ByHand on({{4, 0}, {0, 8}, {16, 16}}, {2, 1, 1}, never);
  on.check();
  const std::vector<Numbers>& models = on.hold_out.models();
  ASSERT_EQ(models.size(), 9U);
  EXPECT_EQ(models[0], (Numbers{14, 10}));  // w + x_i
  EXPECT_EQ(models[1], (Numbers{10, 18}));
  EXPECT_EQ(models[2], (Numbers{26, 26}));
  EXPECT_EQ(models[3], (Numbers{18, 22}));  // the others with weights 1/4 and 1/4, re-normalised to 1/2 and 1/2
  EXPECT_EQ(models[6], (Numbers{14, 16}));  // as printed
  EXPECT_EQ(models[7], (Numbers{16, 14}));
  EXPECT_EQ(models[8], (Numbers{12, 12}));
  EXPECT_NEAR(models[4][0], 10 + (2 + 4) / 0.75, 1e-14);
  EXPECT_NEAR(models[4][1], 10 + (0 + 4) / 0.75, 1e-14);
  EXPECT_NEAR(models[5][0], 10 + 2 / 0.75, 1e-14);
  EXPECT_NEAR(models[5][1], 10 + 2 / 0.75, 1e-14);
}

TEST(AccuracyCheck, FlagsWhoIsLessAccurateThanTheOthersByMoreThanGamma) {
  // One coordinate; the hit rate falls with the distance from 11. The others of row 2 lead to 11, row 2 alone to 18.
  const ByHand on({{1}, {1}, {8}, {2}}, {1, 1, 1, 1}, [](const Numbers& model) { return 1.0 - std::abs(model[0] - 11.0) / 10.0; });
  const Suspicion found = on.check();
  const Reading& reading = found.readings[0];
  EXPECT_EQ(reading.figures[0].name, "accuracy_alone");
  EXPECT_EQ(reading.figures[0].values, (Numbers{1, 1, 0.3, 0.9}));
  EXPECT_EQ(reading.figures[1].values[0], 0.732);  // others at 10 + 11/3, of 250 samples
  EXPECT_EQ(reading.verdicts, (std::vector<Verdict>{Verdict::passed, Verdict::passed, Verdict::flagged, Verdict::passed}));
  EXPECT_NEAR(reading.suspicion[2], (1.0 - 1.0 / 30.0) - 0.3, 1.0 / 250);
  // As printed the others of row 2 lead to 10 + 4/4 = 11.
  EXPECT_EQ(found.readings[1].suspicion[2], 0.7);
  ASSERT_EQ(found.readings[1].figures.size(), 1U);
  EXPECT_EQ(found.readings[1].figures[0].name, "accuracy_without");
  EXPECT_EQ(found.readings[1].figures[0].values[2], 1.0);
}

TEST(AccuracyCheck, LetsADifferenceOfExactlyGammaPass) {
  // Alone 0.3, without 0.4: in doubles 0.4 - 0.3 is more than 0.1.
  const ByHand on(
      {{1}, {2}}, {1, 1}, [](const Numbers& model) { return model[0] == 11.0 ? 0.3 : 0.4; }, 10);
  const Suspicion found = on.check("gamma = 0.1");
  EXPECT_EQ(found.readings[0].suspicion[0], 0.1);
  EXPECT_EQ(found.readings[0].verdicts[0], Verdict::passed);
  EXPECT_EQ(on.check("gamma = 0.09").readings[0].verdicts[0], Verdict::flagged);
}

TEST(AccuracyCheck, UsesAPartOfTheHoldOutUnlessAskedForAll) {
  std::size_t asked = 0;
  struct Counting final : HoldOut {
    explicit Counting(std::size_t& count) : asked(count) {}
    [[nodiscard]] std::size_t samples() const override { return 600; }
    [[nodiscard]] std::vector<std::size_t> hits(std::size_t models, const std::function<void(std::size_t, Rows)>&,
                                                std::size_t samples) const override {
      asked = samples;
      return std::vector<std::size_t>(models, 0);
    }
    std::size_t& asked;
  } const hold_out(asked);
  const Updates updates = support::rows({{1}, {2}}), global = support::rows({{0}});
  Round round;
  round.global = global.rows();
  round.hold_out = &hold_out;
  const auto with = [&](const std::string& options) {
    support::make(accuracy_check_entry, options)->suspicion(updates.rows(), round);
    return asked;
  };
  EXPECT_EQ(with(""), 250U);
  EXPECT_EQ(with("samples = \"all\""), 600U);
  EXPECT_EQ(with("samples = 40"), 40U);
  EXPECT_EQ(with("samples = 1000"), 600U);
  EXPECT_EQ(support::make(accuracy_check_entry)->forward_passes(10, 5000), 7500.0);
  EXPECT_EQ(support::make(accuracy_check_entry, "samples = \"all\"")->forward_passes(10, 5000), 150'000.0);
}

TEST(AccuracyCheck, SaysNothingOfAClientWithoutOthers) {
  const Suspicion alone = ByHand({{1}}, {5}, never).check();
  EXPECT_TRUE(std::isnan(alone.readings[0].suspicion[0]));
  EXPECT_EQ(alone.readings[0].verdicts[0], Verdict::unknown);
  const Suspicion empty = ByHand({{1}, {2}, {3}}, {5, 0, 0}, never).check();  // the others of client 0 have no samples
  EXPECT_TRUE(std::isnan(empty.readings[0].suspicion[0]));
  EXPECT_FALSE(std::isnan(empty.readings[0].suspicion[1]));
}

TEST(AccuracyCheck, WeighsEquallyWhereNobodyReportsSamples) {
  for (const Numbers& counts : {Numbers{}, Numbers{0, 0}}) {
    const ByHand on({{2}, {4}}, counts, never);
    on.check();
    EXPECT_EQ(on.hold_out.models()[2], Numbers{14});
    EXPECT_EQ(on.hold_out.models()[4], Numbers{12});
  }
}

TEST(AccuracyCheck, TakesSharesOfAllClientsWhereTheRoundSaysSo) {
  const ByHand on({{8}, {16}}, {1, 1}, never);
  on.check("", 8.0);  // alpha = 1/8
  EXPECT_EQ(on.hold_out.models()[2], Numbers{26}) << "re-normalised: the other one whole";
  EXPECT_EQ(on.hold_out.models()[4], Numbers{12});
  EXPECT_EQ(on.hold_out.models()[5], Numbers{11});
}

TEST(AccuracyCheck, KeepsTheOthersWholeWhereARowIsLoud) {
  std::vector<Numbers> rows(7, Numbers{1, 2, 4});
  rows[3] = {1e30, -1e30, 1e25};
  const ByHand on(rows, Numbers(7, 1.0), never);
  on.check();
  for (const double c : {0.0, 1.0, 2.0}) {
    const auto column = static_cast<std::size_t>(c);
    EXPECT_NEAR(on.hold_out.models()[7 + 3][column], 10 + std::pow(2.0, c), 1e-12);
    EXPECT_NEAR(on.hold_out.models()[14 + 3][column], 10 + std::pow(2.0, c) * 6 / 7, 1e-12);
  }
}

TEST(AccuracyCheck, RefusesAModelOfAnotherSize) {
  const ByHand on({{1, 2}}, {1}, never);
  Round round;
  const Updates other = support::rows({{1}});
  round.global = other.rows();
  round.hold_out = &on.hold_out;
  EXPECT_EQ(support::error_of([&] { support::make(accuracy_check_entry)->suspicion(on.updates.rows(), round); }),
            "accuracy_check: 1 parameters and updates of 2");
}

}  // namespace
}  // namespace tocsin::defense
