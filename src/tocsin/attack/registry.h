// SPDX-License-Identifier: Apache-2.0
// Every attack, from attacks.inc.
#pragma once
#include "tocsin/attack/attack.h"
#include "tocsin/core/registry.h"

namespace tocsin::attack {

#define TOCSIN_ATTACK(name, ...) extern const Entry<Attack> name##_entry;
#include "tocsin/attack/attacks.inc"
#undef TOCSIN_ATTACK

/// All attacks in the order of the list.
Registry<Attack> attacks();

}  // namespace tocsin::attack
