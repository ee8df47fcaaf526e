// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/explainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/nn/folding.h"
#include "tocsin/nn/training.h"

namespace tocsin::explain {

std::optional<NeuronMode> neuron_mode(std::string_view word) {
  if (word == "own") return NeuronMode{NeuronMode::Kind::own};
  if (word == "label") return NeuronMode{NeuronMode::Kind::label};
  if (word == "target") return NeuronMode{NeuronMode::Kind::target};
  constexpr std::string_view kNamed = "class:";
  if (!word.starts_with(kNamed)) return std::nullopt;
  word.remove_prefix(kNamed.size());
  NeuronMode mode{NeuronMode::Kind::named};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), mode.index);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return mode;
}

Images gathered(const data::Dataset& data, std::span<const std::uint32_t> samples, nn::Precision precision) {
  require(data.classes > 0, "explain: {} has no class labels", data.name);
  Images images;
  images.inputs.resize(samples.size() * data.shape.features());
  if (precision == nn::Precision::float64) {
    data::gather(data, samples, std::span<double>(images.inputs));
  } else {
    std::vector<float> inputs(images.inputs.size());
    data::gather(data, samples, std::span<float>(inputs));
    std::copy(inputs.begin(), inputs.end(), images.inputs.begin());
  }
  for (const std::uint32_t sample : samples) {
    images.index.push_back(sample);
    images.labels.push_back(data.labels[sample]);
  }
  return images;
}

std::string text(const NeuronMode& mode) {
  switch (mode.kind) {
    case NeuronMode::Kind::own:
      return "own";
    case NeuronMode::Kind::label:
      return "label";
    case NeuronMode::Kind::target:
      return "target";
    case NeuronMode::Kind::named:
      return fmt::format("class:{}", mode.index);
  }
  return "own";
}

namespace {
/// The network without batch_norm, and the parameters that belong to it; as given where there is nothing to fold.
struct Ready {
  nn::Architecture architecture;
  Updates parameters;
};
Ready made_ready(const Explained& model, nn::Precision precision) {
  if (model.architecture.has_batch_norm()) {
    nn::Folded folded = nn::fold(model.architecture, model.parameters,
                                 precision == nn::Precision::float64 ? nn::Unfolded::stays : nn::Unfolded::becomes_convolution);
    return {std::move(folded.architecture), std::move(folded.parameters)};
  }
  Ready ready{model.architecture, Updates(1, model.architecture.parameters(), Element::float64)};
  ready.parameters.rows().assign(0, model.parameters, 0);
  return ready;
}
}  // namespace

struct Explainer::Impl {
  ExplainOptions options;
  Workers* workers;
  Ready ready;
  std::string run;
  std::size_t redrawn = 0;
  std::vector<std::unique_ptr<Walker>> walkers;

  Impl(const Explained& model, const ExplainOptions& o, Workers* w)
      : options(o), workers(w), ready(made_ready(model, o.precision)), run(model.run) {
    walkers.resize(workers == nullptr ? 1 : workers->count());
  }

  /// The worker's walker, with the parameters loaded.
  Walker& walker(std::size_t worker) {
    std::unique_ptr<Walker>& own = walkers[worker];
    if (!own) {
      own = make_walker(ready.architecture, options.chunk, options.precision);
      own->load(std::as_const(ready.parameters).rows());
    }
    return *own;
  }
  Noise noise() const {
    const Stream stream = Stream(options.seed).at("explain/noise");
    const Stream drawn = redrawn == 0 ? stream : stream.at("redraw").at(redrawn);
    return {drawn, drawn.at(run.empty() ? "model" : run)};
  }
  /// Calls use(walker, first image, images) for every chunk.
  void each_chunk(std::size_t images, const std::function<void(Walker&, std::size_t, std::size_t)>& use) {
    const std::size_t chunks = (images + options.chunk - 1) / options.chunk;
    for_each(workers, chunks, [&](std::size_t worker, std::size_t chunk) {
      nn::prepare_thread();
      const std::size_t begin = chunk * options.chunk;
      use(walker(worker), begin, std::min(options.chunk, images - begin));
    });
  }
  std::size_t features() const { return ready.architecture.input().features(); }
  std::span<const double> inputs_of(const Images& images, std::size_t begin, std::size_t count) const {
    return std::span(images.inputs).subspan(begin * features(), count * features());
  }

  Answers answer(const Images& images) {
    const std::size_t outputs = ready.architecture.outputs(), n = images.size();
    require(images.inputs.size() == n * features(), "explain: {} images of {} features are not {} numbers", n, features(),
            images.inputs.size());
    Answers answers{std::vector<std::size_t>(n), std::vector<double>(n), std::vector<double>(n), std::vector<double>(n * outputs)};
    each_chunk(n, [&](Walker& walker, std::size_t begin, std::size_t count) {
      walker.forward(inputs_of(images, begin, count), count);
      const std::vector<double> logits = walker.logits();
      std::copy(logits.begin(), logits.end(), answers.logits.begin() + static_cast<std::ptrdiff_t>(begin * outputs));
    });
    for (std::size_t i = 0; i < n; ++i) {
      const std::span<const double> row = std::span(answers.logits).subspan(i * outputs, outputs);
      answers.predicted[i] = arg_max(row);
      answers.logit[i] = row[answers.predicted[i]];
      answers.probability[i] = nn::softmax(row)[answers.predicted[i]];
    }
    return answers;
  }

