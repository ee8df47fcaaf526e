// SPDX-License-Identifier: Apache-2.0
// read_experiment: the text of an experiment file, in both sizes, without a file and without data. What is accepted, written as
// resolved.toml and read again, is the same plan.
#include "experiments.h"
#include "targets.h"

int fuzz_config(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  for (const bool small : {false, true}) {
    tocsin::lab::Request request;
    request.file = tocsin::fuzz::kFile;
    request.small = small;
    tocsin::fuzz::read_and_read_again(request, text);
  }
  return 0;
}
