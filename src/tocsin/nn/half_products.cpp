// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/half_products.h"

#include <dnnl.hpp>
#include <unordered_map>

namespace tocsin::nn {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Type = memory::data_type;

memory::desc matrix(std::size_t rows, std::size_t columns, Type type, Tag tag) {
  return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(columns)}, type, tag};
}

}  // namespace

struct HalfProducts::Impl {
  /// A product of two bfloat16 matrices into float32, with the right-hand one in the layout that oneDNN prefers.
  struct Product {
    Product(const memory::desc& left, const memory::desc& right, const memory::desc& result, const dnnl::engine& engine)
        : desc({left, right, result}, engine),
          primitive(desc),
          right_copy(desc.weights_desc(), engine),
          out(result, engine, nullptr) {}
    dnnl::matmul::primitive_desc desc;
    dnnl::matmul primitive;
    memory right_copy, out;
    /// out = left * (right in its own layout).
    void run(const memory& left, float* to, dnnl::stream& stream) {
      out.set_data_handle(to);
      primitive.execute(stream, {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right_copy}, {DNNL_ARG_DST, out}});
    }
  };

  Impl(std::size_t batch, std::size_t in, std::size_t out)
      : x_float(matrix(batch, in, Type::f32, Tag::ab), engine, nullptr),
        dy_float(matrix(batch, out, Type::f32, Tag::ab), engine, nullptr),
        w_float(matrix(out, in, Type::f32, Tag::ab), engine, nullptr),
        w_transposed(matrix(in, out, Type::f32, Tag::ba), engine, nullptr),
        x(matrix(batch, in, Type::bf16, Tag::ab), engine),
        dy(matrix(batch, out, Type::bf16, Tag::ab), engine),
        dy_transposed(matrix(out, batch, Type::bf16, Tag::ba), engine, dy.get_data_handle()),
        y_product(x.get_desc(), matrix(in, out, Type::bf16, Tag::any), matrix(batch, out, Type::f32, Tag::ab), engine),
        dx_product(dy.get_desc(), matrix(out, in, Type::bf16, Tag::any), matrix(batch, in, Type::f32, Tag::ab), engine),
        dw_product(dy_transposed.get_desc(), matrix(batch, in, Type::bf16, Tag::any), matrix(out, in, Type::f32, Tag::ab), engine) {
  }

  void convert(memory& from, const float* values, memory& to) {
    from.set_data_handle(const_cast<float*>(values));
    dnnl::reorder(from, to).execute(stream, from, to);
  }

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  memory x_float, dy_float, w_float, w_transposed, x, dy, dy_transposed;
  Product y_product, dx_product, dw_product;
};

HalfProducts::HalfProducts(std::size_t batch, std::size_t in, std::size_t out) : impl_(std::make_unique<Impl>(batch, in, out)) {}
HalfProducts::~HalfProducts() = default;

void HalfProducts::forward(const float* x, const float* w, float* y) {
  impl_->convert(impl_->x_float, x, impl_->x);
  impl_->convert(impl_->w_transposed, w, impl_->y_product.right_copy);
  impl_->y_product.run(impl_->x, y, impl_->stream);
}
void HalfProducts::take_gradient(const float* dy) { impl_->convert(impl_->dy_float, dy, impl_->dy); }
void HalfProducts::backward(const float* w, float* dx) {
  impl_->convert(impl_->w_float, w, impl_->dx_product.right_copy);
  impl_->dx_product.run(impl_->dy, dx, impl_->stream);
}
void HalfProducts::weights(float* dw) {
  dnnl::reorder(impl_->x, impl_->dw_product.right_copy).execute(impl_->stream, impl_->x, impl_->dw_product.right_copy);
  impl_->dw_product.run(impl_->dy_transposed, dw, impl_->stream);
}

}  // namespace tocsin::nn
