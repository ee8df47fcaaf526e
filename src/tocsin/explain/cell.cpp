// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/cell.h"

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"

namespace tocsin::explain {
namespace {

void check_block(const std::vector<double>& block, std::size_t expected, std::string_view name) {
  require(block.size() == expected, "cell: {} similarities of {}, expected {}", block.size(), name, expected);
}

bool has_undefined(const Cell& cell, Set set, std::size_t image) {
  const std::vector<Member> all = members(cell, set, image);
  return std::any_of(all.begin(), all.end(), [](const Member& one) { return std::isnan(one.value); });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

std::string_view text(Set set) {
  static constexpr OfSets<std::string_view> kNames{"observed", "same_seed",   "seeds",       "noise",         "rounds",
                                                   "sham",     "other_image", "other_class", "random_weights"};
  return kNames[at(set)];
}

void check(const Cell& cell) {
  require(cell.images >= 1 && cell.benign >= 1 && cell.attacked >= 1,
          "cell: {} images, {} benign and {} attacked runs; each must be at least 1", cell.images, cell.benign, cell.attacked);
  check_block(cell.among_benign, cell.images * cell.benign * cell.benign, "benign pairs");
  check_block(cell.among_attacked, cell.images * cell.attacked * cell.attacked, "attacked pairs");
  check_block(cell.across, cell.images * cell.benign * cell.attacked, "pairs of both");
  for (const Set set : kSets)
    if (!cell.by_run[at(set)].empty()) {
      require(is_floor(set) || (is_ceiling(set) && set != Set::seeds), "cell: {} has no similarities by run", text(set));
      check_block(cell.by_run[at(set)], cell.images * cell.benign, text(set));
    }
}

// Slots: benign x attacked for pairs of both, then benign x benign, then one a benign run.
std::vector<Member> members(const Cell& cell, Set set, std::size_t image) {
  std::vector<Member> result;
  const std::size_t pairs = cell.benign * cell.attacked, singles = pairs + cell.benign * cell.benign;
  const auto add = [&](double value, std::size_t slot) { result.push_back({value, static_cast<std::uint32_t>(slot)}); };
  if (set == Set::observed) {
    const bool lone = cell.benign == 1 && cell.attacked == 1;
    for (std::size_t i = 0; i < cell.benign; ++i)
      for (std::size_t j = 0; j < cell.attacked; ++j)
        if (lone || !cell.shared_seeds || i != j) add(cell.of_both(image, i, j), i * cell.attacked + j);
  } else if (set == Set::same_seed) {
    for (std::size_t i = 0; cell.shared_seeds && i < cell.runs(); ++i) add(cell.of_both(image, i, i), singles + i);
  } else if (set == Set::seeds) {
    for (std::size_t i = 0; i < cell.benign; ++i)
      for (std::size_t j = i + 1; j < cell.benign; ++j) add(cell.of_benign(image, i, j), pairs + i * cell.benign + j);
  } else if (!cell.by_run[at(set)].empty()) {
    for (std::size_t i = 0; i < cell.benign; ++i) add(cell.by_run[at(set)][image * cell.benign + i], singles + i);
  }
  return result;
}

std::vector<double> slot_weights(const Cell& cell, const std::vector<double>& benign, const std::vector<double>& attacked) {
  std::vector<double> result;
  result.reserve(cell.benign * (cell.attacked + cell.benign + 1));
  for (const double first : benign)
    for (const double second : attacked) result.push_back(first * second);
  for (const double first : benign)
    for (const double second : benign) result.push_back(first * second);
  result.insert(result.end(), benign.begin(), benign.end());
  return result;
}

Set main_ceiling(const Cell& cell) { return cell.benign >= 2 ? Set::seeds : Set::rounds; }

std::size_t undefined_images(const Cell& cell) {
  std::size_t result = 0;
  for (std::size_t image = 0; image < cell.images; ++image)
    if (has_undefined(cell, Set::observed, image) || has_undefined(cell, main_ceiling(cell), image)) ++result;
  return result;
}

SetFigures figures(const Cell& cell, Set set) {
  SetFigures result;
  std::vector<double> means;
  for (std::size_t image = 0; image < cell.images; ++image) {
    double sum = 0;
    std::size_t defined = 0;
    for (const Member& one : members(cell, set, image)) {
      if (std::isnan(one.value)) {
        ++result.undefined;
        continue;
      }
      sum += one.value;
      ++defined;
    }
    result.pairs += defined;
    if (defined > 0) means.push_back(sum / static_cast<double>(defined));
  }
  if (means.empty()) return result;
  double sum = 0;
  for (const double mean : means) sum += mean;
  result.mean = sum / static_cast<double>(means.size());
  result.median = median(std::move(means));
  return result;
}

double less_alike(std::vector<double> observed, std::vector<double> others) {
  std::erase_if(observed, [](double value) { return std::isnan(value); });
  std::erase_if(others, [](double value) { return std::isnan(value); });
  if (observed.empty() || others.empty()) return kUndefined;
  std::sort(observed.begin(), observed.end());
  std::size_t halves = 0;  // each pair counts twice, or once if it is a tie
  for (const double other : others) {
    const auto [below, up_to] = std::equal_range(observed.begin(), observed.end(), other);
    halves += static_cast<std::size_t>((below - observed.begin()) + (up_to - observed.begin()));
  }
  return static_cast<double>(halves) / (2 * static_cast<double>(observed.size()) * static_cast<double>(others.size()));
}

}  // namespace tocsin::explain
