// SPDX-License-Identifier: Apache-2.0
// tocsin completion bash: a completion script, made from the parser itself. And tocsin --version.
#include <fmt/format.h>

#include <cstdio>

#include "tocsin/lab/build_id.h"
#include "tocsin/nn/network.h"
#include "verbs.h"

namespace tocsin::apps {
namespace {
/// The case of one verb: what may follow the word before, else flags or words.
std::string verb_case(const VerbDoc& verb) {
  std::string values, flags;
  for (const FlagDoc& flag : verb.flags) {
    flags += (flags.empty() ? "" : " ") + flag.name;
    if (flag.takes_path)
      values += fmt::format("        {}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", flag.name);
    else if (!flag.choices.empty())
      values += fmt::format("        {}) COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return ;;\n", flag.name,
                            joined(flag.choices, " "));
    else if (flag.takes_value)
      values += fmt::format("        {}) return ;;\n", flag.name);
  }
  std::string text = fmt::format("    {})\n", verb.name);
  if (!values.empty()) text += fmt::format("      case $before in\n{}      esac\n", values);
  text += fmt::format("      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"{}\" -- \"$word\")); return; fi\n", flags);
  if (verb.takes_file) text += "      COMPREPLY=($(compgen -f -X '!*.toml' -- \"$word\") $(compgen -d -- \"$word\"))\n";
  if (!verb.words.empty()) text += fmt::format("      COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n", joined(verb.words, " "));
  return text + "      ;;\n";
}
}  // namespace

int completion(const CommandLine&) {
  std::vector<std::string> names;
  std::string cases;
  for (const VerbDoc& verb : verb_docs()) {
    names.push_back(verb.name);
    cases += verb_case(verb);
  }
  const std::string text = fmt::format(
      R"(# bash completion of tocsin; to use it: source <(tocsin completion bash)
_tocsin() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W "{} --help --version" -- "$word")); return; fi
  case $verb in
{}  esac
}}
complete -o filenames -F _tocsin tocsin
)",
      joined(names, " "), cases);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int version(const CommandLine&) {
  std::fputs(
      fmt::format("tocsin {}, build {}, {}\n{}\n", lab::version(), lab::build_id(), lab::compiler(), nn::numeric_class()).c_str(),
      stdout);
  return 0;
}

}  // namespace tocsin::apps
