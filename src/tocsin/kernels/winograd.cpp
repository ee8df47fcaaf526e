// SPDX-License-Identifier: Apache-2.0
#include "tocsin/kernels/winograd.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/winograd.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

#ifndef TOCSIN_WINOGRAD_ONCE
#define TOCSIN_WINOGRAD_ONCE
namespace tocsin::kernels {
namespace {
using Shape = WinogradShape;

constexpr std::size_t kTiles = 36;  ///< worked on at once, six by six: transformed inputs and outputs stay in the second cache

/// Floats between one point's tiles and the next one's: 16 more than they take, so that points do not share sets of the cache.
constexpr std::size_t stride_of(std::size_t channels) { return kTiles * channels + Shape::kMostBlock; }

/// Where a tile's outputs begin.
struct Tile {
  std::size_t image, y, x;
};
/// Tiles of outputs, counted through the rows of an image and the images.
struct Tiling {
  std::size_t side, across, per_image;
  explicit Tiling(const Shape& s)
      : side(s.outputs()), across((s.out_width() + side - 1) / side), per_image(across * ((s.out_height() + side - 1) / side)) {}
  [[nodiscard]] Tile at(std::size_t index) const {
    const std::size_t within = index % per_image;
    return {index / per_image, side * (within / across), side * (within % across)};
  }
};
}  // namespace
}  // namespace tocsin::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::CappedTag<float, Shape::kMostBlock>;
using Vector = hn::Vec<Float>;
constexpr bool kWide = HWY_MAX_BYTES >= 64;  ///< 32 registers for the sums of a product, not 16

// Interpolation points 0, +-a, +-b, infinity.
constexpr float kA = 0.75F, kB = 1.5F, kA2 = kA * kA, kB2 = kB * kB;
constexpr float kSum = kA2 + kB2, kProduct = kA2 * kB2;
constexpr double kRowA = 1.0 / (2.0 * kA2 * (kA2 - kB2)), kRowB = 1.0 / (2.0 * kB2 * (kB2 - kA2)), kRow0 = 1.0 / kProduct;

/// A gradient that is exactly 0 (no input of its weight meets an error) comes out of the transforms as rounding of sums that
/// cancel, and Adam would make whole steps of it. So what is below this share of the largest sum it is made of is 0: two and a half
/// units in the last place.
constexpr float kNoise = 3e-7F;

HWY_INLINE Vector Times(float f, Vector x) { return hn::Mul(hn::Set(Float(), f), x); }
HWY_INLINE Vector PlusTimes(Vector y, float f, Vector x) { return hn::MulAdd(hn::Set(Float(), f), x, y); }

