// SPDX-License-Identifier: Apache-2.0
// Streams, draws and permutations on Philox4x32-10.
// Marsaglia, Tsang, A Simple Method for Generating Gamma Variables, TOMS 26(3), 2000; Lemire, Fast Random Integer Generation in
// an Interval, TOMACS 29(1), 2019. Each normal costs one uniform (by its quantile), so the k-th draw can be had alone.
#include "tocsin/core/random.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"

namespace tocsin {
namespace {
__extension__ typedef unsigned __int128 Product;

using Digest = std::array<unsigned char, 32>;

std::uint64_t little_endian(const unsigned char* bytes) {
  std::uint64_t result = 0;
  for (std::size_t i = 8; i-- > 0;) result = result << 8 | bytes[i];
  return result;
}

void append(std::vector<unsigned char>& bytes, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<unsigned char>(value >> shift));
}

std::uint64_t joined_words(std::uint32_t high, std::uint32_t low) { return std::uint64_t{high} << 32 | low; }
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }               // [0, 1)
double open_unit(std::uint64_t bits) { return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52; }  // (0, 1)

/// What a child's digest is made of: its kind, the whole state of the parent, and then what the caller appends.
std::vector<unsigned char> preimage(char kind, const Digest& digest, std::span<const std::uint32_t> words) {
  std::vector<unsigned char> bytes(digest.begin(), digest.end());
  bytes.push_back(static_cast<unsigned char>(kind));
  bytes.push_back(static_cast<unsigned char>(words.size()));
  for (const std::uint32_t word : words) append(bytes, word);
  return bytes;
}

Digest seed_digest(std::uint64_t seed) {
  constexpr std::string_view kPurpose = "tocsin stream 1";
  std::vector<unsigned char> bytes(kPurpose.begin(), kPurpose.end());
  append(bytes, seed);
  return sha256(bytes);
}
}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const philox4x32_ctr_t words = {{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t keys = {{key[0], key[1]}};
  const philox4x32_ctr_t out = philox4x32(words, keys);
  return {out.v[0], out.v[1], out.v[2], out.v[3]};
}

Stream::Stream(std::uint64_t seed) : Stream(seed_digest(seed)) {}

Stream::Stream(const std::array<unsigned char, 32>& digest) : digest_(digest) {
  const std::uint64_t key = little_endian(digest.data());
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

Stream Stream::at(std::string_view purpose) const {
  std::vector<unsigned char> bytes = preimage('n', digest_, std::span(words_).first(used_));
  bytes.insert(bytes.end(), purpose.begin(), purpose.end());
  return Stream(sha256(bytes));
}

Stream Stream::at(std::uint64_t index) const {
  if (used_ < words_.size() && index < std::numeric_limits<std::uint32_t>::max()) {
    Stream child = *this;
    child.words_[child.used_++] = static_cast<std::uint32_t>(index) + 1;  // never 0, which marks an unused word: at(0) is no parent
    return child;
  }
  std::vector<unsigned char> bytes = preimage('i', digest_, std::span(words_).first(used_));
  append(bytes, index);
  return Stream(sha256(bytes));
}

std::array<std::uint32_t, 4> Stream::block(std::uint32_t k) const { return philox({words_[0], words_[1], words_[2], k}, key_); }

std::uint64_t Stream::pair(std::uint64_t k) const {
  require(k >> 33 == 0, "a stream holds 2^33 draws of 64 bits, draw {} was asked for", k);
  const std::array<std::uint32_t, 4> words = block(static_cast<std::uint32_t>(k / 2));
  return k % 2 == 0 ? joined_words(words[0], words[1]) : joined_words(words[2], words[3]);
}

double Stream::uniform(std::uint64_t k) const { return unit(pair(k)); }
double Stream::normal(std::uint64_t k) const { return normal_quantile(open_unit(pair(k))); }

std::uint32_t Draws::bits() {
  if (left_ == 0) {
    require(next_block_ >> 32 == 0, "a stream holds 2^34 draws of 32 bits, and all were taken");
    block_ = stream_.block(static_cast<std::uint32_t>(next_block_++));
    left_ = 4;
  }
  return block_[4 - left_--];
}

std::uint64_t Draws::pair() {
  const std::uint32_t high = bits();
  return joined_words(high, bits());
}

double Draws::uniform() { return unit(pair()); }
double Draws::normal() { return normal_quantile(open_unit(pair())); }

double Draws::gamma(double shape) {
  require(shape > 0 && shape <= std::numeric_limits<double>::max(), "gamma: the shape must be positive and finite, got {}", shape);
  if (shape < 1) {
    const double larger = gamma(shape + 1);
    return larger * stable_exp(stable_log(open_unit(pair())) / shape);  // U^(1 / shape); 0 where that is below the doubles
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = open_unit(pair()), square = x * x;
    if (u < 1 - 0.0331 * square * square) return d * v;
    if (stable_log(u) < 0.5 * square + d * (1 - v + stable_log(v))) return d * v;
  }
}

std::uint64_t Draws::below(std::uint64_t bound) {
  require(bound > 0, "below: the bound must be positive");
  Product product = Product{pair()} * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t uneven = (0 - bound) % bound;  // 2^64 mod bound: so many low parts would favor some numbers
    while (static_cast<std::uint64_t>(product) < uneven) product = Product{pair()} * bound;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

void shuffle(std::span<std::uint32_t> values, const Stream& stream) {
  Draws draws(stream);
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[draws.below(i)]);
}

std::vector<std::uint32_t> permutation(std::size_t n, const Stream& stream) {
  require(n >> 32 == 0, "permutation: n must be below 2^32, got {}", n);
  std::vector<std::uint32_t> result(n);
  std::iota(result.begin(), result.end(), 0u);
  shuffle(result, stream);
  return result;
}

std::vector<std::uint32_t> choice(std::size_t n, std::size_t k, const Stream& stream) {
  require(n >> 32 == 0, "choice: n must be below 2^32, got {}", n);
  require(k <= n, "choice: cannot choose {} of {}", k, n);
  std::vector<std::uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0u);
  Draws draws(stream);
  for (std::size_t i = n; i > n - k; --i) std::swap(all[i - 1], all[draws.below(i)]);
  std::vector<std::uint32_t> result(all.end() - static_cast<std::ptrdiff_t>(k), all.end());
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace tocsin
