// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/reference_network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/rows.h"
#include "tocsin/nn/reference.h"

namespace tocsin::nn {
namespace {

/// A network of every kind of layer, on rectangular input, and one batch of 3.
class ReferenceNetwork : public testing::Test {
 protected:
  static constexpr std::size_t kBatch = 3;

  ReferenceNetwork() {
    initialise(architecture_, Init::fan_in, Stream(3), start_.rows());
    network_->load(start_.rows());
    const Stream numbers = Stream(4).at("inputs");
    for (std::size_t b = 0; b < kBatch; ++b) {
      std::vector<double> row(architecture_.input().features());
      for (std::size_t i = 0; i < row.size(); ++i) row[i] = numbers.at(b).normal(i);
      inputs_.rows().assign(b, row);
    }
    network_->put(inputs_.rows());
  }

  /// Mean loss at parameters [1, d], in training mode.
  double loss_at(const std::vector<double>& parameters) {
    network_->load(support::rows({parameters}, Element::float64).rows());
    return network_->gradient(wanted_, dropout_).loss / static_cast<double>(kBatch);
  }

  Architecture architecture_{"every_layer",
                             {2, 8, 7},
                             {conv2d(3, 3, 1, 1), relu(), dropout(0.25), max_pool(2, 1), conv2d(4, 2, 2), avg_pool(2, 1), flatten(),
                              dropout(0.5), dense(5), relu(), dense(4)}};
  Updates start_{1, architecture_.parameters(), Element::float64};
  Updates inputs_{kBatch, architecture_.input().features(), Element::float64};
  std::vector<std::int32_t> labels_ = {3, 0, 2};
  Wanted wanted_{labels_, {}};
  Stream dropout_ = Stream(9).at("dropout").at(17);
  std::unique_ptr<Network> network_ = make_reference_network(architecture_, 4);
};

TEST_F(ReferenceNetwork, AgreesWithCentralDifferencesAsAWhole) {
  network_->gradient(wanted_, dropout_);
  const std::vector<double> gradient = network_->gradient_vector().row(0);
  std::vector<double> point = start_.rows().row(0);
  constexpr double kStep = 1e-6;
  double scale = 0.0, worst = 0.0;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double at = point[i];
    point[i] = at + kStep;
    const double above = loss_at(point);
    point[i] = at - kStep;
    const double below = loss_at(point);
    point[i] = at;
    worst = std::max(worst, std::abs((above - below) / (2.0 * kStep) - gradient[i]));
  }
  EXPECT_GT(scale, 0.01);
  EXPECT_LT(worst / scale, 1e-7);
}

TEST_F(ReferenceNetwork, KnowsTheGradientOfItsInput) {
  std::vector<double> seed(kBatch * 4);
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = Stream(5).normal(i);
  network_->forward();
  const std::vector<double> gradient = network_->input_gradient(seed);
  const auto value = [&] {
    network_->put(inputs_.rows());
    network_->forward();
    double sum = 0.0;
    for (std::size_t i = 0; i < seed.size(); ++i) sum += seed[i] * network_->logits()[i];
    return sum;
  };
  constexpr double kStep = 1e-6;
  const std::size_t features = architecture_.input().features();
  for (std::size_t b = 0; b < kBatch; ++b) {
    std::vector<double> row = inputs_.rows().row(b);
    for (std::size_t i = 0; i < features; ++i) {
      const double at = row[i];
      row[i] = at + kStep;
      inputs_.rows().assign(b, row);
      const double above = value();
      row[i] = at - kStep;
      inputs_.rows().assign(b, row);
      const double below = value();
      row[i] = at;
      inputs_.rows().assign(b, row);
      EXPECT_NEAR((above - below) / (2.0 * kStep), gradient[b * features + i], 1e-8);
    }
  }
}

TEST_F(ReferenceNetwork, KeepsTheGradientVectorWhileItAsksForTheInput) {
  network_->gradient(wanted_, dropout_);
  const std::vector<double> before = network_->gradient_vector().row(0);
  network_->forward();
  network_->input_gradient(std::vector<double>(kBatch * 4, 1.0));
  EXPECT_EQ(network_->gradient_vector().row(0), before);
}

TEST_F(ReferenceNetwork, DescendsByTheGradient) {
  network_->gradient(wanted_, dropout_);
  std::vector<double> expected = start_.rows().row(0);
  const std::vector<double> gradient = network_->gradient_vector().row(0);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= 0.5 * gradient[i];
  network_->descend(wanted_, dropout_, 0.5);
  EXPECT_EQ(network_->parameters().row(0), expected);
}

TEST_F(ReferenceNetwork, DropsByItsStreamAndOnlyInTraining) {
  network_->forward();
  const std::vector<double> plain = network_->logits();
  network_->gradient(wanted_, dropout_);
  const std::vector<double> dropped = network_->logits();
  EXPECT_NE(plain, dropped);
  network_->gradient(wanted_, Stream(9).at("dropout").at(18));
  EXPECT_NE(network_->logits(), dropped) << "another step, another mask";
  network_->gradient(wanted_, dropout_);
  EXPECT_EQ(network_->logits(), dropped) << "the same step, the same mask";
  network_->enable_dropout(false);
  network_->gradient(wanted_, dropout_);
  EXPECT_EQ(network_->logits(), plain);
}

TEST_F(ReferenceNetwork, ShowsTheOutputOfEveryLayer) {
  network_->forward();
  const std::vector<double> parameters = start_.rows().row(0);
  std::vector<double> value;
  for (std::size_t b = 0; b < kBatch; ++b)
    for (const double x : inputs_.rows().row(b)) value.push_back(x);
  for (std::size_t k = 0; k < architecture_.layers().size(); ++k) {
    value = reference::forward(architecture_.layers()[k], parameters, value, kBatch, {});
    EXPECT_EQ(network_->output_of(k), value);
  }
  EXPECT_EQ(network_->logits(), value);
}

TEST_F(ReferenceNetwork, ScoresWhatItPutForward) {
  network_->forward();
  std::vector<double> ignored(kBatch * 4);
  const BatchLoss expected = reference::loss(Loss::cross_entropy, network_->logits(), wanted_, kBatch, 4, ignored);
  EXPECT_EQ(network_->score(wanted_).loss, expected.loss);
  EXPECT_EQ(network_->score(wanted_).correct, expected.correct);
}

TEST_F(ReferenceNetwork, TreatsSamplesOfABatchApart) {
  network_->forward();
  const std::vector<double> together = network_->logits();
  for (std::size_t b = 0; b < kBatch; ++b) {
    network_->put(inputs_.rows().slice(b, b + 1));
    network_->forward();
    const auto first = together.begin() + static_cast<std::ptrdiff_t>(4 * b);
    EXPECT_EQ(network_->logits(), std::vector<double>(first, first + 4));
  }
}

TEST_F(ReferenceNetwork, LoadsAndSavesFloatAndDouble) {
  Updates narrow(1, architecture_.parameters()), wide(1, architecture_.parameters(), Element::float64);
  network_->save(narrow.rows());
  network_->save(wide.rows());
  EXPECT_EQ(wide.rows().row(0), start_.rows().row(0));
  EXPECT_EQ(narrow.rows().row(0), start_.rows().row(0)) << "fresh parameters are floats";
  network_->load(support::rows({std::vector<double>(architecture_.parameters(), 0.5)}).rows());
  EXPECT_EQ(network_->parameters().at(0, 7), 0.5);
}

TEST_F(ReferenceNetwork, GathersPixelsAndValues) {
  data::Dataset data;
  data.name = "pixels";
  data.shape = {2, 1, 1};
  data.classes = 2;
  data.pixels = {0, 255, 51, 102, 255, 0};
  data.labels = {0, 1, 0};
  const auto network = make_reference_network(Architecture("test", {2, 1, 1}, {dense(2, false)}), 3);
  network->load(support::rows({{1, 0, 0, 1}}).rows());
  network->put(data, std::vector<std::uint32_t>{2, 1});
  network->forward();
  EXPECT_EQ(network->logits(), (std::vector<double>{1.0, 0.0, 51 * (1.0 / 255.0), 102 * (1.0 / 255.0)}));
}

TEST_F(ReferenceNetwork, SaysWhatTheCallerBroke) {
  EXPECT_EQ(support::error_of([&] { network_->put(Updates(5, 112).rows()); }), "network 'every_layer' takes 1 to 4 samples, got 5");
  EXPECT_EQ(support::error_of([&] { network_->put(Updates(2, 111).rows()); }),
            "network 'every_layer': needs 112 features a sample, got 111");
  EXPECT_EQ(support::error_of([&] { network_->load(Updates(1, 3).rows()); }),
            fmt::format("network 'every_layer' has {0} parameters, got [1, 3] and [1, {0}]", architecture_.parameters()));
  network_->put(inputs_.rows());
  EXPECT_EQ(support::error_of([&] { (void)network_->logits(); }), "network 'every_layer': run `forward` or `gradient` first");
  network_->gradient(wanted_, dropout_);
  EXPECT_EQ(support::error_of([&] { network_->input_gradient(std::vector<double>(12)); }),
            "network 'every_layer': the gradient of the input needs a `forward` first");
  EXPECT_EQ(support::error_of([&] { (void)network_->output_of(11); }), "network 'every_layer' has layers 0 to 10, got 11");
}

TEST_F(ReferenceNetwork, IsWhatFloat64Means) {
  EXPECT_EQ(make_network(architecture_, 2, Precision::float64)->precision(), Precision::float64);
}

}  // namespace
}  // namespace tocsin::nn
