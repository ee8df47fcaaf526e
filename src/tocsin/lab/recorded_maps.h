// SPDX-License-Identifier: Apache-2.0
// What a run keeps for explanations while it goes: models of the rounds asked for, and maps, so that drift can be watched.
#pragma once
#include <cstddef>

#include "tocsin/lab/recorder.h"

namespace tocsin::lab {

/// After round `round` with these global parameters: the model if [explain] rounds asks for it, and every `every` rounds maps of
/// the attacker's images (else of the first ten test images) as maps/round-000002/<method>-<neuron>.npy. Nothing without [explain].
void keep_for_explanations(RunDirectory& directory, const Plan& plan, const Setting& setting, ConstRows global, std::size_t round);

/// What recording maps costs: passes through the network a round, on average, by one thread; bytes it works in.
struct MapsCost {
  double passes = 0, bytes = 0;
};
MapsCost cost_of_maps(const Plan& plan, const Setting& setting);

}  // namespace tocsin::lab
