// SPDX-License-Identifier: Apache-2.0
// The environment is read here and nowhere else in the command.
#include "terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "failure.h"

namespace tocsin::apps {

bool is_terminal(std::FILE* file) {
  const char* const kind = std::getenv("TERM");
  return ::isatty(::fileno(file)) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
}

bool wants_colour() {
  const char* const no = std::getenv("NO_COLOR");
  return no == nullptr || *no == '\0';
}

void warn_of_environment(bool json) {
  for (const char* name : {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"})
    if (std::getenv(name) != nullptr)
      warn(
          fmt::format("{} is set: it changes speed and may change the last bits of results; it is recorded in manifest.json", name),
          json);
}

}  // namespace tocsin::apps
