// SPDX-License-Identifier: Apache-2.0
// What verbs that run things ask of their surroundings: colour, a live line, variables that change results.
#pragma once
#include <cstdio>

namespace tocsin::apps {

/// A terminal that takes colour and carriage returns.
bool is_terminal(std::FILE* file);
/// NO_COLOR is not set.
bool wants_colour();
/// Warns of variables that change speed and last bits.
void warn_of_environment(bool json);

}  // namespace tocsin::apps
