// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/run_comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/explain/plane.h"
#include "tocsin/lab/record_fields.h"

namespace tocsin::lab {
namespace {
constexpr std::size_t kSanityImages = 32;

using explain::Explainer;
using explain::Maps;
using explain::Plane;
using explain::Set;

/// Maps of one model for one neuron mode: [methods].
using MapsOf = std::vector<Maps>;

std::size_t find_seed(const std::vector<RecordedRun>& runs, std::uint64_t seed) {
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (runs[i].plan().seed == seed) return i;
  return runs.size();
}

double number_of(const RecordedRun& run, std::size_t round, std::string_view field) {
  return value_in(run.record(round), field, Whose::malicious).value_or(std::nan(""));
}

/// Everything that stays the same while models come and go.
class Comparing {
 public:
  Comparing(const ComparedRuns& runs, const ExplainPlan& plan, std::size_t round, DataShelf& shelf, Workers& workers,
            const CompareProgress& progress, std::stop_token stop)
      : runs_(runs),
        setting_(make_setting(runs.benign.front().plan(), shelf.get(runs.benign.front().plan()))),
        workers_(workers),
        progress_(progress),
        stop_(std::move(stop)),
        round_(round) {
    const data::Dataset& test = *setting_.problem.test;
    targets_ = make_setting(target_run().plan(), shelf.get(target_run().plan())).targets;
    Faults faults;
    check_explain(plan, setting_.architecture, test, !targets_.empty(), faults);
    faults.raise();
    result_.plan = plan;
    result_.plan.engine.stop = stop_;
    result_.shape = test.shape;
    result_.methods = plan.methods_for(setting_.architecture, data::has_negative(test));
    result_.class_names = test.class_names;
    result_.groups = choose_images(test, targets_, plan.images, plan.seed);
    std::vector<std::uint32_t> samples;
    for (const ImageGroup& group : result_.groups) samples.insert(samples.end(), group.samples.begin(), group.samples.end());
    result_.images = images_of(test, samples, targets_);
    result_.undefined_maps.assign(result_.methods.size(), 0);
    find_others();
  }

  RunComparison run() {
    for (const explain::NeuronMode& mode : modes()) compare_mode(mode);
    check_sanity();
    std::stable_partition(result_.cells.begin(), result_.cells.end(), [](const ComparedCell& cell) { return cell.is_primary; });
    return std::move(result_);
  }

 private:
  [[nodiscard]] const RecordedRun& target_run() const { return runs_.attacked.front(); }
  /// Of the neuron mode at hand.
  [[nodiscard]] std::size_t images() const { return explained_.size(); }
  [[nodiscard]] std::size_t benign() const { return runs_.benign.size(); }
  [[nodiscard]] std::size_t attacked() const { return runs_.attacked.size(); }

  /// The modes of the plan; with targets the attacker's class as well.
  [[nodiscard]] std::vector<explain::NeuronMode> modes() const {
    std::vector<explain::NeuronMode> modes = result_.plan.neurons;
    const bool has_target =
        std::any_of(modes.begin(), modes.end(), [](const auto& mode) { return mode.kind == explain::NeuronMode::Kind::target; });
    if (!targets_.empty() && !has_target) modes.push_back({explain::NeuronMode::Kind::target});
    return modes;
  }

  /// F1: the next image of the same true class in the group, a lone target's from `same_class`; itself where there is none.
  void find_others() {
    std::size_t begin = 0, same_class_begin = 0, same_class_end = 0;
    for (const ImageGroup& group : result_.groups) {
      if (group.name == "same_class") same_class_begin = begin, same_class_end = begin + group.samples.size();
      begin += group.samples.size();
    }
    begin = 0;
    for (const ImageGroup& group : result_.groups) {
      const std::size_t end = begin + group.samples.size();
      for (std::size_t i = begin; i < end; ++i) {
        std::size_t other = next_of_class(i, begin, end);
        if (other == i) other = next_of_class(i, same_class_begin, same_class_end);
        other_image_.push_back(other);
      }
      begin = end;
    }
  }
  [[nodiscard]] std::size_t next_of_class(std::size_t i, std::size_t begin, std::size_t end) const {
    const std::vector<std::int32_t>& labels = result_.images.labels;
    for (std::size_t step = 1; step <= end - begin; ++step) {
      const std::size_t at = i >= begin && i < end ? begin + (i - begin + step) % (end - begin) : begin + step - 1;
      if (at != i && labels[at] == labels[i]) return at;
    }
    return i;
  }

