// SPDX-License-Identifier: Apache-2.0
// The tocsin command: reads the command line, does one verb, turns what went wrong into one line and an exit code.
// Nothing heavy happens here: `tocsin --help` neither opens data nor wakes a numeric library.
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "command_line.h"
#include "failure.h"
#include "verbs.h"

namespace {
int do_verb(const tocsin::apps::CommandLine& line) {
  using namespace tocsin::apps;
  switch (line.verb) {
    case Verb::run:
      return run(line);
    case Verb::validate:
      return validate(line);
    case Verb::reproduce:
      return reproduce(line);
    case Verb::explain:
      return explain(line);
    case Verb::compare:
      return compare(line);
    case Verb::list:
      return list(line);
    case Verb::describe:
      return describe(line);
    case Verb::speed:
      return speed(line);
    case Verb::data:
      return data(line);
    case Verb::completion:
      return completion(line);
    case Verb::version:
      return version(line);
    case Verb::help:
      break;
  }
  std::fputs(line.help.c_str(), stdout);
  return 0;
}

/// Vectors of a megabyte and more go back to the system when they are freed. Left alone, glibc learns from the first one that is
/// freed to keep up to 32 MiB of them, and a run of ten clients holds a tenth more than it uses.
void give_back_large_vectors() {
  constexpr int kMegabyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kMegabyte);
  mallopt(M_TRIM_THRESHOLD, 4 * kMegabyte);
}
}  // namespace

int main(int argc, char** argv) {
  using namespace tocsin;
  give_back_large_vectors();
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error with a name, not a death
  try {
    const apps::CommandLine line = apps::read_command_line(argc, argv);
    const int code = do_verb(line);
    const bool reports = line.verb == apps::Verb::run || line.verb == apps::Verb::reproduce;  // to whom nobody may listen
    if ((!reports || line.json) && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0))
      throw RunError(Exit::io, "cannot write to standard output");
    return code;
  } catch (...) {
    return apps::report_failure(std::current_exception(), apps::wants_json(argc, argv));
  }
}