  std::vector<std::size_t> neurons_of(const Images& images, const Answers& answers, const NeuronMode& mode) const {
    std::vector<std::size_t> result(answers.predicted);
    const std::size_t outputs = ready.architecture.outputs();
    const auto take = [&](std::size_t i, std::int64_t wanted) {
      require(wanted >= 0 && static_cast<std::size_t>(wanted) < outputs, "explain: there is no neuron {}: the network has {}",
              wanted, outputs);
      result[i] = static_cast<std::size_t>(wanted);
    };
    for (std::size_t i = 0; i < result.size(); ++i) switch (mode.kind) {
        case NeuronMode::Kind::own:
          break;
        case NeuronMode::Kind::label:
          require(!images.labels.empty(), "explain: neuron \"label\" needs labels, and these images have none");
          take(i, images.labels[i]);
          break;
        case NeuronMode::Kind::target:
          if (!images.wanted.empty() && images.wanted[i] >= 0) take(i, images.wanted[i]);
          break;
        case NeuronMode::Kind::named:
          take(i, static_cast<std::int64_t>(mode.index));
          break;
      }
    return result;
  }

  std::vector<Maps> explain(const Images& images, std::span<const MethodUse> methods, const Answers& answers,
                            const std::vector<std::size_t>& neurons) {
    for (const MethodUse& use : methods) use.method->check(ready.architecture, images.has_negative());
    const std::size_t n = images.size(), outputs = ready.architecture.outputs();
    const Element element = options.precision == nn::Precision::float64 ? Element::float64 : Element::float32;
    // A map may have a size of its own (Grad-CAM not enlarged): known from the first chunk.
    std::vector<std::vector<std::vector<double>>> parts(methods.size());
    for (auto& part : parts) part.resize((n + options.chunk - 1) / options.chunk);
    const Noise keyed = noise();
    each_chunk(n, [&](Walker& walker, std::size_t begin, std::size_t count) {
      const Chunk chunk{.inputs = inputs_of(images, begin, count),
                        .images = std::span(images.index).subspan(begin, count),
                        .neurons = std::span(neurons).subspan(begin, count)};
      Scene scene(walker, chunk, keyed, options.stop);
      // Methods that walk from the chunk's own forward come first: they share it.
      for (const bool samples : {false, true})
        for (std::size_t m = 0; m < methods.size(); ++m)
          if ((methods[m].method->passes() > 4) == samples) parts[m][begin / options.chunk] = methods[m].method->maps(scene);
    });
    std::vector<Maps> result(methods.size());
    for (std::size_t m = 0; m < methods.size(); ++m) {
      Maps& maps = result[m];
      maps.neuron = neurons;
      for (std::size_t i = 0; i < n; ++i) {
        const std::span<const double> row = std::span(answers.logits).subspan(i * outputs, outputs);
        maps.logit.push_back(row[neurons[i]]);
        maps.probability.push_back(nn::softmax(row)[neurons[i]]);
      }
      if (n == 0) continue;
      const std::size_t first = std::min(n, options.chunk), size = parts[m].front().size() / first;
      maps.values = Updates(n, size, element);
      for (std::size_t i = 0; i < n; ++i)
        maps.values.rows().assign(i, std::span(parts[m][i / options.chunk]).subspan(i % options.chunk * size, size));
    }
    return result;
  }
};

Explainer::Explainer(const Explained& model, const ExplainOptions& options, Workers* workers)
    : impl_(std::make_unique<Impl>(model, options, workers)) {}
Explainer::~Explainer() = default;
void Explainer::load(const Explained& model) {
  impl_->ready = made_ready(model, impl_->options.precision);
  impl_->run = model.run;
  for (std::unique_ptr<Walker>& walker : impl_->walkers)
    if (walker) walker->load(std::as_const(impl_->ready.parameters).rows());
}
Answers Explainer::answer(const Images& images) { return impl_->answer(images); }
std::vector<Maps> Explainer::explain(const Images& images, std::span<const MethodUse> methods, const NeuronMode& mode) {
  const Answers answers = impl_->answer(images);
  return impl_->explain(images, methods, answers, impl_->neurons_of(images, answers, mode));
}
std::vector<Maps> Explainer::explain(const Images& images, std::span<const MethodUse> methods, std::vector<std::size_t> neurons) {
  require(neurons.size() == images.size(), "explain: {} neurons for {} images", neurons.size(), images.size());
  for (const std::size_t neuron : neurons)
    require(neuron < impl_->ready.architecture.outputs(), "explain: there is no neuron {}: the network has {}", neuron,
            impl_->ready.architecture.outputs());
  return impl_->explain(images, methods, impl_->answer(images), neurons);
}
std::vector<std::size_t> Explainer::neurons(const Images& images, const NeuronMode& mode) {
  return impl_->neurons_of(images, impl_->answer(images), mode);
}
void Explainer::redraw(std::size_t number) { impl_->redrawn = number; }

std::size_t footprint(const nn::Architecture& architecture, const ExplainOptions& options) {
  // Values forward as a replica of training, six buffers of the largest value, the parameters in double and in two layouts.
  return nn::footprint(architecture, options.chunk, nn::Precision::float32) + 2 * sizeof(double) * architecture.parameters();
}

}  // namespace tocsin::explain