  /// The walkers, aimed at another model.
  Explainer& aim(const Updates& parameters, const std::string& run) {
    look_for_stop();
    const explain::Explained model{setting_.architecture, parameters.rows(), run};
    if (explainer_)
      explainer_->load(model);
    else
      explainer_ = std::make_unique<Explainer>(model, result_.plan.engine, &workers_);
    return *explainer_;
  }
  void look_for_stop() const {
    if (stop_.stop_requested()) throw Interrupted();
  }
  void say(const std::string& what) const {
    if (progress_) progress_(what);
  }

  /// On the first benign model and the first images of the last group.
  void check_sanity() {
    say("sanity checks");
    const RecordedRun& run = runs_.benign.front();
    const Updates parameters = run.model(run.round(round_), setting_.architecture.layout());
    const std::vector<std::uint32_t>& last = result_.groups.back().samples;
    const std::vector<std::uint32_t> samples(last.begin(),
                                             last.begin() + static_cast<std::ptrdiff_t>(std::min(kSanityImages, last.size())));
    result_.sanity =
        sanity_checks({setting_.architecture, parameters.rows(), run.name()}, run.plan().model.init,
                      images_of(*setting_.problem.test, samples, targets_), result_.methods, result_.plan.engine, workers_);
  }

  /// What a mode explains: of the attacker's class the targets alone, elsewhere it is the neuron of mode `own`. The first mode
  /// explains all, for the pictures.
  [[nodiscard]] explain::Images images_for(const explain::NeuronMode& mode, bool first) const {
    explain::Images images = result_.images;
    if (first || !judges_targets_only(mode)) return images;
    const ImageGroup& group = result_.groups.front();
    const std::size_t count = group.name == "target" ? group.samples.size() : 0;
    images.inputs.resize(count * result_.shape.features());
    images.index.resize(count);
    images.labels.resize(count);
    images.wanted.resize(count);
    return images;
  }
  [[nodiscard]] static bool judges_targets_only(const explain::NeuronMode& mode) {
    return mode.kind == explain::NeuronMode::Kind::target;
  }

  void compare_mode(const explain::NeuronMode& mode) {
    const bool first = result_.models.empty();
    const std::string neuron = text(mode);
    explained_ = images_for(mode, first);
    if (images() == 0) return;
    start_cells();
    std::vector<MapsOf> benign_maps, attacked_maps;
    for (std::size_t i = 0; i < benign(); ++i) {
      say(fmt::format("neuron {}: benign run {} of {}", neuron, i + 1, benign()));
      benign_maps.push_back(explain_benign(i, mode, first));
    }
    for (std::size_t j = 0; j < attacked(); ++j) {
      say(fmt::format("neuron {}: attacked run {} of {}", neuron, j + 1, attacked()));
      const RecordedRun& run = runs_.attacked[j];
      const std::size_t round = run.round(round_);
      Explainer& explainer = aim(run.model(round, setting_.architecture.layout()), run.name());
      if (first) note_model("attacked", run, round, explainer);
      attacked_maps.push_back(explainer.explain(explained_, result_.methods, mode));
      count_undefined(attacked_maps.back());
    }
    if (first)
      for (const RecordedRun& run : runs_.sham) {
        const std::size_t round = run.round(round_);
        note_model("sham", run, round, aim(run.model(round, setting_.architecture.layout()), run.name()));
      }
    say(fmt::format("neuron {}: pairs of runs", neuron));
    measure_pairs(benign_maps, attacked_maps);
    say(fmt::format("neuron {}: intervals and tests", neuron));
    judge(mode);
    if (first) {
      result_.benign_maps = std::move(benign_maps.front());
      result_.attacked_maps = std::move(attacked_maps.front());
    }
  }

