// SPDX-License-Identifier: Apache-2.0
// Folders are searched in order: below TOCSIN_DATA, what the project carries itself, the system's. The first that holds any file of
// a data set must hold them all, so that two copies are never mixed.
#include "tocsin/data/packaged.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "tocsin/data/idx.h"

namespace tocsin::data {
namespace {

namespace fs = std::filesystem;

/// A data set that comes as files.
struct Packaged {
  std::string_view name, summary, licence;
  std::vector<std::string_view> folders;  ///< below TOCSIN_DATA
  std::string_view system_folder;         ///< of a package; empty: the project carries it
  std::string_view package;               ///< of Debian; empty: none
  std::vector<std::string> class_names;
  /// Names of each file, any of which will do; the first is the usual one.
  std::vector<std::vector<std::string_view>> files;
};

std::vector<std::vector<std::string_view>> mnist_files() {
  return {{"train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte"},
          {"train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte", "train-labels.idx1-ubyte"},
          {"t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
          {"t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"}};
}

const std::vector<Packaged>& packaged() {
  static const std::vector<Packaged> sets{
      {"fashion_mnist",
       "60,000 and 10,000 images of clothes, 28 x 28, 10 classes (Xiao, Rasul, Vollgraf, arXiv:1708.07747)",
       "MIT",
       {"fashion_mnist", "fashion-mnist"},
       "/usr/share/datasets/fashion-mnist",
       "dataset-fashion-mnist",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
       mnist_files()},
      {"mnist",
       "60,000 and 10,000 images of handwritten digits, 28 x 28, 10 classes (LeCun, Cortes, Burges)",
       "CC BY-SA 3.0",
       {"mnist", "MNIST"},
       "/usr/share/datasets/mnist",
       "",
       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
       mnist_files()},
      {"adult",
       "32,561 and 16,281 people of a census, 104 features, income above 50,000 dollars or not (Becker, Kohavi, UCI 1996)",
       "CC BY 4.0",
       {"adult"},
       "",
       "",
       {"<=50K", ">50K"},
       {{"adult.data.gz", "adult.data"}, {"adult.test.gz", "adult.test"}}},
  };
  return sets;
}

const Packaged* find_packaged(std::string_view name) {
  for (const Packaged& set : packaged())
    if (set.name == name) return &set;
  return nullptr;
}

/// Where the data lie that the project carries: share/tocsin/data of the tree in which this program is bin/tocsin, or, in a build
/// tree, a folder deeper.
fs::path carried_folder() {
  std::error_code error;
  const fs::path prefix = program_prefix();
  const fs::path here = prefix / "share/tocsin/data", above = prefix.parent_path() / "share/tocsin/data";
  return !fs::exists(here, error) && fs::exists(above, error) ? above : here;
}

std::vector<std::string> places_of(const Packaged& set) {
  std::vector<std::string> places;
  if (const char* own = std::getenv("TOCSIN_DATA"); own != nullptr && *own != '\0')
    for (const std::string_view folder : set.folders) places.push_back((fs::path(own) / folder).string());
  places.push_back(set.system_folder.empty() ? (carried_folder() / set.folders.front()).string() : std::string(set.system_folder));
  return places;
}

std::string install_of(const Packaged& set) { return set.package.empty() ? "" : fmt::format("apt-get install {}", set.package); }

/// "a, b and c".
std::string usual_names(const Packaged& set) {
  std::vector<std::string> names;
  for (const auto& file : set.files) names.emplace_back(file.front());
  const std::string last = std::move(names.back());
  names.pop_back();
  return fmt::format("{} and {}", joined(names), last);
}

std::string hint_of(const Packaged& set) {
  const std::string by_hand = fmt::format("put {} into $TOCSIN_DATA/{}", usual_names(set), set.folders.front());
  if (set.system_folder.empty()) return "it comes with Tocsin, in share/tocsin/data: install that, or " + by_hand;
  return set.package.empty() ? "it has no Debian package: " + by_hand : fmt::format("{}, or {}", install_of(set), by_hand);
}

/// The paths of its files, all from one folder.
std::vector<std::string> find_files(const Packaged& set) {
  const std::vector<std::string> places = places_of(set);
  for (const std::string& place : places) {
    std::vector<std::string> found;
    std::string_view lacking;
    for (const std::vector<std::string_view>& names : set.files) {
      const auto name = std::find_if(names.begin(), names.end(), [&](std::string_view one) {
        std::error_code ignored;
        return fs::exists(fs::path(place) / one, ignored);
      });
      if (name != names.end())
        found.push_back((fs::path(place) / *name).string());
      else if (lacking.empty())
        lacking = names.front();
    }
    if (found.empty()) continue;
    if (!lacking.empty()) throw DataError(place, std::nullopt, fmt::format("holds no {}", lacking), hint_of(set));
    return found;
  }
  throw DataError(std::string(set.name), std::nullopt, fmt::format("not found; searched {}", joined(places)), hint_of(set));
}

}  // namespace

std::vector<Known> packaged_datasets() {
  std::vector<Known> known;
  for (const Packaged& set : packaged())
    known.push_back({std::string(set.name), std::string(set.summary), std::string(set.licence), places_of(set), install_of(set)});
  return known;
}

std::optional<std::size_t> packaged_classes(std::string_view name) {
  const Packaged* const set = find_packaged(name);
  if (set == nullptr) return std::nullopt;
  return set->class_names.size();
}

TablePlan adult_plan() {
  constexpr ColumnKind kNumber = ColumnKind::number, kCategory = ColumnKind::category;
  TablePlan plan;
  plan.columns = {{"age", kNumber},
                  {"workclass", kCategory},
                  {"fnlwgt", ColumnKind::ignore},
                  {"education", kCategory},
                  {"education-num", kNumber},
                  {"marital-status", kCategory},
                  {"occupation", kCategory},
                  {"relationship", kCategory},
                  {"race", kCategory},
                  {"sex", kCategory},
                  {"capital-gain", kNumber},
                  {"capital-loss", kNumber},
                  {"hours-per-week", kNumber},
                  {"native-country", kCategory},
                  {"income", ColumnKind::label, find_packaged("adult")->class_names, true}};
  plan.trim = true;
  plan.skip_test = 1;  // "|1x3 Cross validator"
  plan.missing = {"?"};
  plan.on_missing = OnMissing::zeros;
  return plan;
}

Problem load_packaged(std::string_view name, std::uint64_t max_bytes) {
  const Packaged* const set = find_packaged(name);
  require(set != nullptr, "source: unknown data set '{}'", name);
  const std::vector<std::string> files = find_files(*set);
  if (set->files.size() == 2) return read_table_problem(files[0], files[1], adult_plan(), std::string(name), max_bytes);
  return read_idx_problem({files[0], files[1], files[2], files[3]}, std::string(name), set->class_names.size(), max_bytes,
                          set->class_names);
}

}  // namespace tocsin::data
