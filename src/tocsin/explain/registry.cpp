// SPDX-License-Identifier: Apache-2.0
// The list of all methods, from methods.inc.
#include "tocsin/explain/registry.h"

#include <array>

namespace tocsin::explain {
namespace {
constexpr auto kMethods = std::to_array<const Entry<Method>*>({
#define TOCSIN_METHOD(name, ...) &name##_entry,
#include "tocsin/explain/methods.inc"
#undef TOCSIN_METHOD
});
}  // namespace

Registry<Method> methods() { return Registry<Method>(kMethods); }

}  // namespace tocsin::explain
