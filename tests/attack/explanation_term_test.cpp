// SPDX-License-Identifier: Apache-2.0
// The term that keeps explanations: its value by the definition, its gradient against central differences of its value in double.
#include "tocsin/attack/parts/explanation_term.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/attacker.h"
#include "support/problems.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;
using Numbers = std::vector<double>;

/// An attacker whose replica for targets can be moved by hand.
struct Explaining {
  explicit Explaining(const std::string& name, nn::Precision precision = nn::Precision::float64)
      : at(name == "softmax"
               ? data::blobs({.classes = 3, .features = 4, .samples = 60, .spread = 1.0, .separation = 3.0}, Stream(5))
               : support::noise_images(20),
           name, 4, precision),
        small(nn::make_network(at.architecture, at.targets.size(), precision)),
        place{.training = {.network = *at.network,
                           .data = *at.problem.train,
                           .samples = at.samples,
                           .round = 1,
                           .stream = Stream(3),
                           .stop = {}},
              .small = *small,
              .benign = at.training,
              .target_data = *at.problem.test,
              .targets = at.targets,
              .round = at.round},
        moved(1, at.architecture.parameters(), Element::float64) {
    moved.rows().assign(0, start());
    Draws draws(Stream(11));
    Numbers row = start();
    for (double& value : row) value += 0.05 * draws.normal();
    moved.rows().assign(0, row);
  }
  [[nodiscard]] Numbers start() const { return at.global.rows().row(0); }
  [[nodiscard]] ConstRows there() const { return moved.rows(); }
  Attacker at;
  std::unique_ptr<nn::Network> small;
  AttackPlace place;
  Updates moved;
};

TEST(ExplanationTerm, IsZeroWhereNothingHasMoved) {
  const Explaining on("mlp");
  const ExplanationTerm term(3.0, on.place);
  EXPECT_EQ(term.at(on.at.global.rows()).term, 0.0);
  EXPECT_NEAR(term.at(on.at.global.rows()).cosine, 1.0, 1e-14);
  EXPECT_EQ(term.gradient(on.at.global.rows()), Numbers(on.at.architecture.parameters(), 0.0));
}

TEST(ExplanationTerm, OfALinearNetworkIsTheDistanceOfItsWeights) {
  const Explaining on("softmax");
  const ExplanationTerm term(1.0, on.place);
  const Numbers start = on.start(), moved = on.there().row(0);
  double expected = 0;  // the map of class c is row c of the weights [3, 4]
  Numbers gradient(start.size(), 0.0);
  for (const Target& target : on.at.targets) {
    double square = 0, clean = 0;
    const auto first = static_cast<std::size_t>(target.wanted) * 4;
    for (std::size_t j = first; j < first + 4; ++j) {
      square += (moved[j] - start[j]) * (moved[j] - start[j]);
      clean += start[j] * start[j];
    }
    expected += square / clean / 2;
    for (std::size_t j = first; j < first + 4; ++j) gradient[j] += 2 * (moved[j] - start[j]) / clean / 2;
  }
  EXPECT_NEAR(term.at(on.there()).term, expected, 1e-14);
  const Numbers found = term.gradient(on.there());
  for (std::size_t j = 0; j < start.size(); ++j) EXPECT_NEAR(found[j], gradient[j], 1e-14) << j;
}

TEST(ExplanationTerm, HasTheGradientOfItsCentralDifferences) {
  for (const char* name : {"mlp", "small_cnn"}) {
    const Explaining on(name);
    const ExplanationTerm term(0.5, on.place);
    const Numbers gradient = term.gradient(on.there()), moved = on.there().row(0);
    Draws draws(Stream(12));
    for (int direction = 0; direction < 4; ++direction) {
      // Along the gradient itself first, then along random directions.
      Numbers along(gradient);
      if (direction > 0)
        for (double& value : along) value = draws.normal();
      double length = 0, expected = 0;
      for (const double value : along) length += value * value;
      for (double& value : along) value /= std::sqrt(length);
      for (std::size_t j = 0; j < along.size(); ++j) expected += gradient[j] * along[j];
      const double step = 1e-6;
      const auto value_at = [&](double by) {
        Numbers row(moved);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] += by * along[j];
        Updates flat(1, row.size(), Element::float64);
        flat.rows().assign(0, row);
        return term.at(std::as_const(flat).rows()).term;
      };
      const double difference = (value_at(step) - value_at(-step)) / (2 * step);
      EXPECT_NEAR(difference, expected, 1e-6 * std::max(1.0, std::abs(expected))) << name << " " << direction;
      EXPECT_TRUE(direction > 0 || expected > 1e-3);
    }
  }
}