/// v = B^T d, six of six.
HWY_INLINE void Enter(const Vector* d, Vector* v) {
  const Vector even_a = PlusTimes(d[4], -kB2, d[2]), odd_a = Times(kA, PlusTimes(d[3], -kB2, d[1]));
  const Vector even_b = PlusTimes(d[4], -kA2, d[2]), odd_b = Times(kB, PlusTimes(d[3], -kA2, d[1]));
  v[0] = PlusTimes(PlusTimes(d[4], -kSum, d[2]), kProduct, d[0]);
  v[1] = hn::Add(even_a, odd_a);
  v[2] = hn::Sub(even_a, odd_a);
  v[3] = hn::Add(even_b, odd_b);
  v[4] = hn::Sub(even_b, odd_b);
  v[5] = PlusTimes(PlusTimes(d[5], -kSum, d[3]), kProduct, d[1]);
}
/// d = B v, its transpose.
HWY_INLINE void EnterTransposed(const Vector* v, Vector* d) {
  const Vector even_a = hn::Add(v[1], v[2]), odd_a = Times(kA, hn::Sub(v[1], v[2]));
  const Vector even_b = hn::Add(v[3], v[4]), odd_b = Times(kB, hn::Sub(v[3], v[4]));
  d[0] = Times(kProduct, v[0]);
  d[1] = PlusTimes(PlusTimes(Times(kProduct, v[5]), -kB2, odd_a), -kA2, odd_b);
  d[2] = PlusTimes(PlusTimes(Times(-kSum, v[0]), -kB2, even_a), -kA2, even_b);
  d[3] = PlusTimes(hn::Add(odd_a, odd_b), -kSum, v[5]);
  d[4] = hn::Add(v[0], hn::Add(even_a, even_b));
  d[5] = v[5];
}
/// y = A^T m, two or four of six.
template <std::size_t kOut>
HWY_INLINE void Leave(const Vector* m, Vector* y) {
  const Vector even_a = hn::Add(m[1], m[2]), odd_a = hn::Sub(m[1], m[2]);
  const Vector even_b = hn::Add(m[3], m[4]), odd_b = hn::Sub(m[3], m[4]);
  y[0] = hn::Add(m[0], hn::Add(even_a, even_b));
  if constexpr (kOut == 2) {
    y[1] = PlusTimes(PlusTimes(m[5], kA, odd_a), kB, odd_b);
  } else {
    y[1] = PlusTimes(Times(kA, odd_a), kB, odd_b);
    y[2] = PlusTimes(Times(kA2, even_a), kB2, even_b);
    y[3] = PlusTimes(PlusTimes(m[5], kA * kA2, odd_a), kB * kB2, odd_b);
  }
}
/// m = A y, its transpose.
template <std::size_t kOut>
HWY_INLINE void LeaveTransposed(const Vector* y, Vector* m) {
  m[0] = y[0];
  if constexpr (kOut == 2) {
    m[1] = PlusTimes(y[0], kA, y[1]);
    m[2] = PlusTimes(y[0], -kA, y[1]);
    m[3] = PlusTimes(y[0], kB, y[1]);
    m[4] = PlusTimes(y[0], -kB, y[1]);
    m[5] = y[1];
  } else {
    const Vector even_a = PlusTimes(y[0], kA2, y[2]), odd_a = Times(kA, PlusTimes(y[1], kA2, y[3]));
    const Vector even_b = PlusTimes(y[0], kB2, y[2]), odd_b = Times(kB, PlusTimes(y[1], kB2, y[3]));
    m[1] = hn::Add(even_a, odd_a);
    m[2] = hn::Sub(even_a, odd_a);
    m[3] = hn::Add(even_b, odd_b);
    m[4] = hn::Sub(even_b, odd_b);
    m[5] = y[3];
  }
}
/// u = G g, six of five or three.
template <std::size_t kKernel>
HWY_INLINE void EnterWeights(const Vector* g, Vector* u) {
  const auto pair = [&](float a, double row, Vector& plus, Vector& minus) {
    Vector even = PlusTimes(g[0], a * a, g[2]), odd = Times(a, g[1]);
    if constexpr (kKernel == 5) {
      even = PlusTimes(even, a * a * a * a, g[4]);
      odd = Times(a, PlusTimes(g[1], a * a, g[3]));
    }
    plus = Times(static_cast<float>(row), hn::Add(even, odd));
    minus = Times(static_cast<float>(row), hn::Sub(even, odd));
  };
  u[0] = Times(static_cast<float>(kRow0), g[0]);
  pair(kA, kRowA, u[1], u[2]);
  pair(kB, kRowB, u[3], u[4]);
  u[5] = g[kKernel - 1];
}
/// g = G^T u, its transpose.
template <std::size_t kKernel>
HWY_INLINE void EnterWeightsTransposed(const Vector* u, Vector* g) {
  const float row_a = static_cast<float>(kRowA), row_b = static_cast<float>(kRowB);
  const Vector even_a = Times(row_a, hn::Add(u[1], u[2])), odd_a = Times(row_a * kA, hn::Sub(u[1], u[2]));
  const Vector even_b = Times(row_b, hn::Add(u[3], u[4])), odd_b = Times(row_b * kB, hn::Sub(u[3], u[4]));
  g[0] = PlusTimes(hn::Add(even_a, even_b), static_cast<float>(kRow0), u[0]);
  g[1] = hn::Add(odd_a, odd_b);
  if constexpr (kKernel == 5) {
    g[2] = PlusTimes(Times(kA2, even_a), kB2, even_b);
    g[3] = PlusTimes(Times(kA2, odd_a), kB2, odd_b);
    g[4] = PlusTimes(PlusTimes(u[5], kA2 * kA2, even_a), kB2 * kB2, even_b);
  } else {
    g[2] = PlusTimes(PlusTimes(u[5], kA2, even_a), kB2, even_b);
  }
}

