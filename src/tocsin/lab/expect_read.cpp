// SPDX-License-Identifier: Apache-2.0
// [[expect]] as written. A measure within `than` takes what it does not say from the one outside.
#include <algorithm>

#include "tocsin/lab/expect.h"
#include "tocsin/lab/sections.h"

namespace tocsin::lab {
namespace {
using Statistic = Measure::Statistic;

template <class T>
struct Word {
  std::string_view word;
  T value;
};
constexpr Word<Statistic> kStatistics[] = {{"last", Statistic::last},   {"at", Statistic::at},      {"max", Statistic::max},
                                           {"min", Statistic::min},     {"mean", Statistic::mean},  {"count", Statistic::count},
                                           {"share", Statistic::share}, {"first", Statistic::first}};
constexpr Word<Measure::Rounds> kAmong[] = {
    {"all", Measure::Rounds::all}, {"attacked", Measure::Rounds::attacked}, {"quiet", Measure::Rounds::quiet}};
constexpr Word<Whose> kWhose[] = {{"malicious", Whose::malicious},
                                  {"benign", Whose::benign},
                                  {"lowest_benign", Whose::lowest_benign},
                                  {"highest_benign", Whose::highest_benign}};
constexpr Word<Comparison> kComparisons[] = {{"<", Comparison::less},  {"<=", Comparison::at_most},
                                             {">", Comparison::more},  {">=", Comparison::at_least},
                                             {"=", Comparison::equal}, {"between", Comparison::between}};
constexpr Word<Size> kSizes[] = {{"both", Size::both}, {"full", Size::full}, {"small", Size::small}};

template <class T, std::size_t n>
T read_word(Options& options, std::string_view key, const Word<T> (&words)[n], std::optional<T> fallback, std::string_view help) {
  WordOption option{.help = help};
  for (const Word<T>& word : words) {
    option.words.push_back(word.word);
    if (fallback && *fallback == word.value) option.fallback = word.word;
  }
  const std::string chosen = options.word(key, option);
  for (const Word<T>& word : words)
    if (word.word == chosen) return word.value;
  return words[0].value;
}

struct Bound {
  double low = 0, high = 0;
};

std::optional<double> number_of(const Value& value) {
  if (const auto* count = value.as<std::int64_t>()) return static_cast<double>(*count);
  if (const double* number = value.as<double>()) return *number;
  return std::nullopt;
}

/// The key `value`: a number, or two of them for `between`.
Bound read_bound(Options& options, Comparison is, bool required) {
  const Value* value =
      options.raw("value", "number, or [least, largest] for \"between\"", std::nullopt, "what it is compared with");
  if (value == nullptr) {
    if (required && !options.is_describing()) options.fault("value", fmt::format("'value' is required in {}", options.title()));
    return {};
  }
  const bool pair = is == Comparison::between;
  const Array* array = value->as<Array>();
  if (pair && array != nullptr && array->size() == 2) {
    const std::optional<double> low = number_of((*array)[0]), high = number_of((*array)[1]);
    if (low && high && *low <= *high) return {*low, *high};
  }
  if (const std::optional<double> number = number_of(*value); number && !pair) return {*number, *number};
  options.fault("value",
                pair ? "is = \"between\" needs value = [least, largest]" : fmt::format("expected a number, got {}", value->kind()));
  return {};
}

/// A name, or a list of names, of variants.
std::vector<std::string> read_variant_names(Options& options, const std::vector<VariantName>& known,
                                            std::optional<std::vector<std::string>> fallback) {
  const Value* value =
      options.raw("variant", "name, or list of names", std::nullopt, "of which variant it speaks; of several, each run counts");
  std::vector<std::string> known_names;
  for (const VariantName& one : known) known_names.push_back(one.name);
  const bool none = known.size() == 1 && known.front().name.empty();
  if (value == nullptr) {
    if (fallback) return *fallback;
    if (!none && !options.is_describing())
      options.fault("variant", fmt::format("'variant' is required in {}: the file has some", options.title()),
                    "one of " + joined(known_names));
    return {known_names.front()};
  }
  std::vector<std::string> names;
  const auto add = [&](const Value& one) {
    const std::string* name = one.as<std::string>();
    if (name == nullptr)
      options.fault("variant", fmt::format("expected the name of a variant, got {}", one.kind()));
    else if (none)
      options.fault("variant", "the file has no variants");
    else if (std::find(known_names.begin(), known_names.end(), *name) == known_names.end())
      options.fault("variant", unknown_name("variant", *name, known_names));
    names.push_back(name == nullptr ? "" : *name);
  };
  if (const Array* array = value->as<Array>()) {
    for (const Value& one : *array) add(one);
    if (names.empty()) options.fault("variant", "the list of variants is empty");
  } else {
    add(*value);
  }
  return names;
}

/// Each named variant runs in every size of which the expectation speaks.
void check_sizes(Options& options, Size size, const std::vector<std::string>& names, const std::vector<VariantName>& known) {
  for (const VariantName& variant : known) {
    if (std::find(names.begin(), names.end(), variant.name) == names.end()) continue;
    for (const bool small : {false, true})
      if (belongs(size, small) && !belongs(variant.size, small))
        options.fault("variant", fmt::format("variant '{}' does not run in the {} size", variant.name, small ? "small" : "full"),
                      fmt::format("size = \"{}\"", small ? "full" : "small"));
  }
}

void read_where(Options& options, Measure& measure, bool inherited) {
  const bool needed =
      measure.statistic == Statistic::count || measure.statistic == Statistic::share || measure.statistic == Statistic::first;
  Options where = options.table("where", "count, share, first: which rounds, { is, value }");
  const bool given = options.has("where");
  if (given && !needed) options.fault("where", "'where' has no effect: only count, share and first look for rounds");
  if (!given && needed && !inherited && !options.is_describing())
    options.fault("statistic", "count, share and first need 'where'", "where = { is = \">\", value = 0.9 }");
  if (!given && !options.is_describing()) return;
  measure.where = read_word<Comparison>(where, "is", kComparisons, std::nullopt, "how the field compares with the value");
  const Bound bound = read_bound(where, measure.where, true);
  measure.where_low = bound.low;
  measure.where_high = bound.high;
}

void read_rounds(Options& options, Measure& measure) {
  const std::vector<std::size_t> rounds = options.counts(
      "rounds", {.fallback = std::vector<std::size_t>{}, .help = "[from, to] or [from]: only these, both included; empty: all"});
  if (rounds.empty()) return;
  measure.from = rounds.front();
  measure.to = rounds.size() > 1 ? rounds[1] : 0;
  if (rounds.size() > 2 || measure.from < 1 || (rounds.size() == 2 && measure.to < measure.from))
    options.fault("rounds", "'rounds' must be [from] or [from, to], counted from 1");
}

Measure read_measure(Options& options, const std::vector<RecordField>& fields, const Measure* outer) {
  Measure measure = outer == nullptr ? Measure{} : *outer;
  const auto from = [&](auto value) { return outer == nullptr ? std::optional<decltype(value)>{} : std::optional(value); };
  const std::string before = measure.field;
  measure.field = options.text(
      "field", {.fallback = outer == nullptr ? std::nullopt : std::optional<std::string_view>(before),
                .help = "of a record (records.jsonl), nesting by dots: target_confidence, stealth.accuracy_check.passed"});
  const auto field = std::find_if(fields.begin(), fields.end(), [&](const RecordField& one) { return one.name == measure.field; });
  if (field != fields.end()) measure.shape = field->shape;
  if (field == fields.end() && options.has("field")) {
    std::vector<std::string> known;
    for (const RecordField& one : fields) known.push_back(one.name);
    std::vector<std::string> near = nearest_names(measure.field, known);
    if (near.empty()) {  // a leaf named without its branch
      for (const std::string& name : known)
        if (near.size() < 3 && name.size() > measure.field.size() && name.ends_with("." + measure.field)) near.push_back(name);
    }
    options.fault("field", fmt::format("records have no field '{}'", printable(measure.field)),
                  near.empty() ? "docs/experiment-file.md lists them" : fmt::format("did you mean '{}'?", joined(near, "' or '")));
  }
  measure.statistic =
      read_word<Statistic>(options, "statistic", kStatistics, from(measure.statistic),
                           "over the rounds: its last value, the value at a round, max, min, mean; how many rounds, "
                           "which share of them, or which first one is as `where` says");
  const bool needs_round = measure.statistic == Statistic::at;
  const std::optional<std::size_t> round = detail::optional_count(options, "round", {.at_least = 1, .help = "for `at`"});
  if (round) measure.round = *round;
  if (needs_round && measure.round == 0 && !options.is_describing()) options.fault("statistic", "'at' needs 'round'");
  if (round && !needs_round) options.fault("round", "'round' has no effect: only statistic = \"at\" has one");
  read_rounds(options, measure);
  measure.among = read_word<Measure::Rounds>(options, "among", kAmong, measure.among,
                                             "only rounds with a malicious client in the cohort, or only those without");
  measure.of = read_word<Whose>(
      options, "of", kWhose, measure.of,
      "for lists over the cohort: the median of the malicious or of the benign clients, or an extreme of the benign ones");
  const bool list = field != fields.end() && field->shape != FieldShape::number;
  if (!list && field != fields.end() && options.has("of") && outer == nullptr)
    options.fault("of", fmt::format("'of' has no effect: {} is one number a round", measure.field));
  read_where(options, measure, outer != nullptr);
  return measure;
}

Expectation read_one(Options& options, const std::vector<VariantName>& variants, const std::vector<RecordField>& fields) {
  Expectation expectation;
  expectation.claim = options.text("claim", {.fallback = std::nullopt, .help = "in words: a line of the table"});
  expectation.of_paper =
      options.word(
          "by", {.fallback = "paper", .words = {"paper", "us"}, .help = "whose claim: the paper's, or a band that we measured"}) ==
      "paper";
  expectation.size = read_size(options, "of which size of the experiment it speaks");
  expectation.variants = read_variant_names(options, variants, std::nullopt);
  check_sizes(options, expectation.size, expectation.variants, variants);
  expectation.measure = read_measure(options, fields, nullptr);
  expectation.is =
      read_word<Comparison>(options, "is", kComparisons, std::nullopt, "how the statistic compares with `value` or `than`");
  expectation.every =
      options.word("over", {.fallback = "mean",
                            .words = {"mean", "every"},
                            .help = "with several runs: their means are compared, or every run has to hold"}) == "every";
  const bool relative = options.has("than");
  const Bound bound = read_bound(options, expectation.is, !relative);
  expectation.low = bound.low;
  expectation.high = bound.high;
  Options than =
      options.table("than",
                    "instead of value: the statistic of another variant, or another one: field, statistic, round, rounds, among, "
                    "of, where as above, by default those outside");
  if (relative && options.has("value")) options.fault("value", "'value' and 'than' cannot both stand here");
  if (relative && expectation.is == Comparison::between) options.fault("is", "'between' needs value = [least, largest]");
  if (relative || options.is_describing()) {
    Reference reference;
    reference.variants = read_variant_names(than, variants, expectation.variants);
    check_sizes(than, expectation.size, reference.variants, variants);
    if (!options.is_describing()) reference.measure = read_measure(than, fields, &expectation.measure);
    reference.times = than.number("times", {.fallback = 1.0, .help = "factor of it"});
    reference.plus = than.number("plus", {.fallback = 0.0, .help = "added to it"});
    if (reference.variants.size() != 1 && reference.variants.size() != expectation.variants.size())
      than.fault("variant", fmt::format("{} variants stand against {}", reference.variants.size(), expectation.variants.size()),
                 "one, or as many");
    expectation.than = reference;
  }
  return expectation;
}
}  // namespace

Size read_size(Options& options, std::string_view help) { return read_word<Size>(options, "size", kSizes, Size::both, help); }

std::vector<Expectation> read_expectations(Options& root, const std::vector<VariantName>& variants,
                                           const std::vector<RecordField>& fields) {
  std::vector<Expectation> expectations;
  for (Options& table : root.tables("expect", "what it is claimed to show"))
    expectations.push_back(read_one(table, variants, fields));
  return expectations;
}

void describe_expectation(Options& options) { read_one(options, {{}}, record_fields()); }

}  // namespace tocsin::lab
