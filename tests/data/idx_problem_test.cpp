// SPDX-License-Identifier: Apache-2.0
// Four files together: what must agree between them, and the data sets they become.
#include <gtest/gtest.h>

#include "idx_files.h"
#include "support/rows.h"

namespace tocsin::data {
namespace {

using support::Bytes;
using support::counting;
using support::error_of;
using support::gzip;
using support::idx_bytes;

constexpr std::uint64_t kCap = 1'000'000;

/// Four files that belong together: 6 training and 3 test images of 2 x 3, labels 0, 1, 2.
struct Four {
  support::Folder folder;
  IdxFiles files;
  Four()
      : files{folder.put("train-images", idx_bytes({6, 2, 3}, counting(36))),
              folder.put("train-labels", idx_bytes({6}, counting(6, 3))),
              folder.put("test-images", gzip(idx_bytes({3, 2, 3}, counting(18)))),
              folder.put("test-labels", gzip(idx_bytes({3}, counting(3, 3))))} {}
  Problem read(std::size_t classes = 3, std::uint64_t cap = kCap) const { return read_idx_problem(files, "four", classes, cap); }
  [[nodiscard]] std::string error(std::size_t classes = 3, std::uint64_t cap = kCap) const {
    return error_of([&] { read(classes, cap); });
  }
};

TEST(IdxProblem, ReadsBothParts) {
  const Four four;
  const Problem problem = four.read();
  EXPECT_EQ(problem.train->name, "four");
  EXPECT_EQ(problem.train->shape, (Shape{1, 2, 3}));
  EXPECT_EQ(problem.train->size(), 6u);
  EXPECT_EQ(problem.train->pixels, counting(36));
  EXPECT_EQ(problem.test->labels, (std::vector<std::int32_t>{0, 1, 2}));
  EXPECT_EQ(problem.test->classes, 3u);
  ASSERT_EQ(problem.files.size(), 4u);
  EXPECT_EQ(problem.files[2].path, four.files.test_images);
}

TEST(IdxProblem, CountsTheClassesOfBothPartsIfNotTold) {
  const Four four;
  EXPECT_EQ(four.read(0).train->classes, 3u);
  four.folder.put("test-labels", idx_bytes({3}, {0, 7, 1}));
  EXPECT_EQ(four.read(0).train->classes, 8u);
  EXPECT_EQ(four.read(0).test->classes, 8u);
}

TEST(IdxProblem, TakesChannelsFromAFourthDimension) {
  const Four four;
  four.folder.put("train-images", idx_bytes({6, 3, 2, 1}, counting(36)));
  four.folder.put("test-images", idx_bytes({3, 3, 2, 1}, counting(18)));
  EXPECT_EQ(four.read().test->shape, (Shape{3, 2, 1}));
}

TEST(IdxProblem, RefusesALabelOutsideTheClasses) {
  const Four four;
  EXPECT_EQ(four.error(2), four.files.train_labels + ": offset 10: label 2 of sample 2 is outside [0, 2)");
  four.folder.put("test-labels", gzip(idx_bytes({3}, {0, 200, 1})));
  EXPECT_EQ(four.error(), four.files.test_labels + ": offset 9 of the decompressed data: label 200 of sample 1 is outside [0, 3)");
}

TEST(IdxProblem, RefusesAnotherNumberOfLabels) {
  const Four four;
  four.folder.put("train-labels", idx_bytes({5}, counting(5, 3)));
  EXPECT_EQ(four.error(), fmt::format("{}: offset 4: 6 images, but {} holds 5 labels; the two files do not belong together",
                                      four.files.train_images, four.files.train_labels));
  four.folder.put("train-labels", idx_bytes({6}, counting(6, 3)));
  four.folder.put("test-labels", idx_bytes({4}, counting(4, 3)));
  EXPECT_EQ(four.error(),
            fmt::format("{}: offset 4 of the decompressed data: 3 images, but {} holds 4 labels; the two files do not "
                        "belong together",
                        four.files.test_images, four.files.test_labels));
}

TEST(IdxProblem, RefusesTestImagesOfAnotherShape) {
  const Four four;
  four.folder.put("test-images", idx_bytes({3, 3, 2}, counting(18)));
  EXPECT_EQ(four.error(),
            fmt::format("{}: offset 8: images of 1 x 3 x 2, but {} holds 1 x 2 x 3 (channels, height, width); training "
                        "and test images must have one shape",
                        four.files.test_images, four.files.train_images));
}

TEST(IdxProblem, CountsAllFilesAgainstTheCap) {
  const Four four;  // values 6 + 3 + 36 + 18, and the header of the last file
  EXPECT_EQ(four.read(3, 6 + 3 + 36 + 18 + 16).train->size(), 6u);
  EXPECT_EQ(four.error(3, 6 + 3 + 36 + 18 + 15),
            four.files.test_images +
                ": offset 4 of the decompressed data: 3 x 2 x 3 = 18 bytes, 33 are allowed; raise [data] "
                "max_bytes if the file is right");
}

TEST(IdxProblem, NamesTheFileThatIsMissing) {
  const Four four;
  std::filesystem::remove(four.files.test_labels);
  EXPECT_EQ(four.error(), four.files.test_labels + ": cannot be opened: No such file or directory");
}

TEST(IdxProblem, SaysWhichFileWasGivenForAnother) {
  Four four;
  std::swap(four.files.train_images, four.files.train_labels);
  EXPECT_EQ(four.error(),
            four.files.train_labels + ": offset 3: expected 1 dimension (labels), found 3; this looks like the image file");
}

}  // namespace
}  // namespace tocsin::data
