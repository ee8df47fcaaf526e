// SPDX-License-Identifier: Apache-2.0
// Krum and Multi-Krum: the row, or the mean of the rows, that lie closest to their nearest neighbours.
// Blanchard et al., Machine Learning with Adversaries, NIPS 2017, "The Krum Function"; arXiv:1703.02757.
// Differs: every reading found in other projects is a named value; keep stops at n - f (the paper allows n), beyond it a malicious
// row is averaged for certain; Krum by mass is our own definition (rules.md, 2.2).
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "tocsin/defense/weights.h"
#include "tocsin/kernels/gram.h"

namespace tocsin::defense {

/// How many neighbours a score sums over, of the other rows.
enum class Neighbors { n_f, n_f_1, n_f_2, n_f_3 };
/// What it sums: the squared distance, the distance, or the squared one squared again.
enum class Distance { squared, plain, fourth };
/// The fewest rows: 2f + 3, or 2f + 1 (only with n - f - 1 neighbours).
enum class Bound { two_f_3, two_f_1 };
/// All rows from one scoring; or one row at a time, the others scored again, until 2f + 2 are left (so n - 2f - 2 rows).
enum class Selection { once, iterative };

struct KrumOptions {
  std::size_t keep = 1;                    ///< rows averaged, in [1, n - f]; 1 is Krum, more is Multi-Krum. Not read if iterative
  Neighbors neighbors = Neighbors::n_f_2;  ///< as the paper
  Distance distance = Distance::squared;   ///< as the paper
  Bound bound = Bound::two_f_3;            ///< as the paper
  Selection selection = Selection::once;
};

/// Scores [n], smaller is better: the sum over the nearest other rows of their distance. `gram` [n, n] in squared units of the
/// update, centred (kernels::centered_gram); f is the number assumed malicious. O(n^2 log n).
std::vector<double> krum_scores(const kernels::Gram& gram, std::size_t f, const KrumOptions& options = {});

/// Weights [n]: 1 / keep for the rows of lowest score, else 0; equal scores favour the lower row. O(n^2 log n), iterative n times
/// that. Throws TooFew if n is below the bound, std::invalid_argument if keep is outside [1, n - f].
std::vector<double> krum_weights(const kernels::Gram& gram, std::size_t f, const KrumOptions& options = {});

/// The same by masses: every count becomes a mass, a neighbour or a row at the edge counts in part. `keep` is the mass averaged
/// (options.keep is not read); none means Krum, the one row of lowest score. Throws TooFew if keep is outside (0, total - F], or
/// unless 2F + 2 < total (with bound 2f + 1 the rule's 2F < total is enough). rules.md asks mass rules for 2F < n alone, but with
/// n - f - 2 neighbours row i scores over the mass n - F - w_i - 1: up to n = 2F + 1 that is at most F - w_i, what the malicious
/// rows have among themselves. Rows that are equal then score 0 wherever they lie, and one that weighs F needs no other.
std::vector<double> krum_weights_by_mass(const kernels::Gram& gram, const Masses& masses, std::optional<double> keep,
                                         const KrumOptions& options = {});

/// Multi-Krum's m: a count, or a formula in n and f.
struct Keep {
  enum class Kind { count, n_f_2, n_f, n_2f_3, fraction };
  Kind kind = Kind::n_f_2;
  std::size_t count = 1;  ///< kind count
  double fraction = 0.2;  ///< kind fraction: floor(fraction n), at least 1
  /// m for n rows; may lie outside [1, n - f], also below 0.
  [[nodiscard]] double of(double n, double f) const;
};

}  // namespace tocsin::defense
