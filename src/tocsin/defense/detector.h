// SPDX-License-Identifier: Apache-2.0
// What a detector is: it says of each row of a round how suspicious it looks, and may say which ones it would refuse.
// It changes nothing. Like a rule it sees a Round and nothing else, so it never learns who is malicious (rules.md, section 4).
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/options.h"
#include "tocsin/core/registry.h"
#include "tocsin/core/round.h"
#include "tocsin/core/rows.h"
#include "tocsin/core/snapshot.h"
#include "tocsin/defense/set_aside.h"

namespace tocsin::defense {

enum class Verdict : unsigned char { unknown, passed, flagged };

/// Something measured on the way, one number a row [n]; NaN where there is none.
struct Figure {
  std::string name;
  std::vector<double> values;
};

/// One way to look at the rows.
struct Reading {
  std::vector<double> suspicion;         ///< [n], larger is more suspicious; NaN: nothing can be said of this row
  std::vector<Verdict> verdicts = {};    ///< [n], or empty: it does not judge
  std::optional<double> threshold = {};  ///< a suspicion above it is flagged; `inspect` then fills in the verdicts
  bool flags_threshold = false;          ///< and so is one that is equal to it
  std::vector<Figure> figures = {};      ///< for the record
};

/// What the rows hold in one tensor, at the same coordinates of each: for histograms.
struct LayerSample {
  std::string name;                         ///< of the tensor
  std::size_t size = 0;                     ///< its coordinates, of which some are sampled
  std::vector<std::vector<double>> values;  ///< [n][coordinates], each row ascending
  std::vector<double> shares;               ///< [n], of the row's squared length that lies in this tensor; NaN for a row of zeros
};

/// What a detector found in a round.
struct Suspicion {
  std::vector<Reading> readings;          ///< as many as the facts name, in their order; none if `skipped`
  std::string skipped = {};               ///< why nothing was measured
  std::vector<LayerSample> samples = {};  ///< of a detector that samples coordinates
};

/// Looks at the updates of a round.
class Detector {
 public:
  /// How a reading is called: the detector's label and `suffix` in records, `title` in tables for people. No title: no reading.
  struct ReadingName {
    std::string_view suffix = {}, title = {};
  };
  /// Plain data about a detector, read by loader, laws and catalogue.
  struct Facts {
    std::array<ReadingName, 2> readings = {};
    std::string_view score;           ///< what the suspicion is, in words
    bool standard = false;            ///< measures every round unless switched off
    bool needs_hold_out = false;      ///< evaluates models on the server's hold-out, and is skipped without one
    bool needs_explanations = false;  ///< of the hold-out; skipped without, and refused at load where there is none
    bool needs_distances = false;     ///< fed fills in Round::distances and weight_distances
    bool stateful = false;
  };

  virtual ~Detector() = default;
  /// `updates` [n, d], rows in ascending client id, all finite, any n. A row of which nothing can be said has NaN; nothing is
  /// thrown for few rows.
  virtual Suspicion suspicion(ConstRows updates, const Round& round) = 0;
  /// Samples that go forward through a network (or are explained) in a round of n rows, with so many held out: for the estimate.
  [[nodiscard]] virtual double forward_passes(std::size_t rows, std::size_t held_out) const {
    (void)rows, (void)held_out;
    return 0;
  }
  /// What it asks of explanations, for loader and estimate; null: nothing.
  [[nodiscard]] virtual const ExplanationQuestion* question() const { return nullptr; }
  /// Names every field that lives across rounds (stateless detectors: none).
  virtual void visit(SnapshotVisitor&) {}
};

/// What a detector says of the rows that are left, over all rows that were sent. Rows set aside have no suspicion (NaN), and are
/// flagged where there are verdicts: the server has refused them already. Skips, with the reason, what needs a hold-out where there
/// is none. Throws std::logic_error if the detector breaks its own facts.
Suspicion inspect(Detector& detector, const Entry<Detector>& entry, const Survivors& survivors);

/// How many readings the facts name.
std::size_t readings(const Detector::Facts& facts);

}  // namespace tocsin::defense
