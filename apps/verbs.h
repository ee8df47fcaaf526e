// SPDX-License-Identifier: Apache-2.0
// The verbs: each prints to standard output and returns an exit code, or throws.
#pragma once
#include "command_line.h"

namespace tocsin::apps {

int run(const CommandLine& line);
int validate(const CommandLine& line);
int reproduce(const CommandLine& line);
int explain(const CommandLine& line);
int compare(const CommandLine& line);
int list(const CommandLine& line);
int describe(const CommandLine& line);
int speed(const CommandLine& line);
int data(const CommandLine& line);
int completion(const CommandLine& line);
int version(const CommandLine& line);

}  // namespace tocsin::apps
