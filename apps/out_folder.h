// SPDX-License-Identifier: Apache-2.0
// Where figures and tables of explanations go.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::apps {

/// A folder for what is written; files in it are replaced. It is made at once, so that a bad path is told before the work, and
/// goes again if nothing was written.
class OutFolder {
 public:
  /// Throws RunError(Exit::io).
  explicit OutFolder(const std::string& path);
  ~OutFolder();
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;
  void write(const std::string& name, std::string_view bytes);
  [[nodiscard]] const std::vector<std::string>& written() const { return written_; }

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  ///< innermost first
  std::vector<std::string> written_;
};

}  // namespace tocsin::apps
