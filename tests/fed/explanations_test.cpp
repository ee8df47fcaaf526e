// SPDX-License-Identifier: Apache-2.0
// Explanations of the hold-out by the fleet: against the explainer itself, for every method, any number of workers.
#include "tocsin/fed/explanations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/attacks.h"
#include "support/detectors.h"
#include "support/drawn_rows.h"
#include "support/federation.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/explain/registry.h"
#include "tocsin/explain/similarity.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;
using Numbers = std::vector<double>;

/// Random images and an MLP, with a hold-out.
struct Explained {
  explicit Explained(nn::Precision precision = nn::Precision::float64, std::size_t workers = 1)
      : federation({.problem = support::noise_images(40),
                    .network = "mlp",
                    .training = {.epochs = 1, .batch = 8, .optimizer = {}, .precision = precision},
                    .workers = workers}) {
    Parts& parts = federation.parts;
    parts.validation_data = parts.problem.test.get();
    parts.validation_samples = {1, 3, 5, 7, 9, 11, 13};
    models = Updates(4, parts.architecture->parameters(), element());
    for (std::size_t k = 0; k < 4; ++k) {
      Updates one(1, parts.architecture->parameters(), element());
      nn::initialise(*parts.architecture, nn::Init::glorot, Stream(k), one.rows());
      models.rows().assign(k, std::as_const(one).rows(), 0);
    }
  }
  [[nodiscard]] Element element() const {
    return federation.parts.training.precision == nn::Precision::float64 ? Element::float64 : Element::float32;
  }
  [[nodiscard]] Numbers likeness(const ExplanationQuestion& question) const {
    return FleetExplanations(federation.parts, element(), {})
        .likeness(
            4, [&](std::size_t k, Rows row) { row.assign(0, models.rows(), k); }, question);
  }
  Federation federation;
  Updates models;
};

TEST(Explanations, AreThoseOfTheExplainer) {
  const Explained on;
  const Numbers found = on.likeness({.method = "gradient", .similarity = "cosine", .images = 3});
  ASSERT_EQ(found.size(), 3U * 4 * 4);
  const std::vector<std::uint32_t> samples = part_of_hold_out(on.federation.parts, 3);
  const data::Dataset& data = *on.federation.parts.validation_data;
  explain::Images images;
  images.inputs.resize(3 * 784);
  data::gather(data, samples, std::span<double>(images.inputs));
  for (const std::uint32_t sample : samples) images.index.push_back(sample), images.labels.push_back(data.labels[sample]);
  std::vector<Updates> maps;
  for (std::size_t k = 0; k < 4; ++k) {
    Updates model(1, on.models.coordinates(), Element::float64);
    model.rows().assign(0, on.models.rows(), k);
    explain::Explainer explainer({.architecture = *on.federation.parts.architecture, .parameters = std::as_const(model).rows()},
                                 {.precision = nn::Precision::float64});
    const std::vector<explain::MethodUse> methods{explain::make_method("gradient", "", "test")};
    maps.push_back(explainer.explain(images, methods, {explain::NeuronMode::Kind::label})[0].values);
  }
  for (std::size_t image = 0; image < 3; ++image)
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) {
        const double one = found[(image * 4 + i) * 4 + j];
        if (i == j) {
          EXPECT_TRUE(std::isnan(one));
        } else {
          EXPECT_NEAR(one, explain::cosine(maps[i].rows().row(image), maps[j].rows().row(image)), 1e-12);
        }
      }
}

TEST(Explanations, AreTheSameBytesForAnyNumberOfWorkers) {
  for (const nn::Precision precision : {nn::Precision::float32, nn::Precision::float64}) {
    const Numbers once = Explained(precision).likeness({.images = 4});
    EXPECT_EQ(support::bits(Explained(precision).likeness({.images = 4})), support::bits(once));
    for (const std::size_t workers : {2U, 5U})
      EXPECT_EQ(support::bits(Explained(precision, workers).likeness({.images = 4})), support::bits(once)) << workers;
  }
}

TEST(Explanations, UseNoMoreImagesThanAreHeldOut) {
  const Explained on;
  EXPECT_EQ(on.likeness({.images = 100}).size(), 7U * 4 * 4);
  EXPECT_EQ(part_of_hold_out(on.federation.parts, 100), on.federation.parts.validation_samples);
  const std::vector<std::uint32_t> some = part_of_hold_out(on.federation.parts, 4);
  EXPECT_EQ(some, part_of_hold_out(on.federation.parts, 4));
  for (const std::uint32_t sample : some) EXPECT_EQ(sample % 2, 1U);
}

