// SPDX-License-Identifier: Apache-2.0
// The list of all attacks, from attacks.inc.
#include "tocsin/attack/registry.h"

#include <array>

namespace tocsin::attack {
namespace {
constexpr auto kAttacks = std::to_array<const Entry<Attack>*>({
#define TOCSIN_ATTACK(name, ...) &name##_entry,
#include "tocsin/attack/attacks.inc"
#undef TOCSIN_ATTACK
});
}  // namespace

Registry<Attack> attacks() { return Registry<Attack>(kAttacks); }

}  // namespace tocsin::attack
