// SPDX-License-Identifier: Apache-2.0
#include "out_folder.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"

namespace tocsin::apps {
namespace fs = std::filesystem;

OutFolder::OutFolder(const std::string& path) : path_(path) {
  if (path.empty()) throw RunError(Exit::usage, "--out needs the path of a folder");
  std::error_code ignored;
  for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, ignored); folder = folder.parent_path())
    made_.push_back(folder);
  make_folders(path);
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    throw RunError(Exit::io, fmt::format("cannot write into {}: {}", printable(path, 4096), std::generic_category().message(errno)),
                   "choose another --out");
}

OutFolder::~OutFolder() {
  std::error_code ignored;
  if (written_.empty())
    for (const fs::path& folder : made_) fs::remove(folder, ignored);
}

void OutFolder::write(const std::string& name, std::string_view bytes) {
  const fs::path file = path_ / name;
  make_folders(file.parent_path().string());
  write_file(file.string(), bytes);
  written_.push_back(file.string());
}

}  // namespace tocsin::apps
