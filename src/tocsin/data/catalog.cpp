// SPDX-License-Identifier: Apache-2.0
// [data]: a data set known by name, or a reader of files by kind.
#include "tocsin/data/catalog.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "tocsin/data/idx.h"
#include "tocsin/data/memory.h"
#include "tocsin/data/packaged.h"
#include "tocsin/data/synthetic_plan.h"

namespace tocsin::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostIdxClasses = 256;  ///< a label is a byte

std::uint64_t read_max_bytes(Options& options) {
  const auto given = options.count_or_word("max_bytes", {.fallback = std::string_view("half_of_memory"),
                                                         .at_least = 1,
                                                         .words = {"half_of_memory"},
                                                         .help = "bytes that the files may hold together, unpacked"});
  const std::size_t* const count = std::get_if<std::size_t>(&given);
  return count != nullptr ? *count : 0;
}

/// A path, resolved against `folder`. One that is not `required` may be absent.
std::string read_path(Options& options, const char* key, const char* help, const std::string& folder, bool required) {
  TextOption option{.help = help};
  if (!required) option.fallback = "";
  const std::string path = options.text(key, option);
  if (path.empty() && options.has(key)) options.fault(key, fmt::format("{} is empty, expected a path", key));
  return path.empty() ? path : (fs::path(folder) / path).string();
}

void read_idx_keys(Options& options, const std::string& folder, Source& source, bool required) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kFiles{
      {{"train_images", "idx: file of the training images, plain or gzip"},
       {"train_labels", "idx: file of their labels"},
       {"test_images", "idx: file of the test images"},
       {"test_labels", "idx: file of their labels"}}};
  for (const auto& [key, help] : kFiles) source.files.push_back(read_path(options, key, help, folder, required));
  source.classes = options.count(
      "classes",
      {.fallback = 0, .at_most = kMostIdxClasses, .help = "idx: labels are below it; 0: the largest label of both parts and one"});
}

void read_csv_keys(Options& options, const std::string& folder, Source& source, bool required) {
  constexpr std::array<std::pair<const char*, const char*>, 2> kFiles{
      {{"train", "csv: table of the training part, plain or gzip"}, {"test", "csv: table of the test part"}}};
  for (const auto& [key, help] : kFiles) source.files.push_back(read_path(options, key, help, folder, required));
  source.table = read_table_plan(options, required);
}

std::vector<std::string_view> views(const std::vector<Known>& known) {
  std::vector<std::string_view> names;
  for (const Known& one : known) names.push_back(one.name);
  return names;
}

/// A reader by its kind. Where the kind itself is faulty no key is missed and none is unknown.
void read_kind(Options& options, const WordOption& kind, const std::string& folder, Source& source) {
  source.name = options.word("kind", kind);
  const Value* const given = options.raw("kind", "", std::nullopt, "");
  const std::string* const word = given == nullptr ? nullptr : given->as<std::string>();
  const bool known = word != nullptr && *word == source.name;
  if (!known || source.name == "idx") read_idx_keys(options, folder, source, known);
  if (!known || source.name == "csv") read_csv_keys(options, folder, source, known);
  source.max_bytes = read_max_bytes(options);
}

/// A missing file of one's own, with the key that names it.
void check_there(const std::string& path, const char* key) {
  std::error_code ignored;
  if (fs::symlink_status(path, ignored).type() == fs::file_type::not_found)
    throw DataError(path, std::nullopt, "there is no such file",
                    fmt::format("it is {} of [data]; a relative path begins at the folder of the experiment file", key));
}

}  // namespace

std::vector<Known> known_datasets() {
  std::vector<Known> known = packaged_datasets();
  known.push_back({"quadratic", "linear regression made on the spot, its least-squares optimum known", "none, it is made", {}, ""});
  known.push_back({"blobs", "Gaussian blobs made on the spot, the best possible accuracy known", "none, it is made", {}, ""});
  return known;
}

Source read_source(Options& options, const std::string& folder) {
  const std::vector<Known> known = known_datasets();
  const WordOption dataset{
      .fallback = {}, .words = views(known), .help = "a data set known by name; for files of your own kind = \"idx\" or \"csv\""};
  const WordOption kind{.fallback = {}, .words = {"idx", "csv"}, .help = "instead of dataset: the reader of your own files"};
  Source source;
  if (options.has("kind")) {
    if (options.has("dataset")) {
      options.word("dataset", dataset);
      options.fault("kind", "kind and dataset exclude each other", "keep one of them");
    }
    read_kind(options, kind, folder, source);
    return source;
  }
  source.name = options.word("dataset", dataset);
  const Value* const given = options.raw("dataset", "", Value(source.name), "");
  const std::string* const word = given == nullptr ? nullptr : given->as<std::string>();
  if (word == nullptr || *word != source.name) {  // faulty, or the catalogue asks: any of the keys may be meant
    if (options.is_describing()) {
      options.word("kind", kind);
      read_idx_keys(options, folder, source, true);
      read_csv_keys(options, folder, source, true);
    }
    read_max_bytes(options);
    read_every_synthetic(options);
  } else if (is_synthetic(source.name)) {
    SyntheticPlan plan = read_synthetic(source.name, options);
    source.classes = plan.classes;
    source.settings = std::move(plan.settings);
  } else if (const auto classes = packaged_classes(source.name)) {
    source.classes = *classes;
    source.max_bytes = read_max_bytes(options);
  }
  return source;
}

Problem load(const Source& source, const Stream& stream) {
  if (is_synthetic(source.name)) return make_synthetic(source.name, source.settings, stream);
  const std::uint64_t max_bytes = source.max_bytes != 0 ? source.max_bytes : default_max_bytes();
  const std::vector<std::string>& files = source.files;
  if (source.name == "idx") {
    require(files.size() == 4, "source: a reader of IDX needs four files, got {}", files.size());
    return read_idx_problem({files[0], files[1], files[2], files[3]}, "idx", source.classes, max_bytes);
  }
  if (source.name == "csv") {
    require(files.size() == 2, "source: a reader of CSV needs two files, got {}", files.size());
    check_there(files[0], "train");
    check_there(files[1], "test");
    return read_table_problem(files[0], files[1], source.table, "csv", max_bytes);
  }
  return load_packaged(source.name, max_bytes);
}

}  // namespace tocsin::data
