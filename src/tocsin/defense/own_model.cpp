// SPDX-License-Identifier: Apache-2.0
#include "tocsin/defense/own_model.h"

namespace tocsin::defense {

void write_own_model(ConstRows updates, std::size_t i, ConstRows global, Rows model) {
  model.visit([&](auto out) {
    using Out = typename decltype(out)::value_type;
    global.visit([&](auto start) {
      updates.visit([&](auto rows) {
        for (std::size_t c = 0; c < rows.coordinates(); ++c)
          out[0][c] = static_cast<Out>(static_cast<double>(start[0][c]) + static_cast<double>(rows[i][c]));
      });
    });
  });
}

}  // namespace tocsin::defense
