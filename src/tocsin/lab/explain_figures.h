// SPDX-License-Identifier: Apache-2.0
// From maps of recorded models to figures: which image stands in which row, under which caption. explain.md, sections 5 and 9.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/data/dataset.h"
#include "tocsin/explain/explainer.h"
#include "tocsin/explain/grid.h"
#include "tocsin/explain/similarity.h"
#include "tocsin/lab/explain_plan.h"

namespace tocsin::lab {

/// One model with the maps that were made of it.
struct ModelMaps {
  std::string name;  ///< of the run, or of the weights
  std::size_t round = 0;
  explain::Answers answers;
  std::vector<explain::Maps> maps;  ///< [methods]
};

/// What stays the same for all models of a figure.
struct FigureSubject {
  const ExplainPlan& plan;
  const std::vector<explain::MethodUse>& methods;
  const nn::Architecture& architecture;
  const explain::Images& images;
  const std::vector<std::string>& class_names;  ///< may be empty
  explain::NeuronMode mode;
};

/// A file of a figure: "explain_quickstart-attacked-s1_target-own.svg".
struct FigureFile {
  std::string name, bytes;
};

/// Rows `rows` of the images, one model: an SVG with all texts and a PNG of the cells; bars for tabular data (SVG alone).
std::vector<FigureFile> model_figure(const FigureSubject& subject, const ModelMaps& model, const std::vector<std::size_t>& rows,
                                     const std::string& name);
/// The same of two models: benign, attacked and their difference, the similarity below. Images alone.
std::vector<FigureFile> pair_figure(const FigureSubject& subject, const ModelMaps& benign, const ModelMaps& attacked,
                                    const std::vector<std::size_t>& rows, explain::Scaling scaling, const std::string& name);

/// A class by name, or its number.
std::string class_text(const std::vector<std::string>& names, std::int64_t label);

}  // namespace tocsin::lab
