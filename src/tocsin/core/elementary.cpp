// SPDX-License-Identifier: Apache-2.0
// Logarithm, exponential and normal quantile from additions, multiplications, divisions and square roots alone.
// Wichura, Algorithm AS 241, Applied Statistics 37(3), 1988, PPND16 (the quantile). Logarithm and exponential are Taylor series
// after the usual reductions: their coefficients are fractions, so nothing here had to be fitted.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "tocsin/core/errors.h"
#include "tocsin/core/random.h"

namespace tocsin {
namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLn2High = 0x1.62e42feep-1;       // 32 bits, so that exponent * kLn2High is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;  // the rest of ln 2
constexpr std::uint64_t kFractionBits = (std::uint64_t{1} << 52) - 1;

/// c[0] x^(N-1) + ... + c[N-1], by Horner.
template <std::size_t N>
double polynomial(const std::array<double, N>& c, double x) {
  double result = c[0];
  for (std::size_t i = 1; i < N; ++i) result = result * x + c[i];
  return result;
}

/// 2^exponent for exponents of normal numbers, [-1022, 1023].
double power_of_two(int exponent) { return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52); }
}  // namespace

double stable_log(double x) {
  if (x != x || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return x;
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & kFractionBits) | std::bit_cast<std::uint64_t>(1.0));
  if (m > 0x1.6a09e667f3bcdp+0) {  // above the root of two: m in (0.707, 1.415)
    m *= 0.5;
    ++exponent;
  }
  // With s = f / (2 + f): log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + 2 s^2 (1/3 + s^2/5 + s^4/7 + ...)).
  constexpr std::array<double, 11> kAtanh{2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                          2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
  const double f = m - 1.0, s = f / (2.0 + f), z = s * s, half_square = 0.5 * f * f;
  const double rest = z * polynomial(kAtanh, z), k = exponent;
  return k * kLn2High - ((half_square - (s * (half_square + rest) + k * kLn2Low)) - f);
}

double stable_exp(double x) {
  if (x != x) return x;
  if (x > 709.782712893384) return kInfinity;
  if (x < -745.1332191019412) return 0.0;
  const int k = static_cast<int>(x * 0x1.71547652b82fep+0 + (x < 0 ? -0.5 : 0.5));  // nearest multiple of ln 2
  const double high = x - k * kLn2High, low = k * kLn2Low, r = high - low;
  constexpr std::array<double, 12> kInverseFactorials{1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                                                      1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                                                      1.0 / 120,        1.0 / 24,        1.0 / 6,        1.0 / 2};
  const double value = 1.0 + (high + (r * r * polynomial(kInverseFactorials, r) - low));
  const int half = k / 2;  // in two steps, since 2^k itself may be no normal number
  return value * power_of_two(half) * power_of_two(k - half);
}

double normal_quantile(double p) {
  require(p > 0 && p < 1, "normal_quantile: p must lie in (0, 1), got {}", p);
  constexpr std::array<double, 8> kA{2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
                                     4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
                                     1.3314166789178437745e+2, 3.3871328727963666080e+0};
  constexpr std::array<double, 8> kB{
      5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4, 2.1213794301586595867e+4,
      5.3941960214247511077e+3, 6.8718700749205790830e+2, 4.2313330701600911252e+1, 1.0};
  constexpr std::array<double, 8> kC{7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                                     1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
                                     4.63033784615654529590e+0, 1.42343711074968357734e+0};
  constexpr std::array<double, 8> kD{
      1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
      6.89767334985100004550e-1, 1.67638483018380384940e+0, 2.05319162663775882187e+0, 1.0};
  constexpr std::array<double, 8> kE{2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                                     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
                                     5.46378491116411436990e+0, 6.65790464350110377720e+0};
  constexpr std::array<double, 8> kF{
      2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
      1.48753612908506148525e-2,  1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return polynomial(kA, r) * q / polynomial(kB, r);
  }
  const double r = std::sqrt(-stable_log(q < 0 ? p : 1.0 - p));
  const double x = r <= 5.0 ? polynomial(kC, r - 1.6) / polynomial(kD, r - 1.6) : polynomial(kE, r - 5.0) / polynomial(kF, r - 5.0);
  return q < 0 ? -x : x;
}

}  // namespace tocsin