  void note_model(const char* role, const RecordedRun& run, std::size_t round, Explainer& explainer) {
    result_.models.push_back({role, run.name(), run.plan().seed, round, number_of(run, round, "test_accuracy"),
                              number_of(run, round, "attack_success_rate"), number_of(run, round, "target_confidence"),
                              explainer.answer(result_.images)});
  }

  /// Maps of B_i, after the similarities with everything that belongs to it alone were taken.
  MapsOf explain_benign(std::size_t i, const explain::NeuronMode& mode, bool first) {
    const RecordedRun& run = runs_.benign[i];
    const Layout& layout = setting_.architecture.layout();
    const std::size_t round = run.round(round_);
    const Updates parameters = run.model(round, layout);
    Explainer& explainer = aim(parameters, run.name());
    if (first) note_model("benign", run, round, explainer);
    const std::vector<std::size_t> neurons = explainer.neurons(explained_, mode);
    MapsOf maps = explainer.explain(explained_, result_.methods, neurons);
    count_undefined(maps);

    measure_noise(i, maps, neurons, explainer);
    measure_own(Set::other_image, i, maps, explainer.explain(other_images(), result_.methods, neurons));
    measure_own(Set::other_class, i, maps, explainer.explain(explained_, result_.methods, other_neurons(neurons)));
    Updates random(1, layout.coordinates());
    nn::initialise(setting_.architecture, run.plan().model.init, Stream(result_.plan.seed).at("explain/randomize").at(i),
                   random.rows());
    measure_own(Set::random_weights, i, maps, aim(random, run.name()).explain(explained_, result_.methods, neurons));
    if (round > 1 && run.has_model(round - 1))
      measure_own(Set::rounds, i, maps, aim(run.model(round - 1, layout), run.name()).explain(explained_, result_.methods, mode));
    const std::size_t sham = find_seed(runs_.sham, run.plan().seed);
    if (sham < runs_.sham.size()) {
      const RecordedRun& control = runs_.sham[sham];
      measure_own(Set::sham, i, maps,
                  aim(control.model(control.round(round_), layout), control.name()).explain(explained_, result_.methods, mode));
    }
    return maps;
  }

  [[nodiscard]] explain::Images other_images() const {
    explain::Images others = explained_;
    const std::size_t features = result_.shape.features();
    for (std::size_t i = 0; i < images(); ++i) {
      const auto from = result_.images.inputs.begin() + static_cast<std::ptrdiff_t>(other_image_[i] * features);
      std::copy_n(from, features, others.inputs.begin() + static_cast<std::ptrdiff_t>(i * features));
      others.index[i] = result_.images.index[other_image_[i]];
    }
    return others;
  }
  /// F2: the attacker's class if it is not the neuron already; else another, drawn by image.
  [[nodiscard]] std::vector<std::size_t> other_neurons(const std::vector<std::size_t>& neurons) const {
    std::vector<std::size_t> others;
    const std::size_t outputs = setting_.architecture.outputs();
    for (std::size_t i = 0; i < neurons.size(); ++i) {
      const std::int32_t wanted = explained_.wanted[i];
      if (wanted >= 0 && static_cast<std::size_t>(wanted) != neurons[i]) {
        others.push_back(static_cast<std::size_t>(wanted));
        continue;
      }
      Draws draws(Stream(result_.plan.seed).at("explain/other_class").at(explained_.index[i]));
      const std::size_t drawn = outputs > 1 ? draws.below(outputs - 1) : 0;
      others.push_back(outputs > 1 && drawn >= neurons[i] ? drawn + 1 : drawn);
    }
    return others;
  }

