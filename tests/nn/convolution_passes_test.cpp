// SPDX-License-Identifier: Apache-2.0
// oneDNN has a fast kernel for some shapes and a reference, a thousand times slower, for the rest; which is which depends on the
// CPU. This file runs once as the CPU is and once as on one with AVX2 alone (CMakeLists.txt).
#include "tocsin/nn/convolution_passes.h"

#include <gtest/gtest.h>

namespace tocsin::nn {
namespace {
using namespace onednn;

/// Describes all passes of a network's convolutions as the engine does, each in the layouts that the ones before it left.
void expect_fast_passes(const Architecture& architecture) {
  Context context;
  context.batch = 8;
  std::optional<memory::desc> source;
  for (const Layer& layer : architecture.layers()) {
    if (layer.kind == LayerKind::max_pool) {
      source = dnnl::pooling_forward::primitive_desc({dnnl::prop_kind::forward_training, dnnl::algorithm::pooling_max, *source,
                                                      any(shape_of(layer.out, context.batch), context.type), pair(layer.stride),
                                                      pair(layer.kernel), pair(0), pair(0)},
                                                     context.engine)
                   .dst_desc();
    }
    if (layer.kind != LayerKind::conv2d) continue;
    const auto forward = best_forward(context, layer, source.value_or(any(shape_of(layer.in, context.batch), context.type)), true);
    const auto hint = describe_forward(context, layer, forward.src_desc(), true, dnnl::algorithm::convolution_direct);
    EXPECT_FALSE(is_reference(forward)) << forward.impl_info_str();
    EXPECT_FALSE(is_reference(best_weights(context, layer, forward, hint)));
    if (source) {
      EXPECT_FALSE(is_reference(best_data(context, layer, *source, forward.dst_desc(), hint)));
    }
    source = forward.dst_desc();
  }
  EXPECT_TRUE(source) << "no convolution at all";
}

TEST(ConvolutionPasses, OfBuiltInNetworksNeverFallBackOnTheReference) {
  for (const char* name : {"paper_cnn", "lenet", "mnist_cnn", "small_cnn"}) {
    SCOPED_TRACE(name);
    expect_fast_passes(built_in(name, {1, 28, 28}, 10));
  }
}

TEST(ConvolutionPasses, OfColourImagesNeverFallBackOnTheReference) {
  for (const std::size_t channels : {2U, 3U, 4U}) {
    SCOPED_TRACE(channels);
    expect_fast_passes(built_in("lenet", {channels, 32, 32}, 10));
  }
}

}  // namespace
}  // namespace tocsin::nn
