// SPDX-License-Identifier: Apache-2.0
// Where figures and tables of explanations go.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::apps {

/// A folder for what is written, made as needed; files in it are replaced.
class OutFolder {
 public:
  /// Throws RunError(Exit::io).
  explicit OutFolder(const std::string& path);
  void write(const std::string& name, std::string_view bytes);
  [[nodiscard]] const std::vector<std::string>& written() const { return written_; }

 private:
  std::filesystem::path path_;
  std::vector<std::string> written_;
};

}  // namespace tocsin::apps
