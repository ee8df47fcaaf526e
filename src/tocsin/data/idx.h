// SPDX-License-Identifier: Apache-2.0
// The IDX format of MNIST and its kin, plain or gzip (recognised by content, not by name). Refuses every malformed file with
// offset and reason: reliability.md, section 2.3.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/core/bytes.h"
#include "tocsin/data/dataset.h"

namespace tocsin::data {

/// A decoded IDX file of unsigned bytes.
struct Idx {
  std::vector<std::size_t> dimensions;  ///< 1 (labels), 3 (n, h, w) or 4 (n, c, h, w)
  std::vector<std::uint8_t> values;
  SourceFile source;
  bool gzip = false;  ///< it came packed: offsets in errors count unpacked bytes
};

/// Reads and checks one file of at most `max_bytes`, as it is and unpacked. `rank` is 1 for labels, 3 for images (4 is accepted as
/// well). Throws DataError.
Idx read_idx(const std::string& path, std::size_t rank, std::uint64_t max_bytes);
/// The same from bytes in memory, for tests and fuzzing.
Idx parse_idx(const FileBytes& file, std::size_t rank, std::uint64_t max_bytes);

/// Paths of the four files of an image data set.
struct IdxFiles {
  std::string train_images, train_labels, test_images, test_labels;
};
/// Both parts, with labels below `classes` (0: the largest label + 1 of both parts). Counts and shapes must agree; all four files
/// together hold at most `max_bytes` unpacked. Throws DataError.
Problem read_idx_problem(const IdxFiles& files, const std::string& name, std::size_t classes, std::uint64_t max_bytes,
                         std::vector<std::string> class_names = {});

}  // namespace tocsin::data
