// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/training.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "tocsin/core/errors.h"

namespace tocsin::nn {
namespace {
constexpr std::size_t kMostBatch = 65536;

/// [[round, rate], ...] with ascending rounds. Collects a fault and gives up at the first one.
std::vector<std::pair<std::size_t, double>> read_schedule(Options& options) {
  const Value* value = options.raw("schedule", "list of [round, rate]", Value(Array{}),
                                   "learning rates from given rounds on, e.g. [[10, 0.01], [20, 0.001]]");
  std::vector<std::pair<std::size_t, double>> schedule;
  if (value == nullptr) return schedule;
  const auto refuse = [&](const std::string& found) {
    options.fault("schedule", fmt::format("schedule must be a list of [round, rate], {}", found),
                  "for example [[10, 0.01], [20, 0.001]]");
    return std::vector<std::pair<std::size_t, double>>{};
  };
  const Array* entries = value->as<Array>();
  if (entries == nullptr) return refuse(fmt::format("found {}", value->kind()));
  for (const Value& entry : *entries) {
    const Array* pair = entry.as<Array>();
    if (pair == nullptr) return refuse(fmt::format("found {} in it", entry.kind()));
    if (pair->size() != 2) return refuse(fmt::format("found a list of {} in it", pair->size()));
    const std::int64_t* round = pair->front().as<std::int64_t>();
    if (round == nullptr) return refuse(fmt::format("found {} for a round", pair->front().kind()));
    const std::int64_t after = schedule.empty() ? 0 : static_cast<std::int64_t>(schedule.back().first);
    if (*round <= after) return refuse(fmt::format("found round {} after round {}; rounds ascend from 1", *round, after));
    const double* real = pair->back().as<double>();
    const std::int64_t* whole = pair->back().as<std::int64_t>();
    if (real == nullptr && whole == nullptr) return refuse(fmt::format("found {} for a rate", pair->back().kind()));
    const double rate = real != nullptr ? *real : static_cast<double>(*whole);
    if (!(rate > 0.0) || !std::isfinite(rate)) return refuse(fmt::format("found the rate {}; a rate is above 0", rate));
    schedule.emplace_back(static_cast<std::size_t>(*round), rate);
  }
  return schedule;
}

void read_momentum(Options& options, OptimizerPlan& plan) {
  plan.momentum = options.number("momentum", {.fallback = plan.momentum,
                                              .at_least = 0.0,
                                              .at_most = 1.0,
                                              .help = "sgd: share of the buffer that is kept each step; 0 is plain SGD"});
  plan.nesterov =
      options.flag("nesterov", {.fallback = plan.nesterov, .help = "sgd: look ahead along the momentum, which must be above 0"});
  if (plan.nesterov && plan.momentum == 0.0 && !options.is_describing())
    options.fault("nesterov", "nesterov needs momentum above 0", "set momentum = 0.9, or leave nesterov out");
}

void read_moments(Options& options, OptimizerPlan& plan) {
  const std::vector<double> betas =
      options.numbers("betas", {.fallback = std::vector<double>{plan.beta1, plan.beta2},
                                .at_least = 0.0,
                                .at_most = 1.0,
                                .help = "adam: shares of the first and second moment kept each step, below 1"});
  if (betas.size() == 2 && betas[0] < 1.0 && betas[1] < 1.0) {
    plan.beta1 = betas[0];
    plan.beta2 = betas[1];
  } else if (!options.is_describing()) {
    options.fault("betas", fmt::format("betas must be two numbers in [0, 1), got {}",
                                       betas.size() == 2 ? fmt::format("[{}, {}]", betas[0], betas[1])
                                                         : fmt::format("{} numbers", betas.size())));
  }
  plan.epsilon = options.number(
      "epsilon",
      {.fallback = plan.epsilon, .at_least = 0.0, .above = true, .help = "adam: added to the root of the second moment"});
}

/// The sums of chunks [first, last), added pairwise: halves of a power of two, so that the tree depends on the count alone.
BatchLoss joined(std::span<const ChunkLoss> chunks) {
  if (chunks.size() == 1) return chunks.front();
  std::size_t half = 1;
  while (half * 2 < chunks.size()) half *= 2;
  const BatchLoss left = joined(chunks.first(half)), right = joined(chunks.subspan(half));
  return {left.loss + right.loss, left.correct + right.correct};
}
}  // namespace

OptimizerPlan read_optimizer(Options& options, const OptimizerPlan& defaults) {
  OptimizerPlan plan = defaults;
  const bool adam_by_default = defaults.kind == OptimizerKind::adam;
  const std::string kind = options.word(
      "optimizer",
      {.fallback = adam_by_default ? "adam" : "sgd", .words = {"sgd", "adam"}, .help = "sgd, with or without momentum, or adam"});
  plan.kind = kind == "adam" ? OptimizerKind::adam : OptimizerKind::sgd;
  if (plan.kind != defaults.kind) plan.learning_rate = plan.kind == OptimizerKind::adam ? 1e-3 : 0.1;
  plan.learning_rate = options.number(
      "learning_rate",
      {.fallback = plan.learning_rate, .at_least = 0.0, .above = true, .help = "step size; default 0.1 for sgd, 0.001 for adam"});
  if (options.is_describing() || plan.kind == OptimizerKind::sgd) read_momentum(options, plan);
  plan.weight_decay = options.number(
      "weight_decay", {.fallback = plan.weight_decay, .at_least = 0.0, .help = "times the parameters, added to the gradient"});
  if (options.is_describing() || plan.kind == OptimizerKind::adam) read_moments(options, plan);
  plan.schedule = read_schedule(options);
  return plan;
}

LocalTraining read_training(Options& options) {
  LocalTraining training;
  training.epochs =
      options.count("epochs", {.fallback = training.epochs, .at_least = 1, .at_most = 1000000, .help = "passes over the shard"});
  training.batch = options.count("batch", {.fallback = training.batch,
                                           .at_least = 1,
                                           .at_most = kMostBatch,
                                           .help = "samples a step; the last batch of a pass may be shorter"});
  training.optimizer = read_optimizer(options, training.optimizer);
  const std::string precision =
      options.word("precision", {.fallback = "float32",
                                 .words = {"float32", "bf16", "float64"},
                                 .help = "float32; bf16 products with float32 parameters; float64: the plain reference, slow"});
  training.precision = precision == "bf16" ? Precision::bf16 : precision == "float64" ? Precision::float64 : Precision::float32;
  if (!options.is_describing() && !available(training.precision))
    options.fault("precision", fmt::format("this CPU cannot run {}", precision), "set precision = \"float32\"");
  return training;
}

std::vector<std::uint32_t> epoch_order(std::span<const std::uint32_t> samples, const Stream& stream, std::size_t epoch) {
  std::vector<std::uint32_t> order(samples.begin(), samples.end());
  shuffle(order, stream.at("shuffle").at(epoch));
  return order;
}

BatchWalk::BatchWalk(const TrainingPlace& place, std::size_t epochs, std::size_t batch, BatchOrder order)
    : place_(place),
      batch_(order == BatchOrder::published ? std::max<std::size_t>(1, std::min(batch, place.samples.size())) : batch),
      kind_(order) {
  require(batch >= 1 && batch <= place.network.capacity(), "training: batch must be in [1, {}], got {}", place.network.capacity(),
          batch);
  steps_ = order == BatchOrder::published ? epochs * place.samples.size() / batch_ : epochs * per_epoch();
}

bool BatchWalk::next() {
  if (step_ == steps_) return false;
  if (kind_ == BatchOrder::published) {
    take(step_);
    return true;
  }
  const std::size_t first = step_ % per_epoch() * batch_;
  if (kind_ == BatchOrder::shuffled && first == 0) order_ = epoch_order(place_.samples, place_.stream, step_ / per_epoch());
  const std::span<const std::uint32_t> all =
      kind_ == BatchOrder::shuffled ? std::span<const std::uint32_t>(order_) : place_.samples;
  put(all.subspan(first, std::min(batch_, all.size() - first)));
  return true;
}

void BatchWalk::take(std::size_t k) {
  require(kind_ == BatchOrder::published && batch_ <= place_.samples.size(), "training: no batch {} of {} samples in this order", k,
          place_.samples.size());
  const std::size_t room = place_.samples.size() - batch_;
  put(place_.samples.subspan(room == 0 ? 0 : k * batch_ % room, batch_));
}

void BatchWalk::put(std::span<const std::uint32_t> chosen) {
  if (place_.stop.stop_requested()) throw Interrupted();
  chosen_ = chosen;
  gather_wanted(place_.data, chosen_, labels_, targets_);
  place_.network.put(place_.data, chosen_);
  ++step_;
}

TrainingReport train(const LocalTraining& training, const TrainingPlace& place) {
  Network& network = place.network;
  const OptimizerPlan& plan = training.optimizer;
  const double rate = plan.rate_at(place.round);
  BatchWalk walk(place, training.epochs, training.batch);
  Optimizer optimizer(plan, network.gradient_vector().coordinates(), network.gradient_vector().element());
  const Stream dropout = place.stream.at("dropout");
  TrainingReport report;
  while (walk.next()) {
    const Stream masks = dropout.at(walk.step());
    double loss = 0;
    if (plan.is_plain()) {
      loss = network.descend(walk.wanted(), masks, rate).loss;
    } else {
      loss = network.gradient(walk.wanted(), masks).loss;
      optimizer.step(network.parameters(), network.gradient_vector(), rate);
    }
    report.add(loss, walk.samples());
  }
  report.average();
  return report;
}

TrainingReport full_gradient(const LocalTraining& training, const TrainingPlace& place, Rows flat) {
  Network& network = place.network;
  BatchWalk walk(place, 1, training.batch, BatchOrder::as_listed);
  Updates raw(1, network.gradient_vector().coordinates(), network.gradient_vector().element());
  std::vector<double> total(raw.coordinates(), 0.0);
  const Stream dropout = place.stream.at("dropout");
  TrainingReport report;
  while (walk.next()) {
    const double loss = network.gradient(walk.wanted(), dropout.at(walk.step())).loss;
    const double share = static_cast<double>(walk.samples()) / static_cast<double>(place.samples.size());
    network.gradient_vector().visit([&](auto gradient) {
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += share * static_cast<double>(gradient[0][i]);
    });
    report.add(loss, walk.samples());
  }
  raw.rows().assign(0, total);
  network.to_flat(raw.rows(), flat);
  report.average();
  return report;
}

void gather_wanted(const data::Dataset& data, std::span<const std::uint32_t> samples, std::vector<std::int32_t>& labels,
                   std::vector<float>& targets) {
  labels.clear();
  targets.clear();
  for (const std::uint32_t sample : samples) {
    require(sample < data.size(), "sample {} does not exist: '{}' has {}", sample, data.name, data.size());
    if (data.classes > 0) {
      labels.push_back(data.labels[sample]);
    } else {
      const auto first = data.targets.begin() + static_cast<std::ptrdiff_t>(sample * data.outputs);
      targets.insert(targets.end(), first, first + static_cast<std::ptrdiff_t>(data.outputs));
    }
  }
}

ChunkLoss evaluate_chunk(Network& network, const data::Dataset& data, std::span<const std::uint32_t> chunk) {
  ChunkLoss sums;
  sums.hits.resize(data.classes);
  sums.counts.resize(data.classes);
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
  for (std::size_t begin = 0; begin < chunk.size(); begin += network.capacity()) {
    const auto batch = chunk.subspan(begin, std::min(network.capacity(), chunk.size() - begin));
    gather_wanted(data, batch, labels, targets);
    network.put(data, batch);
    network.forward();
    const BatchLoss part = network.score({labels, targets}, sums.hits);
    for (const std::int32_t label : labels) ++sums.counts[static_cast<std::size_t>(label)];
    sums.loss += part.loss;
    sums.correct += part.correct;
  }
  return sums;
}

double Evaluation::majority_baseline() const {
  if (counts.empty() || samples == 0) return 0.0;
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) / static_cast<double>(samples);
}

