// SPDX-License-Identifier: Apache-2.0
// The data sets known by name: where their files may lie, how they are named, and what is made on the spot instead.
#include "tocsin/data/catalog.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "tocsin/data/idx.h"
#include "tocsin/data/memory.h"
#include "tocsin/data/synthetic.h"

namespace tocsin::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostClasses = 256;  ///< a label is a byte
constexpr std::size_t kMostMade = std::size_t{1} << 31;

/// A data set of four IDX files with MNIST's names.
struct Packaged {
  std::string_view name, summary, licence;
  std::array<std::string_view, 2> folders;  ///< below TOCSIN_DATA
  std::string_view system_folder;
  std::string_view package;  ///< of Debian; empty: none
  std::vector<std::string> class_names;
};

const std::vector<Packaged>& packaged() {
  static const std::vector<Packaged> sets{
      {"fashion_mnist",
       "60,000 and 10,000 images of clothes, 28 x 28, 10 classes (Xiao, Rasul, Vollgraf, arXiv:1708.07747)",
       "MIT",
       {"fashion_mnist", "fashion-mnist"},
       "/usr/share/datasets/fashion-mnist",
       "dataset-fashion-mnist",
       {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}},
      {"mnist",
       "60,000 and 10,000 images of handwritten digits, 28 x 28, 10 classes (LeCun, Cortes, Burges)",
       "CC BY-SA 3.0",
       {"mnist", "MNIST"},
       "/usr/share/datasets/mnist",
       "",
       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
  };
  return sets;
}

const Packaged* find_packaged(std::string_view name) {
  for (const Packaged& set : packaged())
    if (set.name == name) return &set;
  return nullptr;
}

std::vector<std::string> places_of(const Packaged& set) {
  std::vector<std::string> places;
  if (const char* own = std::getenv("TOCSIN_DATA"); own != nullptr && *own != '\0')
    for (const std::string_view folder : set.folders) places.push_back((fs::path(own) / folder).string());
  places.emplace_back(set.system_folder);
  return places;
}

std::string install_of(const Packaged& set) { return set.package.empty() ? "" : fmt::format("apt-get install {}", set.package); }

/// The file of `stem` in `folder`, packed or not; nothing if there is none.
std::optional<std::string> find_part(const std::string& folder, std::string_view stem, std::string_view kind) {
  for (const char* const form : {"{}-{}-ubyte.gz", "{}-{}-ubyte", "{}.{}-ubyte"}) {
    std::string path = (fs::path(folder) / fmt::format(fmt::runtime(form), stem, kind)).string();
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return std::nullopt;
}

/// Its four files: the first place that holds any of them must hold them all.
IdxFiles find_files(const Packaged& set) {
  constexpr std::array<std::pair<const char*, const char*>, 4> kParts{
      {{"train-images", "idx3"}, {"train-labels", "idx1"}, {"t10k-images", "idx3"}, {"t10k-labels", "idx1"}}};
  const std::vector<std::string> places = places_of(set);
  const std::string install = install_of(set);
  const std::string by_hand = fmt::format(
      "put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
      "t10k-labels-idx1-ubyte.gz into $TOCSIN_DATA/{}",
      set.folders.front());
  const std::string hint = install.empty() ? "it has no Debian package: " + by_hand : fmt::format("{}, or {}", install, by_hand);
  for (const std::string& place : places) {
    std::array<std::optional<std::string>, 4> found;
    for (std::size_t k = 0; k < 4; ++k) found[k] = find_part(place, kParts[k].first, kParts[k].second);
    if (std::none_of(found.begin(), found.end(), [](const auto& path) { return path.has_value(); })) continue;
    for (std::size_t k = 0; k < 4; ++k)
      if (!found[k])
        throw DataError(place, std::nullopt, fmt::format("holds no {}-{}-ubyte.gz", kParts[k].first, kParts[k].second), hint);
    return {*found[0], *found[1], *found[2], *found[3]};
  }
  throw DataError(std::string(set.name), std::nullopt, fmt::format("not found; searched {}", joined(places)), hint);
}

void put(Table& settings, const char* key, std::size_t value) { settings.set(key, {}, Value(static_cast<std::int64_t>(value))); }
void put(Table& settings, const char* key, double value) { settings.set(key, {}, Value(value)); }
void get(const Table& settings, const char* key, std::size_t& value) {
  const Value* const found = settings.find(key);
  if (found == nullptr) return;
  const std::int64_t* const number = found->as<std::int64_t>();
  require(number != nullptr && *number >= 0, "source: {} must be a count", key);
  value = static_cast<std::size_t>(*number);
}
void get(const Table& settings, const char* key, double& value) {
  const Value* const found = settings.find(key);
  if (found == nullptr) return;
  const double* const number = found->as<double>();
  require(number != nullptr, "source: {} must be a number", key);
  value = *number;
}

/// Calls visit(key, field) for each field, so that reading, keeping and restoring the settings cannot disagree.
template <class Visit>
void visit_fields(QuadraticOptions& options, Visit&& visit) {
  visit("features", options.features);
  visit("samples", options.samples);
  visit("noise", options.noise);
  visit("condition", options.condition);
}
template <class Visit>
void visit_fields(BlobOptions& options, Visit&& visit) {
  visit("classes", options.classes);
  visit("features", options.features);
  visit("samples", options.samples);
  visit("spread", options.spread);
  visit("separation", options.separation);
}

std::size_t read_samples(Options& options, std::size_t fallback) {
  return options.count(
      "samples",
      {.fallback = fallback, .at_least = 2, .at_most = kMostMade, .help = "made for training; the test part has a fifth of that"});
}
std::size_t read_features(Options& options, std::size_t fallback) {
  return options.count("features", {.fallback = fallback, .at_least = 1, .at_most = 65536, .help = "numbers a sample"});
}

QuadraticOptions read_quadratic(Options& options) {
  QuadraticOptions made;
  made.features = read_features(options, made.features);
  made.samples = read_samples(options, made.samples);
  made.noise = options.number(
      "noise",
      {.fallback = made.noise, .at_least = 0.0, .at_most = 1e6, .help = "standard deviation of the targets around the truth"});
  made.condition = options.number(
      "condition",
      {.fallback = made.condition, .at_least = 1.0, .at_most = 1e12, .help = "largest variance of a feature over the smallest"});
  return made;
}

BlobOptions read_blobs(Options& options) {
  BlobOptions made;
  made.classes = options.count("classes", {.fallback = made.classes, .at_least = 2, .at_most = 10000, .help = "number of classes"});
  made.features = read_features(options, made.features);
  made.samples = read_samples(options, made.samples);
  made.spread = options.number(
      "spread", {.fallback = made.spread, .at_least = 0.0, .at_most = 1e6, .help = "standard deviation around each center"});
  made.separation = options.number("separation", {.fallback = made.separation,
                                                  .at_least = 0.0,
                                                  .at_most = 1e6,
                                                  .above = true,
                                                  .help = "distance of the centers from the origin"});
  if (made.features == 1 && made.classes > 2)
    options.fault("classes", fmt::format("classes = {}, but one feature has room for 2", made.classes), "set features = 2 or more");
  if (made.samples < made.classes)
    options.fault("samples", fmt::format("samples = {} is fewer than classes = {}", made.samples, made.classes));
  return made;
}

template <class Made>
Table settings_of(Made made) {
  Table settings;
  visit_fields(made, [&](const char* key, auto value) { put(settings, key, value); });
  return settings;
}

/// What a synthetic problem will hold must fit as well.
void check_size(Options& options, std::size_t samples, std::size_t features) {
  if (samples > kMostMade / features)
    options.fault("samples", fmt::format("{} samples of {} features are more than {} numbers", samples, features, kMostMade));
}

std::uint64_t read_max_bytes(Options& options) {
  const auto given = options.count_or_word("max_bytes", {.fallback = std::string_view("half_of_memory"),
                                                         .at_least = 1,
                                                         .words = {"half_of_memory"},
                                                         .help = "bytes that the files may hold together, unpacked"});
  const std::size_t* const count = std::get_if<std::size_t>(&given);
  return count != nullptr ? *count : 0;
}

void read_idx_keys(Options& options, const std::string& folder, Source& source) {
  const std::array<std::pair<const char*, const char*>, 4> keys{{{"train_images", "IDX file of the training images, plain or gzip"},
                                                                 {"train_labels", "IDX file of their labels"},
                                                                 {"test_images", "IDX file of the test images"},
                                                                 {"test_labels", "IDX file of their labels"}}};
  for (const auto& [key, help] : keys) {
    const std::string path = options.text(key, {.fallback = {}, .help = help});
    if (path.empty() && options.has(key)) options.fault(key, fmt::format("{} is empty, expected a path", key));
    source.files.push_back(path.empty() ? path : (fs::path(folder) / path).string());
  }
  source.classes = options.count(
      "classes",
      {.fallback = 0, .at_most = kMostClasses, .help = "labels are below it; 0: the largest label of both parts and one"});
}

std::vector<std::string_view> known_names() {
  std::vector<std::string_view> names;
  for (const Packaged& set : packaged()) names.push_back(set.name);
  names.emplace_back("quadratic");
  names.emplace_back("blobs");
  return names;
}

}  // namespace

std::vector<Known> known_datasets() {
  std::vector<Known> known;
  for (const Packaged& set : packaged())
    known.push_back({std::string(set.name), std::string(set.summary), std::string(set.licence), places_of(set), install_of(set)});
  known.push_back({"quadratic", "linear regression made on the spot, its least-squares optimum known", "none, it is made", {}, ""});
  known.push_back({"blobs", "Gaussian blobs made on the spot, the best possible accuracy known", "none, it is made", {}, ""});
  return known;
}

Source read_source(Options& options, const std::string& folder) {
  const WordOption dataset{.fallback = {},
                           .words = known_names(),
                           .help =
                               "a data set known by name; or kind = \"idx\" with train_images, train_labels, test_images, "
                               "test_labels"};
  const WordOption kind{.fallback = {}, .words = {"idx"}, .help = "instead of dataset: the reader of your own files"};
  Source source;
  if (options.has("kind")) {
    source.name = options.word("kind", kind);
    if (options.has("dataset")) {
      options.word("dataset", dataset);
      options.fault("kind", "kind and dataset exclude each other", "keep one of them");
    }
    read_idx_keys(options, folder, source);
    source.max_bytes = read_max_bytes(options);
    return source;
  }
  source.name = options.word("dataset", dataset);
  const Value* const given = options.raw("dataset", "", Value(source.name), "");
  const std::string* const word = given == nullptr ? nullptr : given->as<std::string>();
  if (word == nullptr || *word != source.name) {  // faulty, or the catalogue asks: any of the keys may be meant
    if (options.is_describing()) options.word("kind", kind);
    if (options.is_describing()) read_idx_keys(options, folder, source);
    read_max_bytes(options);
    read_quadratic(options);
    read_blobs(options);
  } else if (source.name == "quadratic") {
    const QuadraticOptions made = read_quadratic(options);
    check_size(options, made.samples, made.features);
    source.settings = settings_of(made);
  } else if (source.name == "blobs") {
    const BlobOptions made = read_blobs(options);
    check_size(options, made.samples, made.features);
    source.classes = made.classes;
    source.settings = settings_of(made);
  } else if (const Packaged* const set = find_packaged(source.name); set != nullptr) {
    source.classes = set->class_names.size();
    source.max_bytes = read_max_bytes(options);
  }
  return source;
}

Problem load(const Source& source, const Stream& stream) {
  const auto restore = [&source](auto& made) {
    visit_fields(made, [&](const char* key, auto& value) { get(source.settings, key, value); });
  };
  if (source.name == "quadratic") {
    QuadraticOptions made;
    restore(made);
    return quadratic(made, stream);
  }
  if (source.name == "blobs") {
    BlobOptions made;
    restore(made);
    return blobs(made, stream);
  }
  const std::uint64_t max_bytes = source.max_bytes != 0 ? source.max_bytes : default_max_bytes();
  if (source.name == "idx") {
    require(source.files.size() == 4, "source: a reader of IDX needs four files, got {}", source.files.size());
    return read_idx_problem({source.files[0], source.files[1], source.files[2], source.files[3]}, "idx", source.classes, max_bytes);
  }
  const Packaged* const set = find_packaged(source.name);
  require(set != nullptr, "source: unknown data set '{}'", source.name);
  return read_idx_problem(find_files(*set), source.name, set->class_names.size(), max_bytes, set->class_names);
}

}  // namespace tocsin::data
