// SPDX-License-Identifier: Apache-2.0
// Reads facts and options from the code that uses them, so that neither list nor document can disagree with it.
#include "tocsin/lab/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "tocsin/attack/registry.h"
#include "tocsin/data/catalog.h"
#include "tocsin/data/partition.h"
#include "tocsin/defense/detector_registry.h"
#include "tocsin/defense/registry.h"
#include "tocsin/explain/registry.h"
#include "tocsin/explain/similarity.h"
#include "tocsin/lab/plan.h"
#include "tocsin/lab/table.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::lab {
namespace {

/// The options of a table that depend on one of its keys: those read when it is `value`.
template <class Read>
std::vector<OptionDoc> options_with(const char* key, const std::string& value, Read&& read) {
  Table table;
  table.set(key, {}, Value(value));
  Faults scratch;
  Options options(&table, {}, "", scratch);
  read(options);
  std::vector<OptionDoc> docs = options.documented();
  std::erase_if(docs, [&](const OptionDoc& doc) { return doc.key == key; });
  return docs;
}

/// What every entry of a registry says about itself; facts and example follow by kind.
template <class Interface>
CatalogueItem item_of(std::string_view kind, const Entry<Interface>& entry) {
  return {kind,
          std::string(entry.name),
          std::string(entry.summary),
          std::string(entry.paper),
          std::string(text(entry.status)),
          {},
          options_of(entry),
          ""};
}

std::string attack_places(const attack::Attack::Facts& facts) {
  std::vector<std::string> places;
  if (facts.poisons) places.emplace_back("shards before training");
  if (facts.trains) places.emplace_back("local training");
  if (facts.crafts) places.emplace_back("finished updates");
  return places.empty() ? "nowhere" : joined(places);
}

/// What an attacker may read at each level, beyond the level before it, and what at none.
void add_grants(CatalogueItem& item) {
  const auto list = [&](std::string title, auto&& belongs) {
    std::string words;
    for (const attack::Grant& grant : attack::grants())
      if (belongs(grant)) words += (words.empty() ? "" : "; ") + std::string(grant.what);
    item.facts.emplace_back(std::move(title), words);
  };
  for (const attack::Level level : {attack::Level::own, attack::Level::benign, attack::Level::server})
    list(level == attack::Level::own ? "may read" : fmt::format("and with \"{}\"", attack::text(level)),
         [level](const attack::Grant& grant) { return !grant.never && grant.from == level; });
  list("may never read", [](const attack::Grant& grant) { return grant.never; });
}

void add_attacks(std::vector<CatalogueItem>& items) {
  for (const Entry<attack::Attack>* entry : attack::attacks()) {
    const attack::Attack::Facts& facts = entry->facts;
    CatalogueItem item = item_of("attack", *entry);
    Faults scratch;
    Options defaults = Options::describing(scratch);
    item.facts.emplace_back("interferes with", attack_places(facts));
    item.facts.emplace_back("knowledge", fmt::format("\"{}\" or more", attack::text(facts.needs(defaults))));
    if (!facts.reads.empty()) item.facts.emplace_back("reads", facts.reads);
    add_grants(item);
    if (!facts.differs.empty()) item.facts.emplace_back("differs", facts.differs);
    if (facts.needs_targets) item.facts.emplace_back("needs", "targets");
    if (facts.stateful) item.facts.emplace_back("remembers", "something from round to round");
    if (!facts.fedsgd) item.facts.emplace_back("not with", "algorithm = \"fedsgd\"");
    item.example = fmt::format("[attack]\nname = \"{}\"", entry->name);
    if (facts.needs_targets) item.example += "\ntargets = { test_indices = [5454], wanted = [7] }";
    items.push_back(std::move(item));
  }
}

std::string laws(const defense::Aggregator::Facts& facts) {
  std::vector<std::string> held;
  if (facts.translation) held.emplace_back("translation");
  if (facts.scale) held.emplace_back("scale");
  if (facts.odd) held.emplace_back("oddness");
  if (facts.unanimous) held.emplace_back("unanimity");
  if (facts.robust) held.emplace_back("f rows of any size do no harm");
  return held.empty() ? "none" : joined(held);
}

/// What becomes of the sample counts that clients report.
std::string use_of_samples(const defense::Aggregator::Facts& facts) {
  const std::string when = facts.weighs_samples ? "by default" : "with weights = \"samples\"";
  switch (facts.weights) {
    case defense::WeightUse::none:
      return "cannot use sample counts: every row counts the same";
    case defense::WeightUse::mass:
      return when + " a row counts as often as its client has samples, and the f malicious rows are the f heaviest";
    case defense::WeightUse::mean:
      return when + (facts.selects ? " the rows it selects are averaged by sample counts, which do not select"
                                   : " rows are averaged by sample counts");
    case defense::WeightUse::vote:
      return when + " a row has as many votes as its client has samples";
  }
  return "";
}

void add_rules(std::vector<CatalogueItem>& items) {
  for (const Entry<defense::Aggregator>* entry : defense::aggregators()) {
    const defense::Aggregator::Facts& facts = entry->facts;
    CatalogueItem item = item_of("rule", *entry);
    item.facts.emplace_back("needs", fmt::format("at least {} clients a round", facts.min_clients_text));
    item.facts.emplace_back("shape", facts.shape == defense::Shape::column ? "column by column"
                                     : facts.shape == defense::Shape::gram ? "a weighted sum, by the inner products of rows"
                                                                           : "a composition");
    item.facts.emplace_back("laws", laws(facts));
    item.facts.emplace_back("rows", facts.averages ? "may be folded in as they finish" : "all held at once");
    item.facts.emplace_back("weights", use_of_samples(facts));
    if (!facts.by_mass.empty()) item.facts.emplace_back("by mass", facts.by_mass);
    if (facts.selects) item.facts.emplace_back("records", "which clients it selected");
    if (facts.stateful) item.facts.emplace_back("remembers", "something from round to round");
    item.example = fmt::format("[defense]\nrule = {{ name = \"{}\" }}", entry->name);
    items.push_back(std::move(item));
  }
}

void add_methods(std::vector<CatalogueItem>& items) {
  for (const Entry<explain::Method>* entry : explain::methods()) {
    const explain::Method::Facts& facts = entry->facts;
    CatalogueItem item = item_of("method", *entry);
    if (facts.conserves) item.facts.emplace_back("sums to", "the neuron's logit on networks without biases");
    if (!facts.depends_on_input) item.facts.emplace_back("beware", "does not depend on the input in a network without max-pools");
    if (facts.draws_noise)
      item.facts.emplace_back("noise", "drawn by image, the same for all models unless noise = \"independent\"");
    if (facts.needs_convolution) item.facts.emplace_back("needs", "a convolution");
    if (facts.needs_nonnegative) item.facts.emplace_back("needs", "layer inputs >= 0: a ReLU before every further layer");
    item.facts.emplace_back("drawn", facts.paint == explain::kMagnitudeGray  ? "magnitudes in gray"
                                     : facts.paint == explain::kPositiveGray ? "positive values in gray"
                                     : facts.paint == explain::kSignedGray   ? "gray, 0 in the middle"
                                                                             : "red and blue, 0 in the middle");
    item.example = fmt::format("[explain]\nmethods = [{{ name = \"{}\" }}]", entry->name);
    items.push_back(std::move(item));
  }
}

void add_similarities(std::vector<CatalogueItem>& items) {
  for (const explain::Similarity& similarity : explain::similarities()) {
    CatalogueItem item;
    item.kind = "similarity";
    item.name = std::string(similarity.name);
    item.summary = std::string(similarity.summary);
    item.status = std::string(text(Status::verified));
    if (similarity.distance) item.facts.emplace_back("direction", "a distance: negated before anything is compared");
    if (similarity.spatial) item.facts.emplace_back("needs", "maps of height and width: not for tabular data");
    item.example = fmt::format("[explain]\ncompare = {{ similarities = [\"{}\"] }}", similarity.name);
    items.push_back(std::move(item));
  }
}

void add_detectors(std::vector<CatalogueItem>& items) {
  for (const Entry<defense::Detector>* entry : defense::detectors()) {
    const defense::Detector::Facts& facts = entry->facts;
    CatalogueItem item = item_of("detector", *entry);
    item.facts.emplace_back("suspicion", std::string(facts.score));
    std::vector<std::string> keys;
    for (const defense::Detector::ReadingName& name : facts.readings)
      if (!name.title.empty()) keys.push_back(fmt::format("{}{}", entry->name, name.suffix));
    item.facts.emplace_back("records", joined(keys, " and "));
    item.facts.emplace_back("runs", facts.standard ? "in every round, unless standard_detectors = false" : "where it is listed");
    if (facts.needs_hold_out)
      item.facts.emplace_back("needs", facts.needs_explanations ? "a hold-out, [data] validation; without one it is refused"
                                                                : "a hold-out, [data] validation; without one it is skipped");
    if (facts.stateful) item.facts.emplace_back("remembers", "something from round to round");
    item.example = fmt::format("[defense]\ndetectors = [{{ name = \"{}\" }}]", entry->name);
    items.push_back(std::move(item));
  }
}

std::string shape_text(const data::Shape& shape) {
  if (shape.height == 1 && shape.width == 1) return std::to_string(shape.channels);
  return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

std::string layers_text(const nn::Architecture& network) {
  std::vector<std::string> words;
  for (const nn::Layer& layer : network.layers()) {
    std::string word(nn::text(layer.kind));
    if (layer.kind == nn::LayerKind::conv2d) word += fmt::format(" {} {}x{}", layer.filters, layer.kernel, layer.kernel);
    if (layer.kind == nn::LayerKind::max_pool || layer.kind == nn::LayerKind::avg_pool)
      word += fmt::format(" {}x{}", layer.kernel, layer.kernel);
    if (layer.kind == nn::LayerKind::dense) word += fmt::format(" {}", layer.units);
    if (layer.kind == nn::LayerKind::dropout) word += fmt::format(" {}", layer.rate);
    words.push_back(std::move(word));
  }
  return joined(words);
}

void add_networks(std::vector<CatalogueItem>& items) {
  for (const nn::BuiltIn& network : nn::built_in_networks()) {
    const nn::Architecture built = nn::built_in(network.name, network.usual_input, network.usual_outputs);
    CatalogueItem item{"network", std::string(network.name), std::string(network.summary), "", "", {}, {}, ""};
    item.facts.emplace_back("layers", layers_text(built));
    item.facts.emplace_back("parameters", fmt::format("{} for inputs of {} and {} outputs", grouped(built.parameters()),
                                                      shape_text(network.usual_input), network.usual_outputs));
    item.facts.emplace_back("work", fmt::format("{:.3g} MFLOP a sample in training, {:.3g} forward",
                                                built.flops_per_sample() * 1e-6, built.forward_flops_per_sample() * 1e-6));
    item.facts.emplace_back("loss",
                            built.loss() == nn::Loss::cross_entropy ? "cross-entropy over classes" : "squared error, a regression");
    item.example = fmt::format("[model]\nname = \"{}\"", network.name);
    items.push_back(std::move(item));
  }
}

void add_data(std::vector<CatalogueItem>& items) {
  for (const data::Known& known : data::known_datasets()) {
    CatalogueItem item{"data", known.name, known.summary, "", "", {}, {}, ""};
    item.options = options_with("dataset", known.name, [](Options& options) { data::read_source(options, ""); });
    if (known.places.empty()) {
      item.facts.emplace_back("origin", "made from the seed");
    } else {
      item.facts.emplace_back("licence", known.licence);
      item.facts.emplace_back("looked for in", joined(known.places));
      if (!known.install.empty()) item.facts.emplace_back("install", known.install);
    }
    item.example = fmt::format("[data]\ndataset = \"{}\"", known.name);
    items.push_back(std::move(item));
  }
}

struct PartitionKind {
  const char *name, *summary, *paper;
};
constexpr PartitionKind kPartitions[] = {
    {"iid", "one random permutation cut into equal shards", "McMahan et al., AISTATS 2017, arXiv:1602.05629"},
    {"dirichlet_by_class", "for each class, shares of the clients from a Dirichlet distribution: sizes differ",
     "Yurochkin et al., ICML 2019, arXiv:1905.12022"},
    {"dirichlet_by_client", "for each client, shares of the classes from a Dirichlet distribution: sizes are equal",
     "Hsu, Qi, Brown 2019, arXiv:1909.06335"},
    {"shards", "sorted by label, cut into pieces, a few pieces to each client", "McMahan et al., AISTATS 2017, arXiv:1602.05629"},
    {"power_law", "sizes fall by a power of the rank, samples at random", ""},
    {"file", "as a file says: one line a client, sample indices", ""}};

void add_partitions(std::vector<CatalogueItem>& items) {
  for (const PartitionKind& kind : kPartitions) {
    CatalogueItem item{"partition", kind.name, kind.summary, kind.paper, "", {}, {}, ""};
    item.options = options_with("kind", kind.name, [](Options& options) { data::read_partition(options, ""); });
    item.example = fmt::format("[partition]\nkind = \"{}\"", kind.name);
    items.push_back(std::move(item));
  }
}

std::string default_text(const OptionDoc& doc) { return doc.fallback.empty() ? "" : doc.fallback; }

/// Key, type, range, default, then the help on lines of its own.
std::string options_text(const std::vector<OptionDoc>& options, std::string_view indent) {
  std::string text;
  for (const OptionDoc& doc : options) {
    std::string line = fmt::format("{}: {}", doc.key, doc.type);
    if (!doc.range.empty()) line += ", " + doc.range;
    if (!doc.fallback.empty()) line += fmt::format(", default {}", default_text(doc));
    text += wrapped(line, 100, indent);
    text += wrapped(doc.help, 100, std::string(indent) + "    ");
  }
  return text;
}

std::string in_table(std::string text) {
  std::string result;
  for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
  return result;
}
}  // namespace

std::vector<std::string> catalogue_kinds() {
  return {"attacks", "rules", "detectors", "methods", "similarities", "networks", "data", "partitions"};
}

std::vector<CatalogueItem> catalogue() {
  std::vector<CatalogueItem> items;
  add_attacks(items);
  add_rules(items);
  add_detectors(items);
  add_methods(items);
  add_similarities(items);
  add_networks(items);
  add_data(items);
  add_partitions(items);
  return items;
}

std::string describe_text(const CatalogueItem& item) {
  std::string text = fmt::format("{}  ({}{}{})\n", item.name, item.kind, item.status.empty() ? "" : ", ", item.status);
  text += wrapped(item.summary, 100, "  ");
  if (!item.paper.empty()) text += "\n" + wrapped("paper: " + item.paper, 100, "  ");
  if (!item.facts.empty()) text += "\n";
  for (const auto& [what, words] : item.facts) text += wrapped(fmt::format("{}: {}", what, words), 100, "  ");
  text += item.options.empty() ? "\n  no options\n" : "\n  options\n" + options_text(item.options, "    ");
  text += "\n  in an experiment file\n";
  std::string_view rest = item.example;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += fmt::format("    {}\n", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string experiment_file_text() {
  std::string text;
  for (const TableDoc& table : experiment_file_docs()) {
    text += fmt::format("{}  {}\n", table.title, table.help);
    text += options_text(table.options, "  ") + "\n";
  }
  return text;
}

std::string experiment_file_markdown() {
  std::string text;
  for (const TableDoc& table : experiment_file_docs()) {
    text += fmt::format("### {}\n\n{}.\n\n| key | what it takes | default | meaning |\n| --- | --- | --- | --- |\n", table.title,
                        table.help);
    for (const OptionDoc& doc : table.options)
      text += fmt::format("| `{}` | {}{}{} | {} | {} |\n", doc.key, in_table(doc.type), doc.range.empty() ? "" : " ",
                          in_table(doc.range), doc.fallback.empty() ? "" : "`" + in_table(doc.fallback) + "`", in_table(doc.help));
    text += "\n";
  }
  return text;
}

}  // namespace tocsin::lab
