// SPDX-License-Identifier: Apache-2.0
// The one place that prints errors. Messages come ready: one line, nothing in them that a terminal would obey.
#include "failure.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "tocsin/core/errors.h"

namespace tocsin::apps {
namespace {
using Json = nlohmann::ordered_json;
constexpr std::size_t kMostFaults = 50;

struct Line {
  std::string kind = "error";
  int exit = 0;
  std::string file = {};
  std::size_t line = 0, column = 0;
  std::optional<std::uint64_t> offset = std::nullopt;
  std::string message = {}, hint = {};
  std::string shown = {};  ///< for people: place, message and hint
};

void print(const Line& line, bool json) {
  if (!json) {
    std::fputs(fmt::format("tocsin: {}[E{}] {}\n", line.kind, line.exit, line.shown).c_str(), stderr);
    return;
  }
  Json object;
  object[line.kind] = fmt::format("E{}", line.exit);
  object["exit"] = line.exit;
  if (!line.file.empty()) object["file"] = line.file;
  if (line.line > 0) object["line"] = line.line;
  if (line.line > 0 && line.column > 0) object["column"] = line.column;
  if (line.offset) object["offset"] = *line.offset;
  object["message"] = line.message;
  if (!line.hint.empty()) object["hint"] = line.hint;
  std::fputs((object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stderr);
}

std::string behind(const std::string& message, const std::string& hint) { return hint.empty() ? message : message + "; " + hint; }

int report(const ConfigError& error, bool json) {
  const int code = static_cast<int>(Exit::config);
  std::size_t count = 0;
  for (const Fault& fault : error.faults()) {
    if (++count > kMostFaults) break;
    const std::string place = fault.place.text();
    const std::string message = behind(fault.message, fault.hint);
    print({.exit = code,
           .file = fault.place.file,
           .line = fault.place.line,
           .column = fault.place.column,
           .message = fault.message,
           .hint = fault.hint,
           .shown = place.empty() ? message : place + ": " + message},
          json);
  }
  if (error.faults().size() > kMostFaults) {
    const std::string more = fmt::format("and {} more", error.faults().size() - kMostFaults);
    print({.exit = code, .message = more, .shown = more}, json);
  }
  return code;
}

int report(const RunError& error, bool json) {
  const int code = static_cast<int>(error.code());
  std::string shown = error.what();
  if (!error.hint().empty()) shown += (shown.find('\n') == std::string::npos ? "; " : "\n  ") + error.hint();
  print({.exit = code, .message = error.what(), .hint = error.hint(), .shown = shown}, json);
  return code;
}

int report(Exit exit, const std::string& message, const std::string& hint, bool json) {
  print({.exit = static_cast<int>(exit), .message = message, .hint = hint, .shown = behind(message, hint)}, json);
  return static_cast<int>(exit);
}
}  // namespace

int report_failure(const std::exception_ptr& failure, bool json) {
  std::fflush(stdout);
  try {
    std::rethrow_exception(failure);
  } catch (const ConfigError& error) {
    return report(error, json);
  } catch (const DataError& error) {
    print({.exit = static_cast<int>(Exit::data),
           .file = error.file(),
           .offset = error.offset(),
           .message = error.message(),
           .hint = error.hint(),
           .shown = error.what()},
          json);
    return static_cast<int>(Exit::data);
  } catch (const RunError& error) {
    return report(error, json);
  } catch (const std::bad_alloc&) {
    return report(Exit::memory, "out of memory", "fewer --workers, a smaller cohort, batch or network", json);
  } catch (const std::exception& error) {
    return report(Exit::internal, fmt::format("internal error: {}", printable(error.what(), 1000)),
                  "this is a fault of tocsin: please report it with the command and the experiment file", json);
  }
}

void warn(const std::string& message, bool json) {
  if (json)
    std::fputs((Json{{"warning", message}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n").c_str(), stderr);
  else
    std::fputs(fmt::format("tocsin: warning: {}\n", message).c_str(), stderr);
}

int report_stop(const std::string& what, int signal, bool json) {
  const int code = 128 + signal;
  const std::string message = fmt::format("stopped by SIG{}: {}", ::sigabbrev_np(signal), what);
  print({.exit = code, .message = message, .shown = message}, json);
  return code;
}

}  // namespace tocsin::apps