/// to [out, out] = L from [in, in] L^T for a transform L of lines.
template <std::size_t kIn, std::size_t kOut, class Line>
HWY_INLINE void BothWays(Vector (*from)[kIn], Vector (*to)[kOut], Line line) {
  Vector half[kIn][kOut];
#pragma GCC unroll 36
  for (std::size_t i = 0; i < kIn; ++i) line(from[i], half[i]);
#pragma GCC unroll 36
  for (std::size_t j = 0; j < kOut; ++j) {
    Vector column[kIn], result[kOut];
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kIn; ++i) column[i] = half[i][j];
    line(column, result);
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kOut; ++i) to[i][j] = result[i];
  }
}
/// All points of one tile to their places, and back.
HWY_INLINE void StorePoints(Vector (*v)[Shape::kTile], float* HWY_RESTRICT to, std::size_t stride) {
#pragma GCC unroll 36
  for (std::size_t p = 0; p < Shape::kPoints; ++p) hn::StoreU(v[p / Shape::kTile][p % Shape::kTile], Float(), to + p * stride);
}
HWY_INLINE void LoadPoints(const float* HWY_RESTRICT from, std::size_t stride, Vector (*v)[Shape::kTile]) {
#pragma GCC unroll 36
  for (std::size_t p = 0; p < Shape::kPoints; ++p) v[p / Shape::kTile][p % Shape::kTile] = hn::LoadU(Float(), from + p * stride);
}

/// Calls use(tile, its number in the group, first channel of a vector) for every tile of a group and vector of channels.
template <class Use>
HWY_INLINE void EachTile(const Tiling& tiling, std::size_t first, std::size_t count, std::size_t channels, Use use) {
  for (std::size_t t = 0; t < count; ++t) {
    const Tile tile = tiling.at(first + t);
    for (std::size_t c = 0; c < channels; c += hn::Lanes(Float())) use(tile, t, c);
  }
}
/// Where the vector of channels from c on begins in an image's plane [height, width].
HWY_INLINE std::size_t PlaneAt(std::size_t image, std::size_t c, std::size_t channels, std::size_t places, std::size_t block) {
  return (image * channels + c / block * block) * places + c % block;
}

