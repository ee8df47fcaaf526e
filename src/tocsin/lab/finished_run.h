// SPDX-License-Identifier: Apache-2.0
// The files of a finished run, each as its DONE names it: "<sha256>  <name>" a line.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tocsin/core/bytes.h"

namespace tocsin::lab {

class FinishedRun {
 public:
  /// Reads DONE. Throws DataError if it cannot be read.
  explicit FinishedRun(std::string path);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool has(std::string_view name) const;
  /// A file of at most `largest` bytes. Throws DataError if it is not the one that DONE names.
  [[nodiscard]] FileBytes read(const std::string& name, std::uint64_t largest) const;
  /// The plan as it was run, TOML.
  [[nodiscard]] std::string resolved() const;

 private:
  std::string path_, done_;
};

}  // namespace tocsin::lab
