// SPDX-License-Identifier: Apache-2.0
// Folders and files of a test.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tocsin::support {

/// A new folder, gone with its scope.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }

 private:
  std::string path_;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// `text` with the first occurrence of `from` replaced. Throws if there is none.
inline std::string edited(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("not in the text: " + from);
  return text.replace(at, from.size(), to);
}

/// Four clients on Gaussian blobs, two variants, in double precision: fast, and on every machine.
inline const char* const kBlobs = R"(name = "blobs"
seed = 3
[data]
dataset = "blobs"
samples = 400
validation = 40
[partition]
clients = 4
[model]
name = "softmax"
[training]
batch = 10
optimizer = "sgd"
learning_rate = 0.1
precision = "float64"
[federation]
rounds = 3
[threat]
malicious = [1]
[attack]
name = "sign_flip"
targets = { test_indices = [3], wanted = [1] }
[defense]
rule = "median"
[[variant]]
name = "clean"
set = { attack.name = "none" }
[[variant]]
name = "attacked"
)";

}  // namespace tocsin::support