/// v [36][tiles, channels] = B^T d B of the tiles' inputs.
void EnterTiles(const Shape& s, const Tiling& tiling, const float* HWY_RESTRICT in, std::size_t first, std::size_t count,
                float* HWY_RESTRICT v) {
  const Float d;
  EachTile(tiling, first, count, s.channels, [&](const Tile& tile, std::size_t t, std::size_t c) {
    const float* plane = in + PlaneAt(tile.image, c, s.channels, s.height * s.width, s.block);
    Vector from[Shape::kTile][Shape::kTile], to[Shape::kTile][Shape::kTile];
#pragma GCC unroll 36
    for (std::size_t i = 0; i < Shape::kTile; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < Shape::kTile; ++j) {
        const std::size_t y = tile.y + i - s.padding, x = tile.x + j - s.padding;  // before the edge: very large
        from[i][j] = y < s.height && x < s.width ? hn::LoadU(d, plane + (y * s.width + x) * s.block) : hn::Zero(d);
      }
    BothWays<Shape::kTile, Shape::kTile>(from, to, Enter);
    StorePoints(to, v + t * s.channels + c, stride_of(s.channels));
  });
}
/// in += B v B^T, tile by tile.
void AddTiles(const Shape& s, const Tiling& tiling, const float* HWY_RESTRICT v, std::size_t first, std::size_t count,
              float* HWY_RESTRICT in) {
  const Float d;
  EachTile(tiling, first, count, s.channels, [&](const Tile& tile, std::size_t t, std::size_t c) {
    float* plane = in + PlaneAt(tile.image, c, s.channels, s.height * s.width, s.block);
    Vector from[Shape::kTile][Shape::kTile], to[Shape::kTile][Shape::kTile];
    LoadPoints(v + t * s.channels + c, stride_of(s.channels), from);
    BothWays<Shape::kTile, Shape::kTile>(from, to, EnterTransposed);
#pragma GCC unroll 36
    for (std::size_t i = 0; i < Shape::kTile; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < Shape::kTile; ++j) {
        const std::size_t y = tile.y + i - s.padding, x = tile.x + j - s.padding;
        if (y >= s.height || x >= s.width) continue;
        float* place = plane + (y * s.width + x) * s.block;
        hn::StoreU(hn::Add(hn::LoadU(d, place), to[i][j]), d, place);
      }
  });
}
/// w [36][tiles, filters] = A y A^T of the tiles' outputs.
template <std::size_t kOut>
void SpreadTiles(const Shape& s, const Tiling& tiling, const float* HWY_RESTRICT out, std::size_t first, std::size_t count,
                 float* HWY_RESTRICT w) {
  const Float d;
  const std::size_t height = s.out_height(), width = s.out_width();
  EachTile(tiling, first, count, s.filters, [&](const Tile& tile, std::size_t t, std::size_t c) {
    const float* plane = out + PlaneAt(tile.image, c, s.filters, height * width, s.block);
    Vector from[kOut][kOut], to[Shape::kTile][Shape::kTile];
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kOut; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < kOut; ++j)
        from[i][j] = tile.y + i < height && tile.x + j < width ? hn::LoadU(d, plane + ((tile.y + i) * width + tile.x + j) * s.block)
                                                               : hn::Zero(d);
    BothWays<kOut, Shape::kTile>(from, to, LeaveTransposed<kOut>);
    StorePoints(to, w + t * s.filters + c, stride_of(s.filters));
  });
}
/// out = A^T m A + bias, tile by tile.
template <std::size_t kOut>
void LeaveTiles(const Shape& s, const Tiling& tiling, const float* HWY_RESTRICT m, std::size_t first, std::size_t count,
                const float* bias, bool rectify, float* HWY_RESTRICT out) {
  const Float d;
  const std::size_t height = s.out_height(), width = s.out_width();
  EachTile(tiling, first, count, s.filters, [&](const Tile& tile, std::size_t t, std::size_t c) {
    float* plane = out + PlaneAt(tile.image, c, s.filters, height * width, s.block);
    Vector from[Shape::kTile][Shape::kTile], to[kOut][kOut];
    LoadPoints(m + t * s.filters + c, stride_of(s.filters), from);
    BothWays<Shape::kTile, kOut>(from, to, Leave<kOut>);
    const Vector shift = bias == nullptr ? hn::Zero(d) : hn::LoadU(d, bias + c);
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kOut; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < kOut; ++j) {
        if (tile.y + i >= height || tile.x + j >= width) continue;
        const Vector y = hn::Add(to[i][j], shift);
        hn::StoreU(rectify ? hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), y) : y, d,
                   plane + ((tile.y + i) * width + tile.x + j) * s.block);
      }
  });
}

