// SPDX-License-Identifier: Apache-2.0
// The command line as a value; and what there is to complete.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/lab/experiment.h"

namespace tocsin::apps {

enum class Verb { help, version, run, validate, reproduce, explain, compare, list, describe, speed, data, completion };

/// Everything a verb may be told; each reads what is its own.
struct CommandLine {
  Verb verb = Verb::help;
  std::string help;          ///< to print, for Verb::help
  lab::Request request;      ///< run, validate
  std::string out = "runs";  ///< run; reproduce: empty is runs/<paper>
  std::size_t workers = 0;   ///< run, validate; 0: all CPUs
  std::optional<double> memory_limit_bytes;
  bool json = false, markdown = false;
  std::vector<std::string> names;  ///< list, describe, data, reproduce: what of
  std::string paper;               ///< reproduce; its seeds, size and files are those of `request`
  bool seeds_given = false, strict = false;
  std::string preset, library, neuron;              ///< explain, compare; empty: of the runs' [explain], or the default
  std::vector<std::string> methods, groups;         ///< explain: these alone; which images
  std::size_t round = 0;                            ///< explain, compare; 0: the last, with preset "paper" the eighth
  bool shared_scale = false;                        ///< explain: pair grids with one scale for both maps
  std::vector<std::string> benign, attacked, sham;  ///< compare: run directories
  bool write_maps = false;                          ///< compare
  std::string network_file, weights, input;         ///< explain: a network without a run
  std::string walk_precision;                       ///< explain; empty: the plan's
  std::string network;                              ///< speed; empty: each
  std::size_t batch = 32;
  std::string optimizer = "sgd", precision = "float32";
  double seconds = 1.0;
  std::string shell;                   ///< completion
  std::vector<std::string> arguments;  ///< argv, as given
};

/// Reads it. Throws RunError(Exit::usage) naming what is wrong and the nearest known names.
CommandLine read_command_line(int argc, const char* const* argv);

/// Whether errors are to be JSON: known before anything can go wrong.
bool wants_json(int argc, const char* const* argv);

/// One flag of a verb, and what may follow it.
struct FlagDoc {
  std::string name;  ///< "--out"
  bool takes_value = false;
  std::vector<std::string> choices;  ///< known values; empty: any
  bool takes_path = false;
};
/// What a verb takes, for shell completion.
struct VerbDoc {
  std::string name;
  std::vector<FlagDoc> flags;
  std::vector<std::string> words;  ///< positional words; empty: none known
  bool takes_file = false;
};
/// All verbs, by walking the very parser that reads them.
std::vector<VerbDoc> verb_docs();

/// "3.5G", "512M", "1000000". Nothing if it is no size.
std::optional<double> parse_bytes(const std::string& text);

}  // namespace tocsin::apps
