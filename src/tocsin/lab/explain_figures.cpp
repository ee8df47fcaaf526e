// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/explain_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tocsin/explain/bar_list.h"
#include "tocsin/explain/drawn.h"
#include "tocsin/explain/plane.h"
#include "tocsin/explain/png.h"

namespace tocsin::lab {
namespace {
using explain::Column;

/// A map as it is drawn; a small one (Grad-CAM as it is) cannot stand in a grid of the input's size and becomes undefined there.
std::vector<double> cell_of(const FigureSubject& subject, const explain::Maps& maps, std::size_t method, std::size_t image) {
  const nn::Shape shape = subject.architecture.input();
  const std::vector<double> map = maps.values.rows().row(image);
  if (map.size() != shape.features()) return std::vector<double>(shape.height * shape.width, std::nan(""));
  return explain::reduced(map, shape.channels, subject.methods[method].entry->facts.paint.magnitude);
}

explain::Answer answer_of(const FigureSubject& subject, const ModelMaps& model, std::size_t image) {
  return {.prediction = class_text(subject.class_names, static_cast<std::int64_t>(model.answers.predicted[image])),
          .logit = model.answers.logit[image],
          .probability = model.answers.probability[image]};
}
std::string label_of(const FigureSubject& subject, std::size_t image) {
  return subject.images.labels.empty() ? "" : class_text(subject.class_names, subject.images.labels[image]);
}
std::string target_of(const FigureSubject& subject, std::size_t image) {
  const bool has = !subject.images.wanted.empty() && subject.images.wanted[image] >= 0;
  return has ? class_text(subject.class_names, subject.images.wanted[image]) : "";
}

std::vector<Column> columns_of(const FigureSubject& subject) {
  std::vector<Column> columns;
  for (const explain::MethodUse& use : subject.methods) columns.push_back({use.title, use.entry->facts.paint});
  return columns;
}

/// What a reader has to know: how it was drawn, and for the paper's preset what is wrong with it.
std::vector<std::string> caption_of(const FigureSubject& subject) {
  std::vector<std::string> caption;
  const char* neuron = subject.mode.kind == explain::NeuronMode::Kind::own      ? "the model's own prediction"
                       : subject.mode.kind == explain::NeuronMode::Kind::label  ? "the true class"
                       : subject.mode.kind == explain::NeuronMode::Kind::target ? "the attacker's class"
                                                                                : nullptr;
  caption.push_back(fmt::format(
      "Maps of the logit of {}. Gray maps: black is 0; signed gray and red-blue maps: the middle is 0, red raises the logit, blue "
      "lowers it. Right of each row: the largest logit and its softmax probability.",
      neuron == nullptr ? "class " + std::to_string(subject.mode.index) : std::string(neuron)));
  if (subject.plan.paper && subject.plan.methods.empty()) {
    caption.emplace_back("Preset \"paper\": what the published script drew. What to know of it:");
    for (std::string& trap : explain::paper_traps(subject.architecture)) caption.push_back(std::move(trap));
  }
  return caption;
}

std::string model_title(const ModelMaps& model) {
  return model.round == 0 ? model.name : fmt::format("{}, round {}", model.name, model.round);
}

FigureFile bars(const FigureSubject& subject, const ModelMaps& model, const std::vector<std::size_t>& rows,
                const std::string& name) {
  explain::BarList list{.title = model_title(model), .caption = caption_of(subject), .features = {}, .panels = {}};
  for (std::size_t f = 0; f < subject.architecture.input().features(); ++f) list.features.push_back(fmt::format("feature {}", f));
  for (const std::size_t row : rows)
    for (std::size_t m = 0; m < subject.methods.size(); ++m) {
      explain::BarPanel panel{.title = subject.methods[m].title, .notes = {}, .map = model.maps[m].values.rows().row(row)};
      const explain::Answer answer = answer_of(subject, model, row);
      panel.notes.push_back(
          fmt::format("sample {}, label: {}, pred: {}", subject.images.index[row], label_of(subject, row), answer.prediction));
      list.panels.push_back(std::move(panel));
    }
  return {name + ".svg", explain::format_svg(list)};
}
}  // namespace

std::string class_text(const std::vector<std::string>& names, std::int64_t label) {
  const bool named = label >= 0 && static_cast<std::size_t>(label) < names.size();
  return named ? names[static_cast<std::size_t>(label)] : std::to_string(label);
}

std::vector<FigureFile> model_figure(const FigureSubject& subject, const ModelMaps& model, const std::vector<std::size_t>& rows,
                                     const std::string& name) {
  const nn::Shape shape = subject.architecture.input();
  if (!explain::is_spatial(shape)) return {bars(subject, model, rows, name)};
  explain::Grid grid{.title = model_title(model),
                     .caption = caption_of(subject),
                     .height = shape.height,
                     .width = shape.width,
                     .columns = columns_of(subject),
                     .rows = {}};
  for (const std::size_t row : rows) {
    explain::GridRow line{
        .label = label_of(subject, row), .target = target_of(subject, row), .answer = answer_of(subject, model, row), .maps = {}};
    for (std::size_t m = 0; m < subject.methods.size(); ++m) line.maps.push_back(cell_of(subject, model.maps[m], m, row));
    grid.rows.push_back(std::move(line));
  }
  const explain::Figure figure = explain::paint(grid);
  return {{name + ".svg", explain::format_svg(figure)}, {name + ".png", explain::format_png(explain::cells(figure))}};
}

std::vector<FigureFile> pair_figure(const FigureSubject& subject, const ModelMaps& benign, const ModelMaps& attacked,
                                    const std::vector<std::size_t>& rows, explain::Scaling scaling, const std::string& name) {
  const nn::Shape shape = subject.architecture.input();
  if (!explain::is_spatial(shape)) return {};
  const explain::Similarity* headline = explain::find_similarity("ssim_drawn");
  explain::PairGrid grid{.title = fmt::format("{} and {}", model_title(benign), model_title(attacked)),
                         .caption = caption_of(subject),
                         .height = shape.height,
                         .width = shape.width,
                         .scaling = scaling,
                         .columns = columns_of(subject),
                         .rows = {}};
  grid.caption.push_back(
      fmt::format("Each method: {}, {}, and the second minus the first ({} scale). Below: SSIM of the two drawn maps.", benign.name,
                  attacked.name, scaling == explain::Scaling::own ? "each its own" : "one shared"));
  for (const std::size_t row : rows) {
    explain::PairRow line{.label = label_of(subject, row),
                          .target = target_of(subject, row),
                          .benign = answer_of(subject, benign, row),
                          .attacked = answer_of(subject, attacked, row),
                          .cells = {}};
    for (std::size_t m = 0; m < subject.methods.size(); ++m) {
      explain::PairCell cell{.benign = cell_of(subject, benign.maps[m], m, row),
                             .attacked = cell_of(subject, attacked.maps[m], m, row)};
      const auto plane = [&](const ModelMaps& model) {
        return explain::Plane(model.maps[m].values.rows().row(row), shape, subject.methods[m].entry->facts.paint, headline->sorted);
      };
      cell.similarity = explain::alike(*headline, plane(benign), plane(attacked));
      line.cells.push_back(std::move(cell));
    }
    grid.rows.push_back(std::move(line));
  }
  const explain::Figure figure = explain::paint(grid);
  return {{name + ".svg", explain::format_svg(figure)}, {name + ".png", explain::format_png(explain::cells(figure))}};
}

}  // namespace tocsin::lab
