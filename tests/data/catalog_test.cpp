// SPDX-License-Identifier: Apache-2.0
// The data sets known by name, the keys of [data], and where files are looked for.
#include "tocsin/data/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "idx_files.h"
#include "support/rows.h"
#include "tocsin/data/memory.h"
#include "tocsin/data/synthetic.h"

namespace tocsin::data {
namespace {

using support::error_of;
using support::gzip;
using support::idx_bytes;
using testing::HasSubstr;

Source source_of(const std::string& toml) {
  return support::read_table(toml, {"e.toml", 1, 1}, "[data]",
                             [](Options& options) { return read_source(options, "/experiments"); });
}
std::string error(const std::string& toml) {
  return error_of([&] { source_of(toml); });
}

/// TOCSIN_DATA for the time of a scope.
class DataFolder {
 public:
  explicit DataFolder(const std::string& path) {
    if (const char* before = std::getenv("TOCSIN_DATA")) before_ = before;
    setenv("TOCSIN_DATA", path.c_str(), 1);
  }
  ~DataFolder() {
    if (before_)
      setenv("TOCSIN_DATA", before_->c_str(), 1);
    else
      unsetenv("TOCSIN_DATA");
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

 private:
  std::optional<std::string> before_;
};

TEST(Catalog, ReadsAKnownDataSet) {
  const Source source = source_of("dataset = 'fashion_mnist'");
  EXPECT_EQ(source.name, "fashion_mnist");
  EXPECT_EQ(source.classes, 10u);
  EXPECT_EQ(source.max_bytes, 0u);
  EXPECT_EQ(source_of("dataset = 'mnist'\nmax_bytes = 1000").max_bytes, 1000u);
  EXPECT_EQ(source_of("dataset = 'mnist'\nmax_bytes = 'half_of_memory'").max_bytes, 0u);
}

TEST(Catalog, ReadsTheKeysOfFilesRelativeToTheExperiment) {
  const Source source = source_of(
      "kind = 'idx'\ntrain_images = 'a'\ntrain_labels = '../b'\ntest_images = '/c'\ntest_labels = 'd.gz'\nclasses = 4\nmax_bytes = "
      "5");
  EXPECT_EQ(source.name, "idx");
  EXPECT_EQ(source.files, (std::vector<std::string>{"/experiments/a", "/experiments/../b", "/c", "/experiments/d.gz"}));
  EXPECT_EQ(source.classes, 4u);
  EXPECT_EQ(source.max_bytes, 5u);
}

TEST(Catalog, RefusesBadKeysWithTheirPlace) {
  EXPECT_EQ(error("dataset = 'fashionmnist'"),
            "e.toml:1:11: unknown dataset 'fashionmnist'; known: fashion_mnist, mnist, adult, quadratic, blobs; did you mean "
            "'fashion_mnist'?");
  EXPECT_EQ(
      error(""),
      "e.toml:1:1: 'dataset' is required in [data]; a data set known by name; for files of your own kind = \"idx\" or \"csv\"");
  EXPECT_EQ(error("kind = 'parquet'"), "e.toml:1:8: unknown kind 'parquet'; known: idx, csv") << "before any key of a reader";
  EXPECT_EQ(error("kind = 'idy'\ntrain_images = 'a'\ntrain = 'b'\ncolumns = []"),
            "e.toml:1:8: unknown kind 'idy'; known: idx, csv; did you mean 'idx'?");
  EXPECT_EQ(error("kind = 'idx'\ntrain_images = 'a'\ntrain_labels = 'b'\ntest_images = ''\ntest_labels = 'd'"),
            "e.toml:4:15: test_images is empty, expected a path");
  EXPECT_THAT(error("kind = 'idx'\ntrain_images = 'a'"), HasSubstr("'train_labels' is required in [data]"));
  EXPECT_THAT(
      error("kind = 'idx'\ndataset = 'mnist'\ntrain_images = 'a'\ntrain_labels = 'b'\ntest_images = 'c'\ntest_labels = 'd'"),
      HasSubstr("kind and dataset exclude each other"));
  EXPECT_THAT(error("dataset = 'mnist'\nclasses = 10"), HasSubstr("e.toml:2:1: unknown key 'classes' in [data]"));
  EXPECT_THAT(error("dataset = 'quadratic'\nspread = 1.0"), HasSubstr("e.toml:2:1: unknown key 'spread' in [data]"));
  EXPECT_THAT(error("dataset = 'quadratic'\ncondition = 0.5"), HasSubstr("e.toml:2:13: condition must be in [1, "));
}

TEST(Catalog, DoesNotCallKeysUnknownWhereOnlyTheNameIsWrong) {
  EXPECT_EQ(error("dataset = 'blob'\nspread = 2.0\nnoise = 1.0"),
            "e.toml:1:11: unknown dataset 'blob'; known: fashion_mnist, mnist, adult, quadratic, blobs; did you mean 'blobs'?");
}

TEST(Catalog, RefusesSyntheticProblemsThatCannotBe) {
  EXPECT_EQ(error("dataset = 'blobs'\nfeatures = 1\nclasses = 3"),
            "e.toml:3:11: classes = 3, but one feature has room for 2; set features = 2 or more");
  EXPECT_EQ(error("dataset = 'blobs'\nsamples = 5\nclasses = 6"), "e.toml:2:11: samples = 5 is fewer than classes = 6");
  EXPECT_EQ(error("dataset = 'quadratic'\nsamples = 1000000000\nfeatures = 50000"),
            "e.toml:2:11: 1000000000 samples of 50000 features are more than 2147483648 numbers");
}

TEST(Catalog, DocumentsEveryKey) {
  Faults scratch;
  Options options = Options::describing(scratch);
  read_source(options, "");
  std::vector<std::string> keys;
  for (const OptionDoc& doc : options.documented()) {
    keys.push_back(doc.key);
    EXPECT_FALSE(doc.help.empty()) << doc.key;
  }
  EXPECT_THAT(keys, testing::UnorderedElementsAre("dataset", "kind", "train_images", "train_labels", "test_images", "test_labels",
                                                  "classes", "train", "test", "columns", "header", "separator", "trim",
                                                  "skip_lines", "missing", "on_missing", "max_bytes", "features", "samples",
                                                  "noise", "condition", "spread", "separation"));
  EXPECT_TRUE(scratch.empty());
}

TEST(Catalog, MakesWhatTheKeysSay) {
  const Problem regression = load(source_of("dataset = 'quadratic'\nsamples = 20\nfeatures = 3\nnoise = 0.0"), Stream(1));
  EXPECT_EQ(regression.train->size(), 20u);
  EXPECT_EQ(regression.train->values, quadratic({.features = 3, .samples = 20, .noise = 0.0}, Stream(1)).train->values);
  const Problem classes = load(source_of("dataset = 'blobs'\nsamples = 20\nclasses = 4\nspread = 0.5\nseparation = 2"), Stream(1));
  EXPECT_EQ(classes.test->values, blobs({.classes = 4, .samples = 20, .spread = 0.5, .separation = 2.0}, Stream(1)).test->values);
  EXPECT_TRUE(classes.files.empty());
}

TEST(Catalog, KnowsWhatToInstall) {
  const std::vector<Known> known = known_datasets();
  ASSERT_EQ(known.size(), 5u);
  EXPECT_EQ(known[0].name, "fashion_mnist");
  EXPECT_EQ(known[0].install, "apt-get install dataset-fashion-mnist");
  EXPECT_EQ(known[0].places.back(), "/usr/share/datasets/fashion-mnist");
  EXPECT_EQ(known[1].install, "");
  EXPECT_EQ(known[2].install, "") << "it comes with us";
  EXPECT_THAT(known[2].places.back(), testing::EndsWith("/share/tocsin/data/adult"));
  EXPECT_TRUE(known[3].places.empty());
}

TEST(Catalog, LooksIntoTheFolderOfTheEnvironmentFirst) {
  const support::Folder folder;
  const DataFolder set(folder.path());
  EXPECT_EQ(known_datasets()[0].places, (std::vector<std::string>{folder.path("fashion_mnist"), folder.path("fashion-mnist"),
                                                                  "/usr/share/datasets/fashion-mnist"}));
  // Packed, plain, and under the name that the unpacked original has.
  folder.put("fashion-mnist/train-images-idx3-ubyte.gz", gzip(idx_bytes({4, 1, 2}, support::counting(8))));
  folder.put("fashion-mnist/train-labels-idx1-ubyte", idx_bytes({4}, {9, 8, 7, 6}));
  folder.put("fashion-mnist/t10k-images.idx3-ubyte", idx_bytes({1, 1, 2}, {1, 2}));
  folder.put("fashion-mnist/t10k-labels-idx1-ubyte.gz", gzip(idx_bytes({1}, {5})));
  const Problem problem = load(source_of("dataset = 'fashion_mnist'"), Stream(0));
  EXPECT_EQ(problem.train->labels, (std::vector<std::int32_t>{9, 8, 7, 6}));
  EXPECT_EQ(problem.train->class_names.at(9), "Ankle boot");
  EXPECT_EQ(problem.test->class_names.at(5), "Sandal");
  EXPECT_EQ(problem.train->name, "fashion_mnist");
}

TEST(Catalog, RefusesAFolderThatHoldsOnlySomeOfTheFiles) {
  const support::Folder folder;
  const DataFolder set(folder.path());
  folder.put("fashion_mnist/train-labels-idx1-ubyte", idx_bytes({1}, {0}));
  EXPECT_EQ(
      error_of([] { load(source_of("dataset = 'fashion_mnist'"), Stream(0)); }),
      folder.path("fashion_mnist") +
          ": holds no train-images-idx3-ubyte.gz; apt-get install dataset-fashion-mnist, or put train-images-idx3-ubyte.gz, "
          "train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz into $TOCSIN_DATA/fashion_mnist");
}

TEST(Catalog, SaysWhereItSearchedAndWhatToDo) {
  if (std::filesystem::exists("/usr/share/datasets/mnist")) GTEST_SKIP() << "MNIST is installed here";
  const support::Folder folder;
  const DataFolder set(folder.path());
  EXPECT_EQ(error_of([] { load(source_of("dataset = 'mnist'"), Stream(0)); }),
            fmt::format("mnist: not found; searched {0}/mnist, {0}/MNIST, /usr/share/datasets/mnist; it has no Debian package: put "
                        "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
                        "t10k-labels-idx1-ubyte.gz into $TOCSIN_DATA/mnist",
                        folder.path()));
}

TEST(Catalog, LooksForWhatItCarriesInTheFolderOfTheEnvironmentFirst) {
  const support::Folder folder;
  const DataFolder set(folder.path());
  const std::string row = "39, Private, 1, Bachelors, 13, Divorced, Sales, Wife, White, Female, 0, 0, 40, Cuba, ";
  folder.put("adult/adult.data", row + "<=50K\n" + row + ">50K\n\n");
  EXPECT_EQ(error_of([] { load(source_of("dataset = 'adult'"), Stream(0)); }),
            folder.path("adult") +
                ": holds no adult.test.gz; it comes with Tocsin, in share/tocsin/data: install that, or put adult.data.gz and "
                "adult.test.gz into $TOCSIN_DATA/adult");
  folder.put("adult/adult.test", "|1x3 Cross validator\n" + row + ">50K.\n");
  const Problem problem = load(source_of("dataset = 'adult'"), Stream(0));
  EXPECT_EQ(problem.train->size(), 2u);
  EXPECT_EQ(problem.test->labels, std::vector<std::int32_t>{1});
  EXPECT_EQ(problem.files[1].path, folder.path("adult/adult.test"));
}

TEST(Catalog, SaysWhichFileOfATableIsMissing) {
  const support::Folder folder;
  folder.put("train.csv", std::string("1,a\n2,b\n"));
  Source source{.name = "csv", .files = {folder.path("train.csv"), folder.path("test.csv")}};
  source.table.columns = {{"x", ColumnKind::number}, {"y", ColumnKind::label}};
  EXPECT_EQ(error_of([&] { load(source, Stream(0)); }),
            folder.path("test.csv") +
                ": there is no such file; it is test of [data]; a relative path begins at the folder of the experiment file");
  folder.put("test.csv", std::string("1.5,b\n"));
  EXPECT_EQ(load(source, Stream(0)).test->values, std::vector<float>{0.5f});
}

TEST(Catalog, RefusesFilesBeyondTheCap) {
  const support::Folder folder;
  const DataFolder set(folder.path());
  folder.put("mnist/train-images-idx3-ubyte", idx_bytes({4, 1, 2}, support::counting(8)));
  folder.put("mnist/train-labels-idx1-ubyte", idx_bytes({4}, {9, 8, 7, 6}));
  folder.put("mnist/t10k-images-idx3-ubyte", idx_bytes({1, 1, 2}, {1, 2}));
  folder.put("mnist/t10k-labels-idx1-ubyte", idx_bytes({1}, {5}));
  EXPECT_NO_THROW(load(source_of("dataset = 'mnist'\nmax_bytes = 31"), Stream(0)));
  EXPECT_THAT(error_of([] { load(source_of("dataset = 'mnist'\nmax_bytes = 20"), Stream(0)); }), HasSubstr("15 are allowed"));
}

TEST(Memory, IsThere) {
  EXPECT_GT(available_memory(), std::uint64_t{1} << 20);
  EXPECT_LE(default_max_bytes(), std::uint64_t{64} << 30);
  EXPECT_GT(default_max_bytes(), std::uint64_t{1} << 19);
}

}  // namespace
}  // namespace tocsin::data
