// SPDX-License-Identifier: Apache-2.0
// The parser. CLI11 is included here and nowhere else: it costs seconds a file.
#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <map>

#include "tocsin/data/catalog.h"
#include "tocsin/lab/catalogue.h"
#include "tocsin/lab/reproduce.h"
#include "tocsin/lab/sections.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::apps {
namespace {
constexpr std::size_t kMostWorkers = 1024, kMostSeeds = 10'000, kMostBatch = 65'536;

std::string check_seconds(const std::string& text) {
  double seconds = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool fine = code == std::errc() && rest == text.data() + text.size() && seconds >= 0.05 && seconds <= 3600.0;
  return fine ? "" : fmt::format("'{}' must be seconds in [0.05, 3600]", printable(text));
}

/// The parser of all verbs, writing into one CommandLine.
class Parser {
 public:
  Parser() {
    app_.set_help_flag("-h,--help", "print this and end");
    app_.allow_extras();
    app_.add_flag("--version", show_version_, "print version, build id and instruction set, and end");
    app_.footer(
        "Examples:\n"
        "  tocsin run experiments/quickstart.toml\n"
        "  tocsin validate experiments/quickstart.toml\n"
        "  tocsin list rules\n"
        "`tocsin VERB --help` says what a verb takes.");
    add_run();
    add_validate();
    add_reproduce();
    add_explain();
    add_compare();
    add_list();
    add_describe();
    add_speed();
    add_data();
    add_completion();
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  CommandLine parse(int argc, const char* const* argv) {
    line_.arguments.assign(argv, argv + argc);
    if (argc < 2) throw RunError(Exit::usage, "a verb is needed", "tocsin --help shows them all");
    const std::string first = argv[1];
    if (first == "help") return help_of(argc > 2 ? argv[2] : "");
    if (!first.starts_with("-") && verbs_.find(first) == verbs_.end())
      throw RunError(Exit::usage, unknown_name("verb", first, verb_names()), "tocsin --help");
    try {
      app_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      return help_of(first.starts_with("-") ? "" : first);
    } catch (const CLI::ParseError& error) {
      throw RunError(Exit::usage, printable(error.what(), 1000), fmt::format("see {} --help", name_of(first)));
    }
    if (show_version_) line_.verb = Verb::version;
    if (!show_version_ && verbs_.find(first) == verbs_.end()) refuse_rest(app_, "tocsin");
    if (const auto found = verbs_.find(first); found != verbs_.end()) {
      line_.verb = found->second.verb;
      refuse_rest(*found->second.app, "tocsin " + first);
    }
    if (line_.verb == Verb::reproduce) line_.out = reproduce_out_;
    if (line_.verb == Verb::explain || line_.verb == Verb::compare) line_.out = explain_out_;
    return line_;
  }

  [[nodiscard]] std::vector<VerbDoc> docs() {
    std::vector<VerbDoc> docs;
    for (const CLI::App* verb : app_.get_subcommands([](const CLI::App*) { return true; })) {
      VerbDoc doc;
      doc.name = verb->get_name();
      for (const CLI::Option* option : verb->get_options()) {
        if (option->get_positional()) doc.takes_file = doc.takes_file || option->get_name(true) == "FILE";
        if (option->get_lnames().empty()) continue;
        FlagDoc flag{"--" + option->get_lnames().front(), option->get_items_expected_max() > 0, {}, false};
        if (const auto choices = choices_.find(flag.name); choices != choices_.end()) flag.choices = choices->second;
        flag.takes_path = flag.name == "--out";
        doc.flags.push_back(std::move(flag));
      }
      if (doc.name == "list") doc.words = lab::catalogue_kinds();
      if (doc.name == "describe") {
        doc.words = {"experiment"};
        for (const lab::CatalogueItem& item : lab::catalogue()) doc.words.push_back(item.name);
      }
      if (doc.name == "data")
        for (const data::Known& known : data::known_datasets()) doc.words.push_back(known.name);
      if (doc.name == "reproduce") doc.words = lab::known_papers();
      if (doc.name == "completion") doc.words = {"bash"};
      docs.push_back(std::move(doc));
    }
    return docs;
  }

 private:
  struct VerbApp {
    Verb verb;
    CLI::App* app;
  };

  CLI::App* add(const char* name, Verb verb, const char* what, const char* examples) {
    CLI::App* app = app_.add_subcommand(name, what);
    app->set_help_flag("-h,--help", "print this and end");
    app->footer(std::string("Examples:\n") + examples);
    app->allow_extras();
    verbs_[name] = {verb, app};
    return app;
  }
  void add_json(CLI::App& app, const char* what) { app.add_flag("--json", line_.json, what); }
  void add_file(CLI::App& app) { app.add_option("FILE", line_.request.file, "experiment file (TOML)")->required()->type_name(""); }
  void add_choice(CLI::App& app, const char* flag, std::string& to, const std::vector<std::string>& words, const char* what) {
    choices_[flag] = words;
    app.add_option(flag, to, what)
        ->check(CLI::IsMember(words).description(""))
        ->type_name(fmt::format("({})", joined(words)))
        ->capture_default_str();
  }

  void add_plan_flags(CLI::App& app) {
    add_file(app);
    app.add_option("--variant", line_.request.variant, "only this variant of the file")->type_name("NAME");
    add_set(app, "override a key of the file, for all variants; may be repeated");
    app.add_flag("--small", line_.request.small, "the small size that the file's [small] table describes");
    add_seeds(app, "run the seeds seed .. seed + N - 1");
    add_machine_flags(app);
  }
  void add_set(CLI::App& app, const char* what) {
    app.add_option("--set", line_.request.settings, what)->type_name("KEY=VALUE")->allow_extra_args(false);
  }
  void add_seeds(CLI::App& app, const char* what) {
    app.add_option_function<std::size_t>(
           "--seeds",
           [this](std::size_t seeds) {
             line_.request.seeds = seeds;
             line_.seeds_given = true;
           },
           what)
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMostSeeds).description(""));
  }
  void add_machine_flags(CLI::App& app) {
    app.add_option("--workers", line_.workers, "clients that train at once; default: one a CPU. Never changes a result")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMostWorkers).description(""));
    app.add_option_function<std::string>(
           "--memory-limit",
           [this](const std::string& text) {
             line_.memory_limit_bytes = parse_bytes(text);
             if (!line_.memory_limit_bytes)
               throw CLI::ValidationError("--memory-limit", fmt::format("'{}' is no size: 3.5G, 512M", printable(text)));
           },
           "memory that may be used at most")
        ->type_name("SIZE");
  }

  void add_run() {
    CLI::App* app = add("run", Verb::run, "run an experiment file: all its variants, or one, over one or more seeds",
                        "  tocsin run experiments/quickstart.toml\n"
                        "  tocsin run exp.toml --variant attacked --seeds 5\n"
                        "  tocsin run exp.toml --set federation.rounds=3 --set defense.rule=median --out /tmp/runs");
    add_plan_flags(*app);
    app->add_option("--out", line_.out, "folder of the run directories")->type_name("DIR")->capture_default_str();
    add_json(*app, "results as JSON on standard output, errors as JSON on standard error");
  }
  void add_validate() {
    CLI::App* app =
        add("validate", Verb::validate, "print the plan with every default, its memory and time; train nothing, create nothing",
            "  tocsin validate experiments/quickstart.toml\n"
            "  tocsin validate exp.toml --set partition.clients=1000 --memory-limit 4G");
    add_plan_flags(*app);
    add_json(*app, "as JSON");
  }
  void add_reproduce() {
    CLI::App* app = add("reproduce", Verb::reproduce,
                        "run a paper's experiments, each distinct plan once, and hold its claims against what came out",
                        "  tocsin reproduce bhagoji2019 --small\n"
                        "  tocsin reproduce bhagoji2019 P1 P4 --small --seeds 5\n"
                        "  tocsin reproduce my/folder --strict\n"
                        "Finished runs below --out are used again: to go on after a stop, give the same command.");
    app->add_option("PAPER", line_.paper, "a folder of experiments/, or the path of a folder of experiment files")->required();
    app->add_option("NAME", line_.names, "only these experiments: P1, P4");
    app->add_flag("--small", line_.request.small, "each in the small size that its [small] table describes");
    add_set(*app, "override a key of every file; may be repeated, and the table says so");
    add_seeds(*app, "seeds of each experiment; default: 3 in the small size, else 1");
    add_machine_flags(*app);
    app->add_option_function<std::string>(
           "--out", [this](const std::string& text) { reproduce_out_ = text; },
           "folder of the run directories and of the table; default: runs/PAPER")
        ->type_name("DIR");
    app->add_flag("--strict", line_.strict, "end with 3 if a claim is not reproduced");
    add_json(*app, "the table as JSON on standard output, errors as JSON on standard error");
  }
  /// A flag with a list of names, "a,b", that may be repeated.
  void add_names(CLI::App& app, const char* flag, std::vector<std::string>& to, const char* type, const char* what) {
    app.add_option(flag, to, what)->type_name(type)->delimiter(',')->allow_extra_args(false);
  }
  void add_view_flags(CLI::App& app) {
    add_choice(app, "--preset", line_.preset, {"sane", "paper"}, "the methods done right, or what the published script drew");
    add_choice(app, "--library", line_.library, {"1.0.4", "1.0.5", "1.0.6"},
               "with --preset paper: version of the script's library");
    app.add_option("--round", line_.round, "the model after this round; default: the last, with --preset paper the eighth")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}).description(""));
    app.add_option_function<std::string>(
           "--out", [this](const std::string& text) { explain_out_ = text; }, "folder of figures and tables; default: explanations")
        ->type_name("DIR");
  }
  void add_explain() {
    CLI::App* app = add(
        "explain", Verb::explain, "draw what methods of explanation show of the models of runs, or of any network",
        "  tocsin explain runs/001/quickstart-attacked-s1 --preset paper\n"
        "  tocsin explain runs/001/quickstart-clean-s1 runs/001/quickstart-attacked-s1\n"
        "  tocsin explain --network net.toml --weights net.safetensors --input x.npy --neuron class:0 --methods lrp_z,gradient\n"
        "One grid a run; of two runs a pair grid too. A network without a run: maps in DIR/<method>.npy.");
    app->add_option("RUN", line_.names, "directories of finished runs");
    add_view_flags(*app);
    add_names(*app, "--methods", line_.methods, "NAME,...", "these methods alone (`tocsin list methods`)");
    add_names(*app, "--images", line_.groups, "GROUP,...",
              "which images: target, same_class, target_class, other; default: target");
    app->add_option("--neuron", line_.neuron, "own (default), label, target or class:K: what the maps are about")
        ->type_name("NEURON");
    app->add_flag("--shared-scale", line_.shared_scale, "pair grids: one scale for both maps of a pair");
    add_set(*app, "an option of the methods, key=value or method.key=value; may be repeated");
    app->add_option("--network", line_.network_file, "a network without a run: layers as in [model] of an experiment file")
        ->type_name("FILE.toml");
    app->add_option("--weights", line_.weights, "its weights")->type_name("FILE.safetensors");
    app->add_option("--input", line_.input, "its inputs, [n, C, H, W] or [n, features]")->type_name("FILE.npy");
    add_choice(*app, "--precision", line_.walk_precision, {"float32", "float64"},
               "of the walks; default: what [explain] of the run says, else float32");
    add_workers(*app);
    add_json(*app, "what was written as JSON on standard output");
  }
  void add_compare() {
    CLI::App* app = add("compare", Verb::compare, "measure whether explanations tell attacked models from benign ones",
                        "  tocsin compare --benign runs/p13-clean-s* --attacked runs/p13-attacked-s* --sham runs/p13-sham-s*\n"
                        "  tocsin compare --benign a b c --attacked d e f --preset paper --set images.other=20 --out comparison\n"
                        "Runs of one federation that kept their models ([explain] in the experiment file).");
    const auto add_runs = [&](const char* flag, std::vector<std::string>& to, const char* what) {
      return app->add_option(flag, to, what)->type_name("RUN ...");
    };
    add_runs("--benign", line_.benign, "runs without an attack, of different seeds")->required();
    add_runs("--attacked", line_.attacked, "runs with it")->required();
    add_runs("--sham", line_.sham, "runs whose attacker trains honestly (attack \"sham\")");
    add_view_flags(*app);
    add_set(*app, "a key of [explain], images.other=20; may be repeated");
    app->add_flag("--maps", line_.write_maps, "write the maps of the first pair as maps/*.npy");
    add_workers(*app);
    add_json(*app, "verdicts as JSON lines on standard output");
  }
  void add_workers(CLI::App& app) {
    app.add_option("--workers", line_.workers, "threads; default: one a CPU. Never changes a result")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMostWorkers).description(""));
  }
  void add_list() {
    CLI::App* app = add("list", Verb::list, "list attacks, rules, detectors, networks, data sets, partitions",
                        "  tocsin list\n  tocsin list attacks");
    app->add_option("KIND", line_.names, "only these kinds: " + joined(lab::catalogue_kinds()));
    add_json(*app, "as JSON");
  }
  void add_describe() {
    CLI::App* app =
        add("describe", Verb::describe, "paper, facts and options of a name; 'experiment': every key of an experiment file",
            "  tocsin describe krum\n  tocsin describe lenet explicit_boosting\n  tocsin describe experiment");
    app->add_option("NAME", line_.names, "names as `tocsin list` prints them, or 'experiment'")->required();
    app->add_flag("--markdown", line_.markdown, "for 'experiment': as the tables of docs/experiment-file.md");
    add_json(*app, "as JSON");
  }
  void add_speed() {
    CLI::App* app =
        add("speed", Verb::speed, "measure how fast one thread trains each built-in network, and what share of its peak that is",
            "  tocsin speed\n  tocsin speed --network lenet --batch 50 --optimizer adam --precision bf16 --seconds 5");
    app->add_option("--network", line_.network, "only this one (`tocsin list networks`)")->type_name("NAME");
    app->add_option("--batch", line_.batch, "samples a step")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, kMostBatch).description(""))
        ->capture_default_str();
    add_choice(*app, "--optimizer", line_.optimizer, {"sgd", "momentum", "adam"},
               "optimizer of the steps; momentum is sgd with 0.9");
    add_choice(*app, "--precision", line_.precision, {"float32", "bf16", "float64"}, "precision");
    app->add_option("--seconds", line_.seconds, "for each network, about")
        ->type_name("S")
        ->check(CLI::Validator(check_seconds, ""))
        ->capture_default_str();
    for (const nn::BuiltIn& network : nn::built_in_networks()) choices_["--network"].emplace_back(network.name);
    add_json(*app, "one object a line");
  }
  void add_data() {
    CLI::App* app =
        add("data", Verb::data, "show which data sets were found, where and what is in them, and what to install otherwise",
            "  tocsin data\n  tocsin data fashion_mnist");
    app->add_option("NAME", line_.names, "only these data sets");
    add_json(*app, "as JSON");
  }
  void add_completion() {
    CLI::App* app =
        add("completion", Verb::completion, "print a completion script for a shell", "  source <(tocsin completion bash)");
    app->add_option("SHELL", line_.shell, "bash")->required()->check(CLI::IsMember({"bash"}).description(""))->type_name("");
  }

  [[nodiscard]] std::vector<std::string> verb_names() const {
    std::vector<std::string> names;
    for (const CLI::App* verb : app_.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
    return names;
  }
  [[nodiscard]] std::string name_of(const std::string& first) const {
    return verbs_.find(first) == verbs_.end() ? "tocsin" : "tocsin " + first;
  }

  CommandLine help_of(const std::string& verb) {
    line_.verb = Verb::help;
    const auto found = verbs_.find(verb);
    if (!verb.empty() && found == verbs_.end())
      throw RunError(Exit::usage, unknown_name("verb", verb, verb_names()), "tocsin --help");
    line_.help = found == verbs_.end() ? app_.help() : found->second.app->help("tocsin");
    return line_;
  }

  /// What CLI11 could not place: further settings behind --set, unknown flags, words too many.
  void refuse_rest(CLI::App& app, const std::string& name) {
    for (const std::string& word : app.remaining()) {
      if (word == "--") continue;
      if (!word.starts_with("-") && !line_.request.settings.empty() && word.find('=') != std::string::npos) {
        line_.request.settings.push_back(word);
        continue;
      }
      if (!word.starts_with("-"))
        throw RunError(Exit::usage, fmt::format("'{}' takes no '{}' here", name, printable(word)),
                       fmt::format("see {} --help", name));
      const std::string flag = word.substr(0, word.find('='));
      std::vector<std::string> known;
      for (const CLI::Option* option : app.get_options())
        for (const std::string& one : option->get_lnames()) known.push_back("--" + one);
      const std::vector<std::string> near = nearest_names(flag, known);
      throw RunError(Exit::usage, fmt::format("unknown flag '{}' of '{}'; known: {}", printable(flag), name, joined(known)),
                     near.empty() ? "" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
    }
  }

  CommandLine line_;
  CLI::App app_{"Tocsin attacks and defends federated learning: how would it be poisoned, would anyone notice, what would stop it?",
                "tocsin"};
  bool show_version_ = false;
  std::string reproduce_out_, explain_out_ = "explanations";
  std::map<std::string, VerbApp> verbs_;
  std::map<std::string, std::vector<std::string>> choices_;
};
}  // namespace

CommandLine read_command_line(int argc, const char* const* argv) { return Parser().parse(argc, argv); }

bool wants_json(int argc, const char* const* argv) {
  return std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--json"; });
}

std::vector<VerbDoc> verb_docs() { return Parser().docs(); }

std::optional<double> parse_bytes(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc() || !(value > 0.0) || !(value < 1e18)) return std::nullopt;
  std::string unit(rest, end);
  if (unit.size() > 1 && (unit.ends_with("iB") || unit.ends_with("B"))) unit = unit.substr(0, 1);
  if (unit.empty() || unit == "B") return value;
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t power = kUnits.find(unit[0]);
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  for (std::size_t k = 0; k <= power; ++k) value *= 1024.0;
  return value;
}

}  // namespace tocsin::apps
