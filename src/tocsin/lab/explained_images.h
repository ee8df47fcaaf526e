// SPDX-License-Identifier: Apache-2.0
// Which images are explained: the attacker's targets, images of their true classes, of the attacker's classes, and others. Chosen
// by the explanation seed, never by a run's, so that all runs are asked about the same ones.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/attack/attack.h"
#include "tocsin/data/dataset.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/lab/explain_plan.h"

namespace tocsin::lab {

/// Images of one group, in the order in which they were drawn (targets: of the plan).
struct ImageGroup {
  std::string name;  ///< "target", "same_class", "target_class", "other"
  std::vector<std::uint32_t> samples;
};

/// All groups that have an image. Targets are left out of the other three; groups are disjoint as far as the data allow: a class
/// that is both a true class and an attacker's class gives its images to `same_class` first.
std::vector<ImageGroup> choose_images(const data::Dataset& test, const std::vector<attack::Target>& targets,
                                      const ImageCounts& counts, std::uint64_t seed);

/// The images themselves, with label and attacker's class: as the network receives them.
explain::Images images_of(const data::Dataset& test, const std::vector<std::uint32_t>& samples,
                          const std::vector<attack::Target>& targets);

/// What a figure or a record shows: the targets, or the first ten test images where a plan has none.
std::vector<std::uint32_t> shown_images(const data::Dataset& test, const std::vector<attack::Target>& targets);

}  // namespace tocsin::lab
