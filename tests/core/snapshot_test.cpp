// SPDX-License-Identifier: Apache-2.0
// Saving and loading a stateful part by its one `visit`.
#include "tocsin/core/snapshot.h"

#include <gtest/gtest.h>

#include "support/rows.h"

namespace tocsin {
namespace {

struct Part {
  std::vector<float> momentum;
  std::vector<double> center;
  std::int64_t steps = 0;
  double scale = 0;
  void visit(SnapshotVisitor& visitor) {
    visitor.tensor("momentum", momentum);
    visitor.tensor("center", center);
    visitor.scalar("steps", steps);
    visitor.scalar("scale", scale);
  }
};

const Part kPart{{1, 2}, {0.1, 0.2, 0.3}, 7, 0.5};

Snapshot saved() {
  Part part = kPart;
  return save(part);
}

TEST(Snapshot, LoadsWhatWasSaved) {
  Part fresh;
  load(fresh, saved());
  EXPECT_EQ(fresh.momentum, kPart.momentum);
  EXPECT_EQ(fresh.center, kPart.center);
  EXPECT_EQ(fresh.steps, 7);
  EXPECT_EQ(fresh.scale, 0.5);
  EXPECT_EQ(save(fresh), saved());
}

TEST(Snapshot, LeavesTheSavedPartAlone) {
  Part part = kPart;
  (void)save(part);
  EXPECT_EQ(part.momentum, kPart.momentum);
}

TEST(Snapshot, NamesAFieldThatIsMissing) {
  Snapshot snapshot = saved();
  snapshot.fields.erase("steps");
  Part fresh;
  EXPECT_EQ(support::error_of([&] { load(fresh, snapshot); }), "snapshot: field 'steps' is missing");
}

TEST(Snapshot, NamesAFieldOfAnotherType) {
  Snapshot snapshot = saved();
  snapshot.fields["center"] = std::vector<float>{1};
  Part fresh;
  EXPECT_EQ(support::error_of([&] { load(fresh, snapshot); }),
            "snapshot: field 'center' must be a double tensor, found a float tensor");
  snapshot.fields["center"] = kPart.center;
  snapshot.fields["steps"] = 7.0;
  EXPECT_EQ(support::error_of([&] { load(fresh, snapshot); }), "snapshot: field 'steps' must be an integer, found a number");
}

TEST(Snapshot, NamesFieldsThatAreLeftOver) {
  Snapshot snapshot = saved();
  snapshot.fields["zeta"] = 1.0;
  snapshot.fields["extra"] = std::int64_t{1};
  Part fresh;
  EXPECT_EQ(support::error_of([&] { load(fresh, snapshot); }), "snapshot: fields left over: extra, zeta");
}

struct Twice {
  double value = 1;
  void visit(SnapshotVisitor& visitor) {
    visitor.scalar("value", value);
    visitor.scalar("value", value);
  }
};

TEST(Snapshot, RefusesAPartThatUsesANameTwice) {
  Twice part;
  EXPECT_EQ(support::error_of([&] { (void)save(part); }), "snapshot: field 'value' is named twice");
}

}  // namespace
}  // namespace tocsin
