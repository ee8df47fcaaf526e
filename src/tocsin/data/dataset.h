// SPDX-License-Identifier: Apache-2.0
// Immutable samples, and which of them belong to whom. Images stay uint8 in memory and are scaled while a batch is gathered.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tocsin::data {

/// Channels x height x width of one sample; tabular data is {features, 1, 1}.
struct Shape {
  std::size_t channels = 0, height = 1, width = 1;
  [[nodiscard]] std::size_t features() const { return channels * height * width; }
  bool operator==(const Shape&) const = default;
};

/// Samples with labels, or with real-valued targets (regression). Exactly one of `pixels` and `values` is used. Immutable once
/// made: it is shared as `std::shared_ptr<const Dataset>`.
struct Dataset {
  std::string name;
  Shape shape;
  std::size_t classes = 0;           ///< 0: regression
  std::size_t outputs = 0;           ///< length of a target if classes == 0
  std::vector<std::uint8_t> pixels;  ///< [n, features], meaning pixel * scale
  double scale = 1.0 / 255.0;
  std::vector<float> values;             ///< [n, features]
  std::vector<std::int32_t> labels;      ///< [n], in [0, classes)
  std::vector<float> targets;            ///< [n, outputs]
  std::vector<std::string> class_names;  ///< may be empty
  [[nodiscard]] std::size_t size() const { return classes > 0 ? labels.size() : (outputs > 0 ? targets.size() / outputs : 0); }
  /// Bytes held, for the memory estimate.
  [[nodiscard]] std::size_t bytes() const {
    return pixels.size() + values.size() * sizeof(float) + labels.size() * sizeof(std::int32_t) + targets.size() * sizeof(float);
  }
};

/// Writes samples `chosen` as floats [chosen, features] into `out` (pixels scaled: float(pixel) * float(scale)).
void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<float> out);
/// The same in double (pixel * scale in double).
void gather(const Dataset& data, std::span<const std::uint32_t> chosen, std::span<double> out);

/// Whether a feature of some sample is negative.
bool has_negative(const Dataset& data);

/// Samples `chosen` of a data set, as one of its own.
Dataset subset(const Dataset& data, std::span<const std::uint32_t> chosen);
/// Adds the samples of `more` behind those of `data`. Throws std::invalid_argument if they differ in shape, classes or storage.
void append(Dataset& data, const Dataset& more);

/// Where a file of a data set came from: for `tocsin data` and the manifest.
struct SourceFile {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
};

/// A training part and a test part of one origin.
struct Problem {
  std::shared_ptr<const Dataset> train, test;
  std::vector<SourceFile> files;
  std::vector<std::string> notes;  ///< what a user should know: rows dropped
};

/// The samples of one client: an index list into a data set, by value.
struct Shard {
  std::vector<std::uint32_t> samples;
};

/// Who has which samples: shards[c] is client c's. Every index occurs at most once.
using Partition = std::vector<Shard>;

}  // namespace tocsin::data
