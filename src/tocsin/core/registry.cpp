// SPDX-License-Identifier: Apache-2.0
// The words of a status, as the catalogue prints them.
#include "tocsin/core/registry.h"

namespace tocsin {

std::string_view text(Status status) {
  switch (status) {
    case Status::verified:
      return "verified";
    case Status::reproduces_paper:
      return "reproduces_paper";
    case Status::lightly_tested:
      return "lightly_tested";
    case Status::known_problem:
      return "known_problem";
  }
  return "unknown";
}

}  // namespace tocsin