Evaluation join_chunks(std::span<const ChunkLoss> chunks, std::size_t samples) {
  if (chunks.empty() || samples == 0) return {};
  const BatchLoss sums = joined(chunks);
  const double count = static_cast<double>(samples);
  Evaluation result{sums.loss / count, static_cast<double>(sums.correct) / count, samples};
  result.hits.resize(chunks.front().hits.size());
  result.counts.resize(result.hits.size());
  double shares = 0.0, present = 0.0;
  for (std::size_t c = 0; c < result.hits.size(); ++c) {
    for (const ChunkLoss& chunk : chunks) result.hits[c] += chunk.hits[c], result.counts[c] += chunk.counts[c];
    if (result.counts[c] == 0) continue;
    shares += static_cast<double>(result.hits[c]) / static_cast<double>(result.counts[c]);
    present += 1.0;
  }
  if (present > 0.0) result.balanced_accuracy = shares / present;
  return result;
}

Evaluation evaluate(Network& network, const data::Dataset& data, std::span<const std::uint32_t> samples) {
  std::vector<ChunkLoss> chunks;
  for (std::size_t begin = 0; begin < samples.size(); begin += kEvaluationChunk)
    chunks.push_back(evaluate_chunk(network, data, samples.subspan(begin, std::min(kEvaluationChunk, samples.size() - begin))));
  return join_chunks(chunks, samples.size());
}

std::vector<double> softmax(std::span<const double> logits) {
  if (logits.empty()) return {};
  const double most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> result(logits.size());
  double sum = 0.0;
  for (std::size_t j = 0; j < logits.size(); ++j) sum += result[j] = stable_exp(logits[j] - most);
  for (double& value : result) value /= sum;
  return result;
}

}  // namespace tocsin::nn
