// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/random.h"
#include "tocsin/explain/scale.h"

namespace tocsin::explain {
namespace {

constexpr std::size_t kFewestRuns = 4, kFewestImages = 20, kFewestDistinct = 3;

/// Which set the pairs of another one are judged with: there is no other for the first two.
bool judged(Set set) { return is_ceiling(set) || is_floor(set); }

/// A weighted mean over images of what each of them gives; those that give nothing are left out.
class Mean {
 public:
  void add(double weight, double value) {
    sum_ += weight * value;
    weight_ += weight;
  }
  [[nodiscard]] double value() const { return weight_ > 0 ? sum_ / weight_ : kUndefined; }

 private:
  double sum_ = 0, weight_ = 0;
};

/// prefix[k] = weight of the first k of a column.
double accumulate(std::span<const std::uint32_t> column, std::span<const double> slots, std::vector<double>& prefix) {
  double sum = 0;
  for (std::size_t k = 0; k < column.size(); ++k) {
    prefix[k] = sum;
    sum += slots[column[k]];
  }
  return prefix[column.size()] = sum;
}

/// How often `count` numbers are drawn from 0 .. size - 1, with replacement.
std::vector<double> multiplicities(std::size_t size, std::size_t count, Draws& draws) {
  std::vector<double> result(size, 0.0);
  for (std::size_t k = 0; k < count; ++k) result[draws.below(size)] += 1;
  return result;
}

bool distinct(std::span<const double> counts) {
  return static_cast<std::size_t>(std::count_if(counts.begin(), counts.end(), [](double n) { return n > 0; })) >= kFewestDistinct;
}

/// The weights of the slots in one resample of the runs.
std::vector<double> drawn_runs(const Cell& cell, const Stream& stream) {
  Draws benign_draws(stream.at(1)), attacked_draws(stream.at(2));
  const auto resampled = [](std::size_t size, Draws& draws) {
    std::vector<double> counts;
    do counts = multiplicities(size, size, draws);
    while (!distinct(counts));
    return counts;
  };
  if (!cell.shared_seeds) {
    const std::vector<double> benign = resampled(cell.benign, benign_draws), attacked = resampled(cell.attacked, attacked_draws);
    return slot_weights(cell, benign, attacked);
  }
  const std::size_t seeds = std::max(cell.benign, cell.attacked);  // one draw for both kinds
  while (true) {
    std::vector<double> benign = multiplicities(seeds, seeds, benign_draws), attacked = benign;
    benign.resize(cell.benign), attacked.resize(cell.attacked);
    if (distinct(benign) && distinct(attacked)) return slot_weights(cell, benign, attacked);
  }
}

}  // namespace

Ordered::Column Ordered::column(const Cell& cell, Set set, std::size_t image) {
  std::vector<Member> defined = members(cell, set, image);
  std::erase_if(defined, [](const Member& one) { return std::isnan(one.value); });
  std::sort(defined.begin(), defined.end(),
            [](const Member& a, const Member& b) { return a.value != b.value ? a.value < b.value : a.slot < b.slot; });
  Column result;
  for (const Member& one : defined) {
    result.values.push_back(one.value);
    result.slots.push_back(one.slot);
  }
  return result;
}

Ordered::Against Ordered::against(const Column& base, const Column& other) {
  Against result{.slots = other.slots, .below = {}, .up_to = {}};
  for (const double value : other.values) {
    const auto [below, up_to] = std::equal_range(base.values.begin(), base.values.end(), value);
    result.below.push_back(static_cast<std::uint32_t>(below - base.values.begin()));
    result.up_to.push_back(static_cast<std::uint32_t>(up_to - base.values.begin()));
  }
  return result;
}

Ordered::Ordered(const Cell& cell, Set ceiling, Set floor) : images_(cell.images) {
  for (std::size_t x = 0; x < cell.images; ++x) {
    Image& image = images_[x];
    image.observed = column(cell, Set::observed, x);
    image.same_seed = column(cell, Set::same_seed, x);
    image.main = column(cell, main_ceiling(cell), x);
    image.ceiling = column(cell, ceiling, x);
    image.floor = column(cell, floor, x);
    for (const Set set : kSets)
      if (judged(set)) image.others[at(set)] = against(set == Set::sham ? image.same_seed : image.observed, column(cell, set, x));
    image.floor_below_main = against(image.main, column(cell, Set::random_weights, x));
    most_pairs_ = std::max({most_pairs_, image.observed.slots.size(), image.same_seed.slots.size(), image.main.slots.size()});
  }
}

Averages Ordered::averages(std::span<const double> images, std::span<const double> slots) const {
  std::vector<double> prefix(most_pairs_ + 1);
  OfSets<Mean> auc;
  Mean ceiling_over_floor, observed, ceiling, floor;

  // Of all pairs (base, other): the share in which the base lies below, ties as a half. The prefix holds the weights of the base.
  const auto below = [&](const Against& other, double base, double weight, Mean& mean, bool turned) {
    double sum = 0, others = 0;
    for (std::size_t r = 0; r < other.slots.size(); ++r) {
      const double w = slots[other.slots[r]];
      sum += w * (prefix[other.below[r]] + prefix[other.up_to[r]]);
      others += w;
    }
    if (base <= 0 || others <= 0) return;
    const double all = 2 * base * others;
    mean.add(weight, (turned ? all - sum : sum) / all);
  };
  const auto average = [&](const Column& column, double weight, Mean& mean) {
    Mean of_image;
    for (std::size_t k = 0; k < column.slots.size(); ++k) of_image.add(slots[column.slots[k]], column.values[k]);
    if (!std::isnan(of_image.value())) mean.add(weight, of_image.value());
  };

  for (std::size_t x = 0; x < images_.size(); ++x) {
    const Image& image = images_[x];
    const double weight = images[x];
    if (weight == 0) continue;
    double base = accumulate(image.observed.slots, slots, prefix);
    for (const Set set : kSets)
      if (judged(set) && set != Set::sham) below(image.others[at(set)], base, weight, auc[at(set)], is_floor(set));
    base = accumulate(image.same_seed.slots, slots, prefix);
    below(image.others[at(Set::sham)], base, weight, auc[at(Set::sham)], false);
    base = accumulate(image.main.slots, slots, prefix);
    below(image.floor_below_main, base, weight, ceiling_over_floor, true);
    average(image.observed, weight, observed);
    average(image.ceiling, weight, ceiling);
    average(image.floor, weight, floor);
  }
  Averages result{.auc = {},
                  .ceiling_over_floor = ceiling_over_floor.value(),
                  .observed = observed.value(),
                  .ceiling = ceiling.value(),
                  .floor = floor.value()};
  for (const Set set : kSets) result.auc[at(set)] = auc[at(set)].value();
  return result;
}

Scope scope_of(const Cell& cell) { return cell.runs() >= kFewestRuns ? Scope::runs : Scope::models; }
bool resamples_images(const Cell& cell) { return cell.images >= kFewestImages; }

std::vector<Averages> bootstrap(const Cell& cell, const Ordered& ordered, const BootstrapOptions& options) {
  const bool runs = scope_of(cell) == Scope::runs, images = resamples_images(cell);
  std::vector<Averages> result;
  if (!runs && !images) return result;
  const std::vector<double> all_images(cell.images, 1.0);
  const std::vector<double> all_slots =
      slot_weights(cell, std::vector<double>(cell.benign, 1.0), std::vector<double>(cell.attacked, 1.0));
  const Stream stream = Stream(options.seed).at("explain/bootstrap");
  result.reserve(options.resamples);
  for (std::size_t resample = 0; resample < options.resamples; ++resample) {
    const Stream of_resample = stream.at(resample);
    Draws draws(of_resample.at(std::uint64_t{0}));
    result.push_back(ordered.averages(images ? multiplicities(cell.images, cell.images, draws) : all_images,
                                      runs ? drawn_runs(cell, of_resample) : all_slots));
  }
  return result;
}

std::optional<Interval> percentile_interval(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto percentile = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto lower = static_cast<std::size_t>(place);
    const std::size_t upper = std::min(lower + 1, values.size() - 1);
    return values[lower] + (place - static_cast<double>(lower)) * (values[upper] - values[lower]);
  };
  return Interval{percentile(0.025), percentile(0.975)};
}

}  // namespace tocsin::explain
