// SPDX-License-Identifier: Apache-2.0
// Findings put back over all rows that were sent, and what is skipped.
#include "tocsin/defense/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/detectors.h"

namespace tocsin::defense {
namespace {
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// A detector whose answer is given.
class Answers final : public Detector {
 public:
  explicit Answers(Suspicion answer) : answer_(std::move(answer)) {}
  Suspicion suspicion(ConstRows, const Round&) override { return answer_; }

 private:
  Suspicion answer_;
};

Suspicion answer(std::vector<double> suspicion) {
  Suspicion result;
  result.readings = {Reading{std::move(suspicion)}};
  return result;
}

TEST(Inspect, LeavesTheRowsOutThatWereSetAside) {
  const Updates rows = support::rows({{3}, {kNan}, {5}, {7}});
  const Survivors survivors(rows.rows(), Round{});
  support::SpyDetector spy;
  const Suspicion found = inspect(spy, support::kSpyDetectorEntry, survivors);
  ASSERT_EQ(found.readings.size(), 1U);
  const std::vector<double>& suspicion = found.readings[0].suspicion;
  ASSERT_EQ(suspicion.size(), 4U);
  EXPECT_EQ(suspicion[0], 3.0);
  EXPECT_TRUE(std::isnan(suspicion[1]));
  EXPECT_EQ(suspicion[2], 5.0);
  EXPECT_EQ(suspicion[3], 7.0);
}

TEST(Inspect, JudgesByTheThresholdAndLetsEqualsPass) {
  Suspicion given = answer({1.0, 2.0, kNan, 2.5});
  given.readings[0].threshold = 2.0;
  given.readings[0].figures = {{"length", {4, 5, 6, 7}}};
  Answers detector(given);
  const Updates rows = support::rows({{1}, {kNan}, {1}, {1}, {1}});
  const Suspicion found = inspect(detector, support::kSpyDetectorEntry, Survivors(rows.rows(), Round{}));
  EXPECT_EQ(found.readings[0].verdicts,
            (std::vector<Verdict>{Verdict::passed, Verdict::flagged, Verdict::passed, Verdict::unknown, Verdict::flagged}))
      << "the row set aside is flagged, the one of which nothing can be said is not";
  EXPECT_EQ(found.readings[0].figures[0].values[4], 7.0);
  EXPECT_TRUE(std::isnan(found.readings[0].figures[0].values[1]));
}

TEST(Inspect, FlagsEqualsWhereTheReadingSaysSo) {
  Suspicion given = answer({1.0, 2.0, 2.5});
  given.readings[0].threshold = 2.0;
  given.readings[0].flags_threshold = true;
  Answers detector(given);
  const Updates rows = support::rows({{1}, {1}, {1}});
  EXPECT_EQ(inspect(detector, support::kSpyDetectorEntry, Survivors(rows.rows(), Round{})).readings[0].verdicts,
            (std::vector<Verdict>{Verdict::passed, Verdict::flagged, Verdict::flagged}));
}

TEST(Inspect, DoesNotJudgeWithoutAThreshold) {
  Answers detector(answer({1.0}));
  const Updates rows = support::rows({{1}});
  EXPECT_TRUE(inspect(detector, support::kSpyDetectorEntry, Survivors(rows.rows(), Round{})).readings[0].verdicts.empty());
}

TEST(Inspect, SaysWhyItSkips) {
  const Updates rows = support::rows({{1}, {2}}), none = support::rows({{kNan}, {kNan}});
  const auto check = support::make(accuracy_check_entry), norm = support::make(norm_entry);
  const Suspicion without = inspect(*check, accuracy_check_entry, Survivors(rows.rows(), Round{}));
  EXPECT_EQ(without.skipped, "the server holds no labelled samples out: [data] validation");
  EXPECT_TRUE(without.readings.empty());
  EXPECT_EQ(inspect(*norm, norm_entry, Survivors(none.rows(), Round{})).skipped, "no row is left");
}

TEST(Inspect, CatchesADetectorThatBreaksItsFacts) {
  const Updates rows = support::rows({{1}, {2}});
  const Survivors survivors(rows.rows(), Round{});
  const auto fault = [&](Suspicion given) {
    Answers detector(std::move(given));
    return support::error_of([&] { inspect(detector, support::kSpyDetectorEntry, survivors); });
  };
  EXPECT_EQ(fault({}), "detector spy: another number of readings than its facts name for 2 rows");
  EXPECT_EQ(fault(answer({1})), "detector spy: not one suspicion a row for 2 rows");
  Suspicion figure = answer({1, 2});
  figure.readings[0].figures = {{"x", {1}}};
  EXPECT_EQ(fault(figure), "detector spy: not one figure a row for 2 rows");
  Suspicion verdict = answer({1, 2});
  verdict.readings[0].verdicts = {Verdict::passed};
  EXPECT_EQ(fault(verdict), "detector spy: not one verdict a row for 2 rows");
}

TEST(Survivors, ForgetDistancesOfRowsThatAreGone) {
  const std::vector<double> distances(4, 1.0);
  Round round;
  round.distances = distances;
  const Updates whole = support::rows({{1}, {2}}), broken = support::rows({{1}, {kNan}});
  EXPECT_EQ(Survivors(whole.rows(), round).round().distances.size(), 4U);
  EXPECT_TRUE(Survivors(broken.rows(), round).round().distances.empty());
}

}  // namespace
}  // namespace tocsin::defense
