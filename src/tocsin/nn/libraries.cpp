// SPDX-License-Identifier: Apache-2.0
// The traps of oneDNN and OpenBLAS in one place: thread counts, the OpenBLAS variant, warming up, what the libraries say they run
// on.
#include <fmt/format.h>
#include <openblas-openmp/cblas.h>
#include <sys/mman.h>

#include <hwy/targets.h>
#include <dnnl.hpp>
#include <limits>
#include <string>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/nn/network.h"

extern "C" void omp_set_num_threads(int);  // declared here: Clang 14 has no omp.h of its own

namespace tocsin::nn {
namespace {

constexpr int kOpenMpVariant = 2;  // of openblas_get_parallel(): 0 serial (not thread-safe), 1 pthread

std::string_view isa_name(dnnl_cpu_isa_t isa) {
  switch (isa) {
    case dnnl_cpu_isa_sse41:
      return "sse41";
    case dnnl_cpu_isa_avx:
      return "avx";
    case dnnl_cpu_isa_avx2:
      return "avx2";
    case dnnl_cpu_isa_avx2_vnni:
      return "avx2_vnni";
    case dnnl_cpu_isa_avx512_core:
      return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni:
      return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16:
      return "avx512_core_bf16";
    default:
      return "other";
  }
}

}  // namespace

std::string_view text(Precision precision) {
  switch (precision) {
    case Precision::float32:
      return "float32";
    case Precision::bf16:
      return "bf16";
    case Precision::float64:
      return "float64";
  }
  return "";
}

bool available(Precision precision) { return precision != Precision::bf16 || __builtin_cpu_supports("avx512bf16"); }

void prepare_thread() { omp_set_num_threads(1); }

/// OpenBLAS asks for its buffer again and again where it is refused: better to know before.
void find_room_for_buffer() {
  constexpr std::size_t kBuffer = std::size_t{136} << 20;  // 128 MiB a thread on the largest cores
  void* const room = mmap(nullptr, kBuffer, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    throw RunError(Exit::estimate, fmt::format("no room for the {} MiB of address space that OpenBLAS needs", kBuffer >> 20),
                   "raise the limit (ulimit -v)");
  munmap(room, kBuffer);
}

std::size_t prepare_libraries() {
  prepare_thread();
  find_room_for_buffer();
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  using dnnl::memory;
  const memory::desc desc({1, 16, 4, 4}, memory::data_type::f32, memory::format_tag::nchw);
  memory values(desc, engine);
  const dnnl::eltwise_forward::primitive_desc relu(
      {dnnl::prop_kind::forward_inference, dnnl::algorithm::eltwise_relu, desc, 0.0F, 0.0F}, engine);
  dnnl::eltwise_forward(relu).execute(stream, {{DNNL_ARG_SRC, values}, {DNNL_ARG_DST, values}});
  std::vector<float> a(64 * 64, 1.0F), b(64 * 64, 1.0F), c(64 * 64);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 64, 64, 64, 1.0F, a.data(), 64, b.data(), 64, 0.0F, c.data(), 64);
  return openblas_get_parallel() == kOpenMpVariant ? std::numeric_limits<std::size_t>::max() : 1;
}

std::string numeric_class() {
  const dnnl_version_t* version = dnnl_version();
  const std::string config = openblas_get_config();
  const std::size_t word = config.find(' ');
  return fmt::format("oneDNN {}.{}.{} {}; {} {} {}; Highway {}", version->major, version->minor, version->patch,
                     isa_name(dnnl_get_effective_cpu_isa()), config.substr(0, config.find(' ', word + 1)), openblas_get_corename(),
                     openblas_get_parallel() == kOpenMpVariant ? "openmp" : (openblas_get_parallel() == 0 ? "serial" : "pthread"),
                     hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()));
}

}  // namespace tocsin::nn