TEST(Explanations, AreMeasuredByEverySimilarityAndMethod) {
  const Explained on(nn::Precision::float32);
  const auto measured = [&](const ExplanationQuestion& question) {
    const Numbers all = on.likeness(question);
    return std::count_if(all.begin(), all.end(), [](double one) { return !std::isnan(one); });
  };
  for (const explain::Similarity& similarity : explain::similarities()) {
    EXPECT_EQ(measured({.similarity = std::string(similarity.name), .images = 2}), 2 * 12) << similarity.name;
    const Numbers all = on.likeness({.similarity = std::string(similarity.name), .images = 2});
    EXPECT_TRUE(!similarity.distance || all[1] <= 0.0) << similarity.name;
  }
  for (const Entry<explain::Method>* method : explain::methods()) {
    const ExplanationQuestion question{.method = std::string(method->name), .images = 2};
    if (method->facts.needs_convolution) {
      EXPECT_THROW(check_fits(question, *on.federation.parts.architecture, false), std::invalid_argument);
    } else {
      const bool flat = method->name.ends_with("_flat");  // constant maps, which have no ranks, where the first layer is dense
      EXPECT_EQ(measured(question) > 0, !flat) << method->name;
    }
  }
}

TEST(Explanations, OfATableAreComparedFeatureByFeature) {
  Federation federation(Scenario{});
  Parts& parts = federation.parts;
  parts.validation_data = parts.problem.test.get();
  parts.validation_samples = parts.test_samples;
  const std::size_t d = parts.architecture->parameters();
  const auto make = [&](std::size_t k, Rows row) {
    Numbers values(d);
    for (std::size_t c = 0; c < d; ++c) values[c] = static_cast<double>((c * (k + 2)) % 7) - 3;
    row.assign(0, values);
  };
  const FleetExplanations explanations(parts, Element::float64, {});
  for (const double one : explanations.likeness(2, make, {.similarity = "pearson", .images = 5}))
    EXPECT_TRUE(std::isnan(one) || std::abs(one) <= 1.0);
  EXPECT_FALSE(std::isnan(explanations.likeness(2, make, {.similarity = "pearson", .images = 5})[1]));
  EXPECT_THAT(support::error_of([&] { check_fits({.similarity = "ssim_raw"}, *parts.architecture, false); }),
              testing::HasSubstr("compares neighbours"));
}

TEST(Explanations, OfAModelThatIsNotFiniteAreUndefined) {
  Explained on(nn::Precision::float32);
  on.models.rows().assign(2, Numbers(on.models.coordinates(), 1e30));
  const Numbers found = on.likeness({.images = 1});
  for (const std::size_t j : {0U, 1U, 3U}) EXPECT_TRUE(std::isnan(found[2 * 4 + j]));
  EXPECT_FALSE(std::isnan(found[1]));
}

TEST(Explanations, NameWhatIsKnown) {
  EXPECT_THAT(support::error_of([] { check_names({.method = "gradeint"}); }),
              testing::AllOf(testing::StartsWith("unknown method 'gradeint'; known: input, gradient, "),
                             testing::EndsWith("did you mean 'gradient'?")));
  EXPECT_THAT(support::error_of([] { check_names({.similarity = "cosin"}); }),
              testing::AllOf(testing::StartsWith("unknown similarity 'cosin'; known: ssim_drawn, pearson, "),
                             testing::EndsWith("did you mean 'cosine'?")));
  EXPECT_EQ(passes_of({.method = "gradient"}), 3.0);
}

TEST(Explanations, StopWhereTheyAreAsked) {
  const Explained on;
  std::stop_source stop;
  stop.request_stop();
  const FleetExplanations explanations(on.federation.parts, Element::float64, stop.get_token());
  EXPECT_THROW(static_cast<void>(explanations.likeness(4, [](std::size_t, Rows) {}, {})), Interrupted);
}

TEST(ExplanationSimilarityOfAFederation, PointsAtTheClientThatLearnedSomethingElse) {
  Scenario scenario{.problem = support::noise_images(200), .network = "mlp", .malicious = {3}};
  scenario.training = {.epochs = 2, .batch = 8, .optimizer = {}, .precision = nn::Precision::float32};
  Federation federation(scenario);
  federation.parts.validation_data = federation.parts.problem.test.get();
  federation.parts.validation_samples = federation.parts.test_samples;
  const support::CraftBy attack([](Rows rows, const attack::Knowledge&, auto) {
    Numbers row(rows.coordinates());
    Draws draws(Stream(3));
    for (double& value : row) value = 0.3 * draws.normal();
    rows.assign(0, row);
  });
  federation.parts.attack = &attack;
  federation.parts.attack_entry = &support::kCraftsEntry;
  const auto detector = support::make(defense::explanation_similarity_entry);
  federation.parts.detectors = {{"explanation_similarity", detector.get(), &defense::explanation_similarity_entry}};
  State state = federation.start();
  const RoundRecord record = federation.round(state);
  ASSERT_EQ(record.detectors.size(), 1U);
  EXPECT_EQ(record.detectors[0].tally.pairs, 4U);
  EXPECT_EQ(record.detectors[0].tally.won, 4.0);
}

}  // namespace
}  // namespace tocsin::fed
