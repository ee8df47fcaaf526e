// SPDX-License-Identifier: Apache-2.0
// The fields of a record that an expectation may name, and how a finished run's records are read back.
// A field of a record becomes one number a round: a number itself, a list over the cohort by its malicious or benign clients.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/value.h"
#include "tocsin/lab/finished_run.h"

namespace tocsin::lab {

enum class FieldShape { number, per_client, ids };

/// One field, "stealth.accuracy_check.passed": dots are nesting.
struct RecordField {
  std::string name;
  FieldShape shape = FieldShape::number;
};

/// All fields; `labels` are those of detectors beside the standard ones.
std::vector<RecordField> record_fields(const std::vector<std::string>& labels = {});

/// Whose value of a list over the cohort is meant: a median over those clients, or the extremes of the benign ones.
enum class Whose { malicious, benign, lowest_benign, highest_benign };

/// One record as written by `record_line`. Throws DataError naming `file` and the line.
Table parse_record(std::string_view line, const std::string& file = "record", std::size_t number = 1);
/// All records of a finished run, checked against its DONE. Throws DataError.
std::vector<Table> read_records(const FinishedRun& run);

/// The number of a field in one record (or of `stealth.band.gap`, made of four fields): flags are 0 or 1, ids (`selected`) the
/// share of those clients among the ids' clients of the cohort; nothing where the record has none (absent, null, or nobody of that
/// kind in the cohort).
std::optional<double> value_in(const Table& record, std::string_view field, Whose whose);
/// Whether a malicious client took part.
bool is_attacked(const Table& record);

}  // namespace tocsin::lab
