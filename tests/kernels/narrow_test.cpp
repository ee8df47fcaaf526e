// SPDX-License-Identifier: Apache-2.0
// Products of narrow layers against plain loops, in small integers: exact, whatever the order of the sums.
#include "tocsin/kernels/narrow.h"

#include <gtest/gtest.h>

#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {

using Floats = std::vector<float>;

/// The inputs of every product of a shape, and plain loops for what they give.
struct Products {
  Products(std::size_t samples, std::size_t inputs, std::size_t outputs)
      : batch(samples), in(inputs), out(outputs), draws(Stream(out).at(in).at(batch)) {}
  Floats integers(std::size_t n, float least = -3.0F) {
    Floats values(n);
    for (float& value : values) value = static_cast<float>(draws.below(7)) + least;
    return values;
  }
  [[nodiscard]] Floats forward(const Floats& x, const Floats& w) const {
    Floats y(batch * out);
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t c = 0; c < out; ++c)
        for (std::size_t j = 0; j < in; ++j) y[b * out + c] += x[b * in + j] * w[c * in + j];
    return y;
  }
  [[nodiscard]] Floats backward(const Floats& dy, const Floats& w) const {
    Floats dx(batch * in);
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t c = 0; c < out; ++c)
        for (std::size_t j = 0; j < in; ++j) dx[b * in + j] += dy[b * out + c] * w[c * in + j];
    return dx;
  }
  /// keep w + scale dy^T x
  [[nodiscard]] Floats weights(const Floats& dy, const Floats& x, float scale, float keep, Floats w) const {
    for (std::size_t c = 0; c < out; ++c)
      for (std::size_t j = 0; j < in; ++j) {
        float sum = 0;
        for (std::size_t b = 0; b < batch; ++b) sum += dy[b * out + c] * x[b * in + j];
        w[c * in + j] = keep * w[c * in + j] + scale * sum;
      }
    return w;
  }
  std::size_t batch, in, out;
  Draws draws;
};

template <class Check>
void each_shape(Check check) {
  for (std::size_t out = 1; out <= kNarrowOutputs; ++out)
    for (const std::size_t in : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{100}, std::size_t{784}})
      for (const std::size_t batch : {std::size_t{1}, std::size_t{3}, std::size_t{32}, std::size_t{150}})
        check(Products(batch, in, out));
}

TEST(Narrow, MultipliesSmallIntegersExactly) {
  each_shape([](Products p) {
    const Floats x = p.integers(p.batch * p.in), w = p.integers(p.out * p.in), dy = p.integers(p.batch * p.out);
    Floats y(p.batch * p.out), dx(p.batch * p.in), moved = w, fresh(p.out * p.in, 7.0F);
    narrow_forward(p.batch, p.in, p.out, x.data(), w.data(), y.data());
    narrow_backward(p.batch, p.in, p.out, dy.data(), w.data(), dx.data());
    narrow_weights(p.batch, p.in, p.out, dy.data(), x.data(), -2.0F, 1.0F, moved.data());
    narrow_weights(p.batch, p.in, p.out, dy.data(), x.data(), 1.0F, 0.0F, fresh.data());
    EXPECT_EQ(y, p.forward(x, w));
    EXPECT_EQ(dx, p.backward(dy, w));
    EXPECT_EQ(moved, p.weights(dy, x, -2.0F, 1.0F, w));
    EXPECT_EQ(fresh, p.weights(dy, x, 1.0F, 0.0F, w));
  });
}

TEST(Narrow, MultipliesBytesLikeTheFloatsTheyStandFor) {
  each_shape([](Products p) {
    constexpr float kScale = 0.25F;
    Floats x = p.integers(p.batch * p.in, 249.0F);  // up to 255: a byte taken for a signed one would show
    const std::vector<std::uint8_t> bytes(x.begin(), x.end());
    for (float& value : x) value *= kScale;
    const Floats w = p.integers(p.out * p.in), dy = p.integers(p.batch * p.out);
    Floats y(p.batch * p.out), moved = w, fresh(p.out * p.in, 7.0F);
    const ByteRows rows{bytes.data(), kScale};
    narrow_forward(p.batch, p.in, p.out, rows, w.data(), y.data());
    narrow_weights(p.batch, p.in, p.out, dy.data(), rows, -2.0F, 1.0F, moved.data());
    narrow_weights(p.batch, p.in, p.out, dy.data(), rows, 1.0F, 0.0F, fresh.data());
    EXPECT_EQ(y, p.forward(x, w));
    EXPECT_EQ(moved, p.weights(dy, x, -2.0F, 1.0F, w));
    EXPECT_EQ(fresh, p.weights(dy, x, 1.0F, 0.0F, w));
  });
}

}  // namespace
}  // namespace tocsin::kernels