  void count_undefined(const MapsOf& maps) {
    for (std::size_t m = 0; m < maps.size(); ++m)
      for (std::size_t i = 0; i < images(); ++i) {
        const std::vector<double> map = maps[m].values.rows().row(i);
        if (!explain::is_finite(map)) ++result_.undefined_maps[m];
      }
  }

  [[nodiscard]] Plane plane(const Maps& maps, std::size_t method, std::size_t image) const {
    return {maps.values.rows().row(image), result_.shape, result_.methods[method].entry->facts.paint};
  }

  /// The full tables of one neuron mode, over its images: [methods][similarities].
  void start_cells() {
    explain::Cell cell;
    cell.images = images();
    cell.benign = benign();
    cell.attacked = attacked();
    const double none = std::nan("");
    cell.among_benign.assign(images() * benign() * benign(), none);
    cell.among_attacked.assign(images() * attacked() * attacked(), none);
    cell.across.assign(images() * benign() * attacked(), none);
    cell.shared_seeds = share_seeds();
    tables_.assign(result_.methods.size(), std::vector<explain::Cell>(result_.plan.similarities.size(), cell));
  }
  [[nodiscard]] bool share_seeds() const {
    for (std::size_t i = 0; i < std::min(benign(), attacked()); ++i)
      if (runs_.benign[i].plan().seed != runs_.attacked[i].plan().seed) return false;
    return true;
  }

  /// Another draw of the methods that draw noise; the others have no noise of their own to compare.
  void measure_noise(std::size_t run, const MapsOf& maps, const std::vector<std::size_t>& neurons, Explainer& explainer) {
    std::vector<explain::MethodUse> noisy;
    for (const explain::MethodUse& use : result_.methods)
      if (use.entry->facts.draws_noise) noisy.push_back(use);
    if (noisy.empty()) return;
    explainer.redraw(1);
    const MapsOf redrawn = explainer.explain(explained_, noisy, neurons);
    explainer.redraw(0);
    std::size_t next = 0;
    for (std::size_t m = 0; m < result_.methods.size(); ++m)
      if (result_.methods[m].entry->facts.draws_noise) measure_method(Set::noise, run, m, maps[m], redrawn[next++]);
  }
  /// Similarities of B_i's maps with others of its own.
  void measure_own(Set set, std::size_t run, const MapsOf& maps, const MapsOf& others) {
    for (std::size_t m = 0; m < result_.methods.size(); ++m) measure_method(set, run, m, maps[m], others[m]);
  }
  void measure_method(Set set, std::size_t run, std::size_t m, const Maps& maps, const Maps& others) {
    for (explain::Cell& cell : tables_[m])
      if (cell.by_run[at(set)].empty()) cell.by_run[at(set)].assign(images() * benign(), std::nan(""));
    for_each(&workers_, images(), [&](std::size_t, std::size_t image) {
      if (set == Set::other_image && other_image_[image] == image) return;
      const Plane a = plane(maps, m, image), b = plane(others, m, image);
      for (std::size_t s = 0; s < tables_[m].size(); ++s)
        tables_[m][s].by_run[at(set)][image * benign() + run] = alike(*result_.plan.similarities[s], a, b);
    });
  }
  void measure_pairs(const std::vector<MapsOf>& benign_maps, const std::vector<MapsOf>& attacked_maps) {
    for (std::size_t m = 0; m < result_.methods.size(); ++m)
      for_each(&workers_, images(), [&](std::size_t, std::size_t image) {
        look_for_stop();
        std::vector<Plane> b, a;
        for (const MapsOf& maps : benign_maps) b.push_back(plane(maps[m], m, image));
        for (const MapsOf& maps : attacked_maps) a.push_back(plane(maps[m], m, image));
        for (std::size_t s = 0; s < tables_[m].size(); ++s) fill_pairs(tables_[m][s], *result_.plan.similarities[s], image, b, a);
      });
  }
  void fill_pairs(explain::Cell& cell, const explain::Similarity& similarity, std::size_t image, const std::vector<Plane>& b,
                  const std::vector<Plane>& a) const {
    const auto among = [&](std::vector<double>& to, const std::vector<Plane>& runs) {
      const std::size_t k = runs.size();
      for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = i + 1; j < k; ++j)
          to[(image * k + i) * k + j] = to[(image * k + j) * k + i] = alike(similarity, runs[i], runs[j]);
    };
    among(cell.among_benign, b);
    among(cell.among_attacked, a);
    for (std::size_t i = 0; i < b.size(); ++i)
      for (std::size_t j = 0; j < a.size(); ++j) cell.across[(image * b.size() + i) * a.size() + j] = alike(similarity, b[i], a[j]);
  }

