// SPDX-License-Identifier: Apache-2.0
#include "out_folder.h"

#include "tocsin/core/bytes.h"
#include "tocsin/core/errors.h"

namespace tocsin::apps {
namespace fs = std::filesystem;

OutFolder::OutFolder(const std::string& path) : path_(path) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!fs::is_directory(path_))
    throw RunError(Exit::io, fmt::format("cannot create {}: {}", printable(path, 4096), error.message()), "choose another --out");
}

void OutFolder::write(const std::string& name, std::string_view bytes) {
  std::error_code ignored;
  fs::create_directories((path_ / name).parent_path(), ignored);
  write_file((path_ / name).string(), bytes);
  written_.push_back((path_ / name).string());
}

}  // namespace tocsin::apps