/// Left side of a product, element (row, k) at data[row * row + k * step]: a matrix as it lies, or transposed.
struct Left {
  const float* data;
  std::size_t row, step;
};
/// c [kRows, kVectors vectors] = or += left b over `inner`, b and c with rows of `columns`.
template <std::size_t kRows, std::size_t kVectors, bool kAdd>
HWY_INLINE void ProductTile(const Left& left, const float* HWY_RESTRICT b, float* HWY_RESTRICT c, std::size_t inner,
                            std::size_t columns) {
  const Float d;
  const std::size_t lanes = hn::Lanes(d);
  Vector sums[kRows][kVectors];
#pragma GCC unroll 36
  for (std::size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 36
    for (std::size_t n = 0; n < kVectors; ++n) sums[r][n] = hn::Zero(d);
  for (std::size_t k = 0; k < inner; ++k) {
    Vector right[kVectors];
#pragma GCC unroll 36
    for (std::size_t n = 0; n < kVectors; ++n) right[n] = hn::LoadU(d, b + k * columns + n * lanes);
#pragma GCC unroll 36
    for (std::size_t r = 0; r < kRows; ++r) {
      const Vector value = hn::Set(d, left.data[r * left.row + k * left.step]);
#pragma GCC unroll 36
      for (std::size_t n = 0; n < kVectors; ++n) sums[r][n] = hn::MulAdd(value, right[n], sums[r][n]);
    }
  }
#pragma GCC unroll 36
  for (std::size_t r = 0; r < kRows; ++r)
#pragma GCC unroll 36
    for (std::size_t n = 0; n < kVectors; ++n) {
      float* to = c + r * columns + n * lanes;
      hn::StoreU(kAdd ? hn::Add(hn::LoadU(d, to), sums[r][n]) : sums[r][n], d, to);
    }
}
/// The same for `rows` rows, of which up to kRows - 1 more are written, and all columns.
template <std::size_t kRows, std::size_t kMost, bool kAdd>
HWY_INLINE void Product(const Left& left, const float* b, float* c, std::size_t rows, std::size_t inner, std::size_t columns) {
  const std::size_t lanes = hn::Lanes(Float());
  for (std::size_t n = 0; n < columns;) {
    const std::size_t vectors = std::min(kMost, (columns - n) / lanes);
    for (std::size_t r = 0; r < rows; r += kRows) {
      const Left from{left.data + r * left.row, left.row, left.step};
      float* to = c + r * columns + n;
      if constexpr (kMost >= 4)
        if (vectors == 4) ProductTile<kRows, 4, kAdd>(from, b + n, to, inner, columns);
      if constexpr (kMost >= 3)
        if (vectors == 3) ProductTile<kRows, 3, kAdd>(from, b + n, to, inner, columns);
      if (vectors == 2) ProductTile<kRows, 2, kAdd>(from, b + n, to, inner, columns);
      if (vectors == 1) ProductTile<kRows, 1, kAdd>(from, b + n, to, inner, columns);
    }
    n += vectors * lanes;
  }
}
/// c [rows, columns] = a [rows, inner] b [inner, columns]; up to five rows more are written.
void PointProduct(const float* a, const float* b, float* c, std::size_t rows, std::size_t inner, std::size_t columns) {
  Product<6, kWide ? 4 : 2, false>({a, inner, 1}, b, c, rows, inner, columns);
}
/// c [rows, columns] += a^T b, a [inner, rows], b [inner, columns]; rows are a multiple of four.
void PointGram(const float* a, const float* b, float* c, std::size_t inner, std::size_t rows, std::size_t columns) {
  Product<4, kWide ? 4 : 3, true>({a, 1, rows}, b, c, rows, inner, columns);
}

template <std::size_t kKernel>
void Weights(const Shape& s, const float* HWY_RESTRICT weights, float* HWY_RESTRICT u) {
  const Float d;
  const std::size_t plane = s.channels * s.filters;
  for (std::size_t at = 0; at < plane; at += hn::Lanes(d)) {
    Vector from[kKernel][kKernel], to[Shape::kTile][Shape::kTile];
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kKernel; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < kKernel; ++j) from[i][j] = hn::LoadU(d, weights + (i * kKernel + j) * plane + at);
    BothWays<kKernel, Shape::kTile>(from, to, EnterWeights<kKernel>);
    StorePoints(to, u + at, plane);
  }
}
template <std::size_t kKernel>
void Forward(const Shape& s, const float* in, const float* u, const float* bias, bool rectify, float* out, float* scratch) {
  const Tiling tiling(s);
  const std::size_t tiles = s.batch * tiling.per_image;
  float *v = scratch, *m = v + Shape::kPoints * stride_of(s.channels);
  for (std::size_t first = 0; first < tiles; first += kTiles) {
    const std::size_t count = std::min(kTiles, tiles - first);
    EnterTiles(s, tiling, in, first, count, v);
    for (std::size_t p = 0; p < Shape::kPoints; ++p)
      PointProduct(v + p * stride_of(s.channels), u + p * s.channels * s.filters, m + p * stride_of(s.filters), count, s.channels,
                   s.filters);
    LeaveTiles<Shape::kTile + 1 - kKernel>(s, tiling, m, first, count, bias, rectify, out);
  }
}
template <std::size_t kKernel>
void Data(const Shape& s, const float* out_gradient, const float* transposed, float* in_gradient, float* scratch) {
  const Tiling tiling(s);
  const std::size_t tiles = s.batch * tiling.per_image;
  float *v = scratch, *w = v + Shape::kPoints * stride_of(s.channels);
  std::fill_n(in_gradient, s.batch * s.channels * s.height * s.width, 0.0F);
  for (std::size_t first = 0; first < tiles; first += kTiles) {
    const std::size_t count = std::min(kTiles, tiles - first);
    SpreadTiles<Shape::kTile + 1 - kKernel>(s, tiling, out_gradient, first, count, w);
    for (std::size_t p = 0; p < Shape::kPoints; ++p)
      PointProduct(w + p * stride_of(s.filters), transposed + p * s.channels * s.filters, v + p * stride_of(s.channels), count,
                   s.filters, s.channels);
    AddTiles(s, tiling, v, first, count, in_gradient);
  }
}
template <std::size_t kKernel>
void Gradient(const Shape& s, const float* in, const float* out_gradient, float* gradient, float* scratch) {
  const Float d;
  const Tiling tiling(s);
  const std::size_t tiles = s.batch * tiling.per_image, plane = s.channels * s.filters;
  float *v = scratch, *w = v + Shape::kPoints * stride_of(s.channels), *sums = w + Shape::kPoints * stride_of(s.filters);
  std::fill_n(sums, s.transformed(), 0.0F);
  for (std::size_t first = 0; first < tiles; first += kTiles) {
    const std::size_t count = std::min(kTiles, tiles - first);
    EnterTiles(s, tiling, in, first, count, v);
    SpreadTiles<Shape::kTile + 1 - kKernel>(s, tiling, out_gradient, first, count, w);
    for (std::size_t p = 0; p < Shape::kPoints; ++p)
      PointGram(v + p * stride_of(s.channels), w + p * stride_of(s.filters), sums + p * plane, count, s.channels, s.filters);
  }
  for (std::size_t at = 0; at < plane; at += hn::Lanes(d)) {
    Vector from[Shape::kTile][Shape::kTile], to[kKernel][kKernel];
    LoadPoints(sums + at, plane, from);
    Vector largest = hn::Zero(d);
#pragma GCC unroll 36
    for (std::size_t p = 0; p < Shape::kPoints; ++p) largest = hn::Max(largest, hn::Abs(from[p / Shape::kTile][p % Shape::kTile]));
    const Vector noise = Times(kNoise, largest);
    BothWays<Shape::kTile, kKernel>(from, to, EnterWeightsTransposed<kKernel>);
#pragma GCC unroll 36
    for (std::size_t i = 0; i < kKernel; ++i)
#pragma GCC unroll 36
      for (std::size_t j = 0; j < kKernel; ++j) {
        const Vector kept = hn::IfThenZeroElse(hn::Lt(hn::Abs(to[i][j]), noise), to[i][j]);
        hn::StoreU(kept, d, gradient + (i * kKernel + j) * plane + at);
      }
  }
}
void WinogradWeights(const Shape& s, const float* weights, float* u) {
  s.kernel == 3 ? Weights<3>(s, weights, u) : Weights<5>(s, weights, u);
}
void WinogradForward(const Shape& s, const float* in, const float* u, const float* bias, bool rectify, float* out, float* scratch) {
  s.kernel == 3 ? Forward<3>(s, in, u, bias, rectify, out, scratch) : Forward<5>(s, in, u, bias, rectify, out, scratch);
}
void WinogradData(const Shape& s, const float* out_gradient, const float* transposed, float* in_gradient, float* scratch) {
  s.kernel == 3 ? Data<3>(s, out_gradient, transposed, in_gradient, scratch)
                : Data<5>(s, out_gradient, transposed, in_gradient, scratch);
}
void WinogradGradient(const Shape& s, const float* in, const float* out_gradient, float* gradient, float* scratch) {
  s.kernel == 3 ? Gradient<3>(s, in, out_gradient, gradient, scratch) : Gradient<5>(s, in, out_gradient, gradient, scratch);
}
void BlockedSums(const float* values, std::size_t batch, std::size_t channels, std::size_t places, std::size_t block, float* sums) {
  const Float d;
  for (std::size_t c = 0; c < channels; c += hn::Lanes(d)) {
    Vector total = hn::Zero(d);
    for (std::size_t image = 0; image < batch; ++image) {
      const float* plane = values + PlaneAt(image, c, channels, places, block);
      Vector sum = hn::Zero(d);
      for (std::size_t at = 0; at < places; ++at) sum = hn::Add(sum, hn::LoadU(d, plane + at * block));
      total = hn::Add(total, sum);
    }
    hn::StoreU(total, d, sums + c);
  }
}
std::size_t Lanes() { return hn::Lanes(Float()); }

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels {

HWY_EXPORT(WinogradWeights);
HWY_EXPORT(WinogradForward);
HWY_EXPORT(WinogradData);
HWY_EXPORT(WinogradGradient);
HWY_EXPORT(BlockedSums);
HWY_EXPORT(Lanes);

std::size_t WinogradShape::scratch() const { return kPoints * (stride_of(channels) + stride_of(filters)) + transformed(); }

void winograd_weights(const WinogradShape& shape, const float* weights, float* u) {
  HWY_DYNAMIC_DISPATCH(WinogradWeights)(shape, weights, u);
}
void winograd_transposed(const WinogradShape& shape, const float* u, float* transposed) {
  constexpr std::size_t kBlock = 8;  // a divisor of every block
  for (std::size_t p = 0; p < WinogradShape::kPoints; ++p) {
    const float* from = u + p * shape.channels * shape.filters;
    float* to = transposed + p * shape.channels * shape.filters;
    for (std::size_t c = 0; c < shape.channels; c += kBlock)
      for (std::size_t f = 0; f < shape.filters; ++f)
        for (std::size_t i = 0; i < kBlock; ++i) to[f * shape.channels + c + i] = from[(c + i) * shape.filters + f];
  }
}
void winograd_forward(const WinogradShape& shape, const float* in, const float* u, const float* bias, bool rectify, float* out,
                      float* scratch) {
  HWY_DYNAMIC_DISPATCH(WinogradForward)(shape, in, u, bias, rectify, out, scratch);
}
void winograd_data(const WinogradShape& shape, const float* out_gradient, const float* transposed, float* in_gradient,
                   float* scratch) {
  HWY_DYNAMIC_DISPATCH(WinogradData)(shape, out_gradient, transposed, in_gradient, scratch);
}
void winograd_gradient(const WinogradShape& shape, const float* in, const float* out_gradient, float* gradient, float* scratch) {
  HWY_DYNAMIC_DISPATCH(WinogradGradient)(shape, in, out_gradient, gradient, scratch);
}
void blocked_sums(const float* values, std::size_t batch, std::size_t channels, std::size_t places, std::size_t block,
                  float* sums) {
  HWY_DYNAMIC_DISPATCH(BlockedSums)(values, batch, channels, places, block, sums);
}
std::size_t winograd_lanes() { return HWY_DYNAMIC_DISPATCH(Lanes)(); }

}  // namespace tocsin::kernels
#endif
