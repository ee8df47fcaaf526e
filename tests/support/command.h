// SPDX-License-Identifier: Apache-2.0
// The real tocsin binary as a child process: its exit code, what it printed, and signals to it.
#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/files.h"

namespace tocsin::support {

/// What a child did. `code` is 128 + n if signal n ended it.
struct Ran {
  int code = -1;
  std::string out, err;
  double seconds = 0, peak_bytes = 0;  ///< resident
};

/// A running child. Its output goes to files of its folder.
class Command {
 public:
  using Environment = std::map<std::string, std::string>;
  explicit Command(std::vector<std::string> arguments, const Environment& extra = {}) {
    arguments.insert(arguments.begin(), TOCSIN_COMMAND);
    std::vector<std::string> variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string line = *entry, name = line.substr(0, line.find('='));
      // Variables that change warnings, colours or data are the test's business alone.
      if (name.rfind("OPENBLAS_", 0) == 0 || name == "NO_COLOR" || name == "TOCSIN_DATA" || extra.count(name) > 0) continue;
      variables.push_back(line);
    }
    for (const auto& [name, value] : extra) variables.push_back(name + "=" + value);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, folder_.at("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, folder_.at("err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failed =
        posix_spawn(&child_, TOCSIN_COMMAND, &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " TOCSIN_COMMAND);
  }
  ~Command() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  void signal(int number) const { ::kill(child_, number); }
  [[nodiscard]] std::string out() const { return contents(folder_.at("out")); }
  Ran wait() {
    int status = 0;
    struct rusage used {};
    ::wait4(child_, &status, 0, &used);
    child_ = -1;
    Ran ran;
    ran.peak_bytes = 1024.0 * static_cast<double>(used.ru_maxrss);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ran.out = out();
    ran.err = contents(folder_.at("err"));
    ran.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    return ran;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    for (std::string& word : words) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
  }
  Folder folder_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  pid_t child_ = -1;
};

/// Starts it and waits for its end.
inline Ran tocsin(const std::vector<std::string>& arguments, const Command::Environment& extra = {}) {
  return Command(arguments, extra).wait();
}

inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace tocsin::support
