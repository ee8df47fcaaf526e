// SPDX-License-Identifier: Apache-2.0
// Replays the corpus of a fuzz target and mutates it from a fixed stream, so that every build without libFuzzer runs it too.
#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "tocsin/core/random.h"

namespace tocsin::support {

using FuzzTarget = int (*)(const std::uint8_t*, std::size_t);
using FuzzInput = std::vector<std::uint8_t>;

/// The files of fuzz/corpus/<name>, by name.
inline std::map<std::string, FuzzInput> corpus(const std::string& source_folder, const std::string& name) {
  std::map<std::string, FuzzInput> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder + "/fuzz/corpus/" + name)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs[entry.path().filename().string()] = FuzzInput(std::istreambuf_iterator<char>(file), {});
  }
  return inputs;
}

/// One small change of the kinds that break readers: a bit, a byte, a number, a piece gone, doubled or taken from another input.
inline void mutate(FuzzInput& input, const FuzzInput& other, Draws& draws) {
  const auto place = [&](std::size_t end) { return static_cast<std::ptrdiff_t>(draws.below(end)); };
  const std::uint64_t kind = draws.below(7);
  if (input.empty() || kind == 0) {
    const std::size_t length = 1 + draws.below(8), at = draws.below(input.size() + 1);
    FuzzInput piece(length);
    for (std::uint8_t& byte : piece) byte = static_cast<std::uint8_t>(draws.below(256));
    input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
  } else if (kind == 1) {
    *(input.begin() + place(input.size())) ^= static_cast<std::uint8_t>(1u << draws.below(8));
  } else if (kind == 2) {
    constexpr std::uint8_t kBytes[] = {0, 1, 0x7f, 0x80, 0xff};
    *(input.begin() + place(input.size())) = kBytes[draws.below(std::size(kBytes))];
  } else if (kind == 3) {
    input.resize(draws.below(input.size()));
  } else if (kind == 4) {
    const auto from = input.begin() + place(input.size());
    input.erase(from, from + static_cast<std::ptrdiff_t>(1 + draws.below(static_cast<std::uint64_t>(input.end() - from))));
  } else if (kind == 5) {
    const auto from = place(input.size());
    const FuzzInput piece(input.begin() + from, input.end());
    input.insert(input.begin() + place(input.size() + 1), piece.begin(), piece.end());
  } else if (!other.empty()) {
    input.resize(draws.below(input.size() + 1));
    input.insert(input.end(), other.begin() + place(other.size()), other.end());
  }
}

/// Mutation `k` of a corpus: one to four changes of one input. The same k is the same input for ever.
inline FuzzInput mutation(const std::map<std::string, FuzzInput>& inputs, const std::string& name, std::uint64_t k) {
  Draws draws(Stream(0).at("fuzz").at(name).at(k));
  const auto any = [&]() -> const FuzzInput& {
    return std::next(inputs.begin(), static_cast<std::ptrdiff_t>(draws.below(inputs.size())))->second;
  };
  FuzzInput input = any();
  for (std::uint64_t changes = 1 + draws.below(4); changes > 0; --changes) mutate(input, any(), draws);
  return input;
}

}  // namespace tocsin::support
