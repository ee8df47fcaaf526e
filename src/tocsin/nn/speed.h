// SPDX-License-Identifier: Apache-2.0
// What this core can do at most, measured: fused multiply-adds in registers, nothing else.
#pragma once
#include "tocsin/nn/network.h"

namespace tocsin::nn {

/// The best rate over short windows within `seconds`, in 10^9 floating-point operations a second (a multiply-add is two), of the
/// calling thread. float32 and float64: the widest vectors Highway finds; bf16: AVX512_BF16 dot products, 0 where the CPU lacks
/// them.
double measured_peak_gflops(Precision precision, double seconds);

}  // namespace tocsin::nn
