// SPDX-License-Identifier: Apache-2.0
// Every method, from methods.inc.
#pragma once
#include "tocsin/core/registry.h"
#include "tocsin/explain/method.h"

namespace tocsin::explain {

#define TOCSIN_METHOD(name, ...) extern const Entry<Method> name##_entry;
#include "tocsin/explain/methods.inc"
#undef TOCSIN_METHOD

/// All methods in the order of the list.
Registry<Method> methods();

}  // namespace tocsin::explain