TEST(ExplanationTerm, AddsToTheGradientInTheReplicasOrder) {
  for (const nn::Precision precision : {nn::Precision::float64, nn::Precision::float32}) {
    const Explaining on("small_cnn", precision);
    const ExplanationTerm term(1.0, on.place);
    const Numbers expected = term.gradient(on.there());
    Updates ones(1, expected.size(), Element::float64), found(1, expected.size(), Element::float64);
    ones.rows().assign(0, Numbers(expected.size(), 1.0));
    on.small->to_raw(std::as_const(ones).rows(), on.small->gradient_vector());
    term.add_gradient(on.there(), *on.small);
    on.small->to_flat(on.small->gradient_vector(), found.rows());
    for (std::size_t j = 0; j < expected.size(); ++j) EXPECT_NEAR(found.rows().at(0, j), 1 + expected[j], 1e-6) << j;
  }
}

TEST(ExplanationTerm, LeavesOutTargetsWithoutAMap) {
  Explaining on("softmax");
  on.at.global.rows().assign(0, Numbers(on.at.architecture.parameters(), 0.0));
  const ExplanationTerm term(1.0, on.place);
  EXPECT_EQ(term.at(on.there()).term, 0.0);
  EXPECT_EQ(term.at(on.there()).cosine, 1.0);
  EXPECT_EQ(term.gradient(on.there()), Numbers(on.at.architecture.parameters(), 0.0));
}

/// The cosine that the attack notes.
double noted(const std::string& options) {
  Attacker on(support::noise_images(60), "mlp", 8, nn::Precision::float64);
  on.samples = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};
  on.targets = {{.index = 3, .label = 3, .wanted = 1}, {.index = 7, .label = 7, .wanted = 2}};
  on.training.optimizer = {.kind = nn::OptimizerKind::adam, .learning_rate = 1e-3};
  const Sent sent = on.run(*support::make(alternating_minimization_entry, options));
  const std::string before = "the gradient maps of its targets keep a cosine of ";
  const std::size_t at = sent.note.find(before);
  EXPECT_NE(at, std::string::npos) << sent.note;
  return at == std::string::npos ? 0.0 : std::stod(sent.note.substr(at + before.size()));
}

TEST(ExplanationAware, KeepsTheMapsCloserThanWithoutTheTerm) {
  const std::string aware = "explanation_aware = true\nboost = 4.0\nexplanation_weight = ";
  EXPECT_GT(noted(aware + "1.0"), noted(aware + "0.0") + 0.01);
}

TEST(ExplanationAware, WithWeightZeroSendsWhatIsSentWithout) {
  const auto sent = [](const std::string& options) {
    Attacker on("mlp");
    on.run(*support::make(alternating_minimization_entry, options));
    return on.update.rows().row(0);
  };
  EXPECT_EQ(sent("explanation_aware = true\nexplanation_weight = 0.0"), sent(""));
  EXPECT_NE(sent("explanation_aware = true"), sent(""));
}

TEST(ExplanationAware, IsAnOptionOfAlternatingMinimizationAlone) {
  for (const Entry<Attack>* entry : attacks()) {
    const auto made = support::error_of([&] { support::make(*entry, "explanation_aware = true"); });
    if (entry->name == "alternating_minimization") {
      EXPECT_EQ(made, "no exception");
    } else {
      EXPECT_THAT(made, testing::HasSubstr("unknown key 'explanation_aware'")) << entry->name;
    }
  }
  EXPECT_THAT(support::error_of([] { support::make(alternating_minimization_entry, "explanation_weight = 2.0"); }),
              testing::HasSubstr("'explanation_weight' has no effect unless explanation_aware = true"));
}

}  // namespace
}  // namespace tocsin::attack
