// SPDX-License-Identifier: Apache-2.0
// Named, counter-based randomness: a Stream is a value that says which random numbers are meant, never how many were drawn.
// Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011 (Philox4x32-10, by Random123); Wichura, AS 241, 1988
// (normal); Marsaglia and Tsang, ACM TOMS 26(3), 2000 (gamma). Uniform, normal, gamma, shuffle and choice are our own and use no
// libm function, so their bits are the same everywhere.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tocsin {

/// Ten rounds of Philox4x32 (Random123). Exposed for the known-answer test.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A named source of randomness: `root.at("shuffle").at(round).at(client)`. A small value, copied freely, never advanced.
/// The purpose (names) is hashed by SHA-256 into the Philox key; up to three numbers are counter words, the fourth counts blocks
/// of draws. A further number or a name after numbers is hashed in as well, so any path is legal and all paths differ.
class Stream {
 public:
  explicit Stream(std::uint64_t seed = 0);
  [[nodiscard]] Stream at(std::string_view purpose) const;  ///< costs one SHA-256
  [[nodiscard]] Stream at(std::uint64_t index) const;       ///< free for the first three below 2^32 - 1, else one SHA-256

  /// What Philox is keyed and counted with: for kernels that draw many blocks at once, each equal to block(k).
  [[nodiscard]] const std::array<std::uint32_t, 2>& key() const { return key_; }
  [[nodiscard]] const std::array<std::uint32_t, 3>& words() const { return words_; }
  /// Block k of four 32-bit words.
  [[nodiscard]] std::array<std::uint32_t, 4> block(std::uint32_t k) const;
  /// The k-th uniform double in [0, 1), 53 bits; two a block.
  [[nodiscard]] double uniform(std::uint64_t k) const;
  /// The k-th standard normal (from the k-th uniform by AS 241).
  [[nodiscard]] double normal(std::uint64_t k) const;

 private:
  explicit Stream(const std::array<unsigned char, 32>& digest);
  [[nodiscard]] std::uint64_t pair(std::uint64_t k) const;
  std::array<unsigned char, 32> digest_;
  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 3> words_{};  // number + 1; 0: not used
  unsigned used_ = 0;
};

/// Draws in order from a stream; local to the function that draws.
class Draws {
 public:
  explicit Draws(const Stream& stream) : stream_(stream) {}
  std::uint32_t bits();                      ///< 32 random bits
  double uniform();                          ///< [0, 1), 53 bits
  double normal();                           ///< mean 0, variance 1
  double gamma(double shape);                ///< shape > 0, scale 1; std::invalid_argument otherwise
  std::uint64_t below(std::uint64_t bound);  ///< uniform in [0, bound), exact; bound > 0

 private:
  std::uint64_t pair();
  Stream stream_;
  std::array<std::uint32_t, 4> block_{};
  std::uint64_t next_block_ = 0;
  unsigned left_ = 0;
};

/// Fisher-Yates, from the last position down.
void shuffle(std::span<std::uint32_t> values, const Stream& stream);
/// 0 .. n - 1 in random order.
std::vector<std::uint32_t> permutation(std::size_t n, const Stream& stream);
/// k different numbers of 0 .. n - 1, ascending. Throws std::invalid_argument if k > n.
std::vector<std::uint32_t> choice(std::size_t n, std::size_t k, const Stream& stream);

/// Natural logarithm and exponential in plain double arithmetic (error below 2 units in the last place), the same bits on every
/// machine.
double stable_log(double x);
double stable_exp(double x);
/// The x below which a standard normal lies with probability p in (0, 1); std::invalid_argument otherwise. AS 241, about 1e-16
/// relative; the same bits on every machine.
double normal_quantile(double p);

}  // namespace tocsin
