// SPDX-License-Identifier: Apache-2.0
// Element-wise passes over float vectors that training makes between its matrix products, vectorised by run-time dispatch.
// Every pass reads and writes memory once. Each has its formula; tests compare with plain loops.
// No libm in here: exponential and logarithm are polynomials of our own, so a result depends on the vector width alone where sums
// are made.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace tocsin::kernels {

/// out = float(in) * scale.
void widen(std::span<const std::uint8_t> in, float scale, std::span<float> out);
/// y += a * x.
void add_scaled(std::span<float> y, float a, std::span<const float> x);
/// ||a - b||^2: differences in the element's type, squares and sum in double.
double squared_distance(std::span<const float> a, std::span<const float> b);
double squared_distance(std::span<const double> a, std::span<const double> b);
/// y = y * x.
void multiply(std::span<float> y, std::span<const float> x);
/// r = r / S(z), S(z) = z + epsilon sign(z) with sign(0) = +1, and `at_zero` where that is 0.
void divide_stabilised(std::span<float> r, std::span<const float> z, float epsilon, float at_zero);
/// y = max(y, 0); NaN stays NaN, so that a network that has blown up does not look like a dead one.
void relu(std::span<float> y);
/// gradient = 0 where output <= 0 (the gate of a ReLU, closed at 0).
void relu_gate(std::span<float> gradient, std::span<const float> output);
/// The same of bfloat16 in 16-bit words.
void relu_gate_bf16(std::span<std::uint16_t> gradient, std::span<const std::uint16_t> output);
/// Each row of y [rows, width] += bias [width] (empty: nothing), then max with 0 if `rectify`.
void bias_rows(std::span<float> y, std::span<const float> bias, std::size_t width, bool rectify);
/// sums [width] = sum over rows of y [rows, width], in row order; added to what is there times `keep` (0 or 1), scaled by `scale`.
void column_sums(std::span<const float> y, std::size_t width, float scale, float keep, std::span<float> sums);

/// A pull to an anchor of the parameters' length (empty: none): factor (w - anchor) joins the gradient in the same pass, whose
/// result is ||w - anchor||^2 after the step, 0 without one.
struct Pull {
  std::span<const float> anchor = {};
  float factor = 0;
};
/// Momentum SGD (PyTorch): g += decay w; b = first ? g : momentum b + g; w -= rate (nesterov ? g + momentum b : b). `buffer` may be
/// empty if momentum is 0.
struct SgdStep {
  float rate = 0, momentum = 0, decay = 0;
  bool nesterov = false, first = true;
};
double sgd_step(std::span<float> w, std::span<const float> g, std::span<float> buffer, const SgdStep& step, const Pull& pull = {});
/// Adam (PyTorch): g += decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= step_size m / (sqrt(v) root_scale +
/// epsilon), step_size = rate / (1 - b1^t), root_scale = 1 / sqrt(1 - b2^t).
struct AdamStep {
  float beta1 = 0.9F, rest1 = 0.1F, beta2 = 0.999F, rest2 = 0.001F;  ///< rest = 1 - beta, rounded from double
  float epsilon = 1e-8F, decay = 0, step_size = 0, root_scale = 1;
};
double adam_step(std::span<float> w, std::span<const float> g, std::span<float> m, std::span<float> v, const AdamStep& step,
                 const Pull& pull = {});

/// mask[i] = 0 or 1 / (1 - rate): element 4k + j from word j of Philox block {words, k} under `key`; dropped if word < rate * 2^32.
void bernoulli_mask(const std::uint32_t key[2], const std::uint32_t words[3], double rate, std::span<float> mask);

}  // namespace tocsin::kernels
