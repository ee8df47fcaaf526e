// SPDX-License-Identifier: Apache-2.0
// Sign flip: each malicious client sends -c times its own honest update, or -c times the mean of the benign ones.
// Li, Xu, Chen, Giannakis, Ling, RSA: Byzantine-Robust Stochastic Aggregation Methods, AAAI 2019, arXiv:1811.03761 (c = 1, own).
// Differs: c is free; with "cancel" and the benign mean c = h / a, so that the plain sum of all rows is zero.
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "tocsin/attack/parts/campaign.h"
#include "tocsin/attack/registry.h"
#include "tocsin/kernels/combine.h"

namespace tocsin::attack {
namespace {
enum class Of { own, benign_mean };

struct SignFlipOptions {
  double c = 1.0;
  bool cancel = false;  ///< c = benign rows / malicious rows
  Of of = Of::own;
  Schedule schedule;
};

/// Reads its own rows, or the benign ones. O(a d) or O(h d).
class SignFlip final : public Attack {
 public:
  explicit SignFlip(const SignFlipOptions& options) : options_(options) {}

  void craft(Rows malicious, const Knowledge& knowledge, std::span<const AttackRound> rounds) const override {
    const std::size_t a = malicious.clients(), h = knowledge.benign.clients();
    if (a == 0 || !options_.schedule.is_due(rounds[0].index)) return;
    if (options_.of == Of::own) {
      malicious.visit([c = options_.c]<class T>(TypedRows<T> rows) {
        for (std::size_t i = 0; i < rows.clients(); ++i)
          for (T& value : rows[i]) value = static_cast<T>(-c * static_cast<double>(value));
      });
      return;
    }
    if (h == 0) return;  // nobody benign takes part: the honest row stays
    const double c = options_.cancel ? static_cast<double>(h) / static_cast<double>(a) : options_.c;
    const std::vector<double> row = kernels::combine(knowledge.benign, std::vector<double>(h, -c / static_cast<double>(h)));
    for (std::size_t i = 0; i < a; ++i) malicious.assign(i, row);
  }

 private:
  SignFlipOptions options_;
};

Of read_of(Options& options) {
  const WordOption of{.fallback = "own", .words = {"own", "benign_mean"}, .help = "which honest update is turned round"};
  return options.word("of", of) == "benign_mean" ? Of::benign_mean : Of::own;
}

SignFlipOptions read(Options& options) {
  SignFlipOptions result;
  const NumberOrWordOption c{.fallback = 1.0, .words = {"cancel"}, .help = "factor; \"cancel\": benign rows / malicious rows"};
  const auto factor = options.number_or_word("c", c);
  result.of = read_of(options);
  result.cancel = std::holds_alternative<std::string>(factor);
  if (const double* number = std::get_if<double>(&factor)) result.c = *number;
  if (result.cancel && result.of == Of::own && !options.is_describing())
    options.fault("c", "sign_flip: c = \"cancel\" is defined for the benign mean only",
                  "set of = \"benign_mean\", or give c a number");
  result.schedule = read_schedule(options, false);
  return result;
}
}  // namespace

constinit const Entry<Attack> sign_flip_entry{
    .name = "sign_flip",
    .summary = "sends -c times the honest update, its own or the benign mean",
    .paper = "arXiv:1811.03761",
    .status = Status::verified,
    .facts = {.crafts = true,
              .needs = [](Options& options) { return read_of(options) == Of::benign_mean ? Level::benign : Level::own; },
              .reads = "its own honest update; with of = \"benign_mean\" this round's benign updates"},
    .make = [](Options& options) -> std::unique_ptr<Attack> { return std::make_unique<SignFlip>(read(options)); },
};

}  // namespace tocsin::attack
