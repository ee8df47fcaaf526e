// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/dense_products.h"

#include <openblas-openmp/cblas.h>

#include "tocsin/kernels/narrow.h"

namespace tocsin::nn {
namespace {
int narrow(std::size_t value) { return static_cast<int>(value); }
}  // namespace

void multiply_forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y) {
  if (out <= kernels::kNarrowOutputs) return kernels::narrow_forward(batch, in, out, x, w, y);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, narrow(batch), narrow(out), narrow(in), 1.0F, x, narrow(in), w, narrow(in),
              0.0F, y, narrow(out));
}
void multiply_backward(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx) {
  if (out <= kernels::kNarrowOutputs) return kernels::narrow_backward(batch, in, out, dy, w, dx);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, narrow(batch), narrow(in), narrow(out), 1.0F, dy, narrow(out), w,
              narrow(in), 0.0F, dx, narrow(in));
}
void multiply_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, float keep,
                      float* w) {
  if (out <= kernels::kNarrowOutputs) return kernels::narrow_weights(batch, in, out, dy, x, scale, keep, w);
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, narrow(out), narrow(in), narrow(batch), scale, dy, narrow(out), x,
              narrow(in), keep, w, narrow(in));
}

}  // namespace tocsin::nn
