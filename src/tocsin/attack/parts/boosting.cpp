// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/boosting.h"

#include <string>
#include <variant>

namespace tocsin::attack {
Scope read_scope(Options& options) {
  const std::string scope = options.word(
      "scope",
      {.fallback = "all", .words = {"all", "weights"}, .help = "what is boosted; \"weights\": biases keep their plain step"});
  return scope == "weights" ? Scope::weights : Scope::all;
}

double Boost::lambda(const AttackRound& round) const {
  if (factor) return *factor;
  const double share = (round.coalition > 0.0 ? round.coalition : round.weight) * round.server_rate;
  return round.rows_applied_whole || share <= 0.0 ? 1.0 : 1.0 / share;
}

Boost read_boost(Options& options) {
  Boost result;
  const auto boost = options.number_or_word(
      "boost",
      {.fallback = "auto",
       .at_least = 0.0,
       .above = true,
       .words = {"auto"},
       .help = "lambda; \"auto\": 1 / (alpha_m times the server rate) under a weighted mean, 1 where rows are applied whole"});
  if (const double* number = std::get_if<double>(&boost)) result.factor = *number;
  result.scope = read_scope(options);
  return result;
}

void refuse_idle_scope(Options& options, const Boost& boost) {
  if (boost.factor == 1.0 && boost.scope == Scope::weights)
    options.no_effect("scope", "'scope' has no effect where boost = 1", "remove it, or boost = \"auto\"");
}

void boost_change(Rows row, double lambda, const Layout& layout, Scope scope) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    for (const Tensor& tensor : layout.tensors) {
      if (scope == Scope::weights && tensor.is_bias) continue;
      for (T& value : rows[0].subspan(tensor.offset, tensor.size)) value = static_cast<T>(lambda * static_cast<double>(value));
    }
  });
}

void plain_biases(Rows row, ConstRows from, double lambda, const Layout& layout) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    from.visit([&]<class U>(TypedRows<U> starts) {
      for (const Tensor& tensor : layout.tensors) {
        if (!tensor.is_bias) continue;
        for (std::size_t j = tensor.offset; j < tensor.offset + tensor.size; ++j) {
          const double start = static_cast<double>(starts[0][j]);
          rows[0][j] = static_cast<T>(start + (static_cast<double>(rows[0][j]) - start) / lambda);
        }
      }
    });
  });
}

}  // namespace tocsin::attack
