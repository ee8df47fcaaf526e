// SPDX-License-Identifier: Apache-2.0
// The command as a user meets it: help, version, unknown words, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/command.h"

namespace tocsin::support {
namespace {
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Command, WithoutAVerbSaysWhereHelpIs) {
  const Ran ran = tocsin({});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err, "tocsin: error[E2] a verb is needed; tocsin --help shows them all\n");
  EXPECT_EQ(ran.out, "");
}

TEST(Command, HelpNamesEveryVerb) {
  const Ran ran = tocsin({"--help"});
  EXPECT_EQ(ran.code, 0);
  for (const char* verb : {"run", "validate", "list", "describe", "speed", "data", "completion"})
    EXPECT_THAT(ran.out, HasSubstr(verb));
}

TEST(Command, EveryVerbHasHelpWithExamples) {
  for (const char* verb : {"run", "validate", "list", "describe", "speed", "data", "completion"}) {
    const Ran ran = tocsin({verb, "--help"});
    EXPECT_EQ(ran.code, 0) << verb;
    EXPECT_THAT(ran.out, HasSubstr(std::string("Usage: tocsin ") + verb));
    EXPECT_THAT(ran.out, HasSubstr("Examples:"));
    EXPECT_EQ(tocsin({"help", verb}).out, ran.out);
    for (const std::string& line : lines_of(ran.out)) EXPECT_LE(line.size(), 132u) << line;
  }
}

TEST(Command, VersionNamesBuildAndInstructionSet) {
  const Ran ran = tocsin({"--version"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out,
              ::testing::MatchesRegex("tocsin [0-9.]+, build [0-9a-f]+, [^\n]+\noneDNN [^\n]+OpenBLAS [^\n]+Highway [^\n]+\n"));
}

TEST(Command, UnknownVerbsAndFlagsNameTheNearest) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"rnu"},
       "tocsin: error[E2] unknown verb 'rnu'; known: run, validate, reproduce, explain, compare, list, describe, speed, data, "
       "completion; did you "
       "mean 'run'?; "
       "tocsin --help"},
      {{"run", "x.toml", "--sed", "3"},
       "tocsin: error[E2] unknown flag '--sed' of 'tocsin run'; known: --help, --variant, --set, --small, --seeds, --workers, "
       "--memory-limit, --out, --json; did you mean '--set'?"},
      {{"--versoin"},
       "tocsin: error[E2] unknown flag '--versoin' of 'tocsin'; known: --help, --version; did you mean '--version'?"},
      {{"run", "a.toml", "b.toml"}, "tocsin: error[E2] 'tocsin run' takes no 'b.toml' here; see tocsin run --help"},
      {{"run"}, "tocsin: error[E2] FILE is required; see tocsin run --help"},
      {{"list", "atacks"},
       "tocsin: error[E2] unknown kind 'atacks'; known: attacks, rules, detectors, methods, similarities, networks, data, "
       "partitions; did you mean "
       "'attacks'?"},
      {{"describe", "krumm"}, "tocsin: error[E2] nothing is named 'krumm'; did you mean 'krum'?"},
      {{"describe", "rhubarb"}, "tocsin: error[E2] nothing is named 'rhubarb'; `tocsin list` prints all names"},
      {{"data", "minst"},
       "tocsin: error[E2] unknown data set 'minst'; known: fashion_mnist, mnist, adult, quadratic, blobs; did you mean 'mnist'?"},
      {{"help", "runn"},
       "tocsin: error[E2] unknown verb 'runn'; known: run, validate, reproduce, explain, compare, list, describe, speed, data, "
       "completion; did you "
       "mean 'run'?; "
       "tocsin --help"},
      {{"speed", "--network", "lenett"},
       "tocsin: error[E2] unknown network 'lenett'; known: paper_cnn, lenet, mnist_cnn, small_cnn, mlp, softmax, census_mlp, "
       "linear; did you mean 'lenet'?"},
  };
  for (const auto& [arguments, line] : cases) {
    const Ran ran = tocsin(arguments);
    EXPECT_EQ(ran.code, 2) << line;
    EXPECT_EQ(ran.err, line + "\n");
  }
}

TEST(Command, RefusesValuesThatMakeNoSense) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"run", "x.toml", "--seeds", "0"},
                                             {"run", "x.toml", "--seeds", "many"},
                                             {"run", "x.toml", "--workers", "-1"},
                                             {"run", "x.toml", "--memory-limit", "3 pounds"},
                                             {"run", "x.toml", "--out"},
                                             {"speed", "--batch", "0"},
                                             {"speed", "--seconds", "nan"},
                                             {"speed", "--optimizer", "lion"},
                                             {"completion", "fish"}}) {
    const Ran ran = tocsin(arguments);
    EXPECT_EQ(ran.code, 2) << arguments[1];
    EXPECT_THAT(ran.err, StartsWith("tocsin: error[E2] "));
    EXPECT_EQ(lines_of(ran.err).size(), 1u) << ran.err;
  }
}

TEST(Command, EscapesWhatItQuotes) {
  const Ran ran = tocsin({"ru\x1b[31mn"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("\\x1b[31m"));
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
}

TEST(Command, ListKnowsEveryKind) {
  const Ran ran = tocsin({"list"});
  EXPECT_EQ(ran.code, 0);
  for (const char* name : {"explicit_boosting", "multi_krum", "paper_cnn", "fashion_mnist", "dirichlet_by_client"})
    EXPECT_THAT(ran.out, HasSubstr(name));
  const Ran rules = tocsin({"list", "rules"});
  EXPECT_THAT(rules.out, HasSubstr("krum"));
  EXPECT_THAT(rules.out, ::testing::Not(HasSubstr("sign_flip")));
  EXPECT_THAT(tocsin({"list", "--json", "attacks"}).out, HasSubstr("\"name\": \"sign_flip\""));
}

TEST(Command, DescribesOptionsWithDefaultsAndRanges) {
  const Ran ran = tocsin({"describe", "explicit_boosting"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("boost: number or auto, > 0, default \"auto\""));
  EXPECT_THAT(ran.out, HasSubstr("arXiv:1811.12470"));
  EXPECT_THAT(tocsin({"describe", "krum"}).out, HasSubstr("at least 2f+3 clients a round"));
  EXPECT_THAT(tocsin({"describe", "krum"}).out, HasSubstr("with weights = \"samples\" a row counts as often as its client has"));
  EXPECT_THAT(tocsin({"describe", "weighted_mean"}).out, HasSubstr("by default rows are averaged by sample counts"));
  EXPECT_THAT(tocsin({"describe", "experiment"}).out, HasSubstr("stop_at_accuracy"));
}

TEST(Command, CompletionIsAScriptThatBashAccepts) {
  const Folder folder;
  const std::string script = folder.write("completion", tocsin({"completion", "bash"}).out);
  const auto completed = [&](const std::string& words) {
    const std::string answer = folder.at("answer");
    const std::string line = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _tocsin; echo \"${COMPREPLY[*]}\"' > " + answer;
    EXPECT_EQ(std::system(line.c_str()), 0);
    return contents(answer);
  };
  EXPECT_EQ(completed("tocsin v"), "validate\n");
  EXPECT_EQ(completed("tocsin run --se"), "--set --seeds\n");
  EXPECT_EQ(completed("tocsin speed --optimizer a"), "adam\n");
  EXPECT_EQ(completed("tocsin describe mul"), "multi_krum\n");
  EXPECT_EQ(completed("tocsin list r"), "rules\n");
}

}  // namespace
}  // namespace tocsin::support
