// SPDX-License-Identifier: Apache-2.0
// From an exception to lines on standard error and an exit code (docs/exit-codes.md).
#pragma once
#include <exception>
#include <string>

namespace tocsin::apps {

/// Prints what happened, one line first: "tocsin: error[E10] exp.toml:12:1: unknown key ..."; with `json` one object a line with
/// error, exit, file, line, column, offset, message, hint. Returns the exit code.
int report_failure(const std::exception_ptr& failure, bool json);

/// One line of warning, in the same forms.
void warn(const std::string& message, bool json);

/// Of a run stopped by a signal: a line that says so, and 128 + number.
int report_stop(const std::string& what, int signal, bool json);

}  // namespace tocsin::apps
