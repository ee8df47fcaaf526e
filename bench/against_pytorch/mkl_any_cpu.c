/* SPDX-License-Identifier: Apache-2.0
   Loaded before PyTorch: makes MKL take its AVX-512 path on every processor that has the instructions. */
int mkl_serv_intel_cpu_true(void);
int mkl_serv_intel_cpu_true(void) { return 1; }
