// SPDX-License-Identifier: Apache-2.0
#include "tocsin/attack/parts/boosting.h"

#include <string>
#include <variant>

namespace tocsin::attack {
namespace {
/// Calls use(begin, end, lambda_j) for every tensor.
template <class Use>
void each_factor(double lambda, const Layout& layout, Scope scope, Use use) {
  for (const Tensor& tensor : layout.tensors)
    use(tensor.offset, tensor.offset + tensor.size, scope == Scope::weights && tensor.is_bias ? 1.0 : lambda);
}
}  // namespace

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

void boost_step(Rows row, ConstRows from, double lambda, const Layout& layout, Scope scope) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    const std::span<T> values = rows[0];
    from.visit([&]<class U>(TypedRows<U> others) {
      const std::span<U> origin = others[0];
      each_factor(lambda, layout, scope, [&](std::size_t begin, std::size_t end, double factor) {
        for (std::size_t j = begin; j < end; ++j) {
          const double start = static_cast<double>(origin[j]);
          values[j] = static_cast<T>(start + factor * (static_cast<double>(values[j]) - start));
        }
      });
    });
  });
}

void boost_change(Rows row, double lambda, const Layout& layout, Scope scope) {
  row.visit([&]<class T>(TypedRows<T> rows) {
    const std::span<T> values = rows[0];
    each_factor(lambda, layout, scope, [&](std::size_t begin, std::size_t end, double factor) {
      for (std::size_t j = begin; j < end; ++j) values[j] = static_cast<T>(factor * static_cast<double>(values[j]));
    });
  });
}

}  // namespace tocsin::attack