  /// Cuts the tables into groups and lets the statistics speak: the methods of a similarity, group and neuron are one family.
  void judge(const explain::NeuronMode& mode) {
    std::size_t begin = 0;
    for (const ImageGroup& group : result_.groups) {
      const std::size_t count = group.samples.size();
      if (!judges_targets_only(mode) || group.name == "target")
        for (std::size_t s = 0; s < result_.plan.similarities.size(); ++s) {
          look_for_stop();
          std::vector<explain::Cell> family;
          for (std::size_t m = 0; m < result_.methods.size(); ++m) family.push_back(cut(tables_[m][s], begin, count));
          const std::vector<explain::Comparison> judged = explain::compare(
              family,
              {.margin = result_.plan.margin, .bootstrap = {.resamples = result_.plan.resamples, .seed = result_.plan.seed}},
              &workers_);
          for (std::size_t m = 0; m < family.size(); ++m)
            result_.cells.push_back({result_.methods[m].label, std::string(result_.plan.similarities[s]->name), group.name,
                                     text(mode), is_primary(s, group, mode), std::move(family[m]), judged[m]});
        }
      begin += count;
    }
  }
  /// Fixed beforehand: the headline on the targets, own neuron; `spearman` where data have no space, `other` images where no
  /// attack has targets.
  [[nodiscard]] bool is_primary(std::size_t s, const ImageGroup& group, const explain::NeuronMode& mode) const {
    const std::string_view headline = explain::is_spatial(result_.shape) ? "ssim_drawn" : "spearman";
    return result_.plan.similarities[s]->name == headline && group.name == (targets_.empty() ? "other" : "target") &&
           mode.kind == explain::NeuronMode::Kind::own;
  }
  static explain::Cell cut(const explain::Cell& whole, std::size_t begin, std::size_t count) {
    explain::Cell part = whole;
    part.images = count;
    const auto keep = [&](std::vector<double>& values) {
      if (values.empty()) return;
      const std::size_t each = values.size() / whole.images;
      values = std::vector<double>(values.begin() + static_cast<std::ptrdiff_t>(begin * each),
                                   values.begin() + static_cast<std::ptrdiff_t>((begin + count) * each));
    };
    for (std::vector<double>* block : {&part.among_benign, &part.among_attacked, &part.across}) keep(*block);
    for (std::vector<double>& block : part.by_run) keep(block);
    return part;
  }

  const ComparedRuns& runs_;
  Setting setting_;
  Workers& workers_;
  const CompareProgress& progress_;
  std::stop_token stop_;
  std::size_t round_;
  std::vector<attack::Target> targets_;
  RunComparison result_;
  std::vector<std::size_t> other_image_;  ///< [all images]
  explain::Images explained_;             ///< of the neuron mode at hand: all, or the first of them
  std::unique_ptr<Explainer> explainer_;
  std::vector<std::vector<explain::Cell>> tables_;  ///< [methods][similarities], over explained_
};
}  // namespace

RunComparison compare_runs(const ComparedRuns& runs, const ExplainPlan& plan, std::size_t round, DataShelf& shelf, Workers& workers,
                           const CompareProgress& progress, std::stop_token stop) {
  check_comparable(runs);
  return Comparing(runs, plan, round, shelf, workers, progress, std::move(stop)).run();
}

}  // namespace tocsin::lab
