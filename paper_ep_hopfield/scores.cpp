#include "paper_ep_hopfield/scores.hpp"

#include "common/experiments/npz.hpp"
#include "common/nn/training.hpp"

#include <algorithm>

namespace ep_hopfield {

using tensors::Exit;
using tensors::fail;
using tensors::Stream;

namespace {

constexpr std::int64_t chunk = 500;  // images at once, outside training

// f of the images, a chunk at a time, rows joined.
template <class F>
Array<float> by_chunks(const Array<float>& images, const F& f) {
  const std::int64_t n = images.shape()[0], d = images.shape()[1];
  Array<float> all;
  for_chunks(n, chunk, [&](std::int64_t begin, std::int64_t count) {
    const Array<float> part = f(images.window(begin * d, {count, d}));
    if (begin == 0) all = Array<float>({n, part.shape()[1]});
    std::copy(part.begin(), part.end(), all.mutable_data() + begin * part.shape()[1]);
  });
  return all;
}

Array<float> features_of(const Classifier<float>& network, const Array<float>& images) {
  return by_chunks(images, [&](const Array<float>& part) { return network.features(Var<float>(part)).value(); });
}

}  // namespace

datasets::PixelMap signed_pixels() {
  datasets::PixelMap map;
  for (std::size_t v = 0; v < map.size(); ++v) map[v] = static_cast<float>(v) / 127.5f - 1;
  return map;
}

Classifier<float> train_classifier(const datasets::ImageSet& training, std::int64_t n_epochs) {
  Classifier<float> classifier(Stream(0, "classifier"));
  nn::Parameters<float> parameters(classifier);
  nn::Adam<float> adam(parameters, {});
  datasets::BatchOrder order(training.n, std::min<std::int64_t>(100, training.n), 0);
  const datasets::PixelMap pixels = signed_pixels();
  const std::int64_t n_steps = n_epochs * order.batches_per_epoch();
  for (std::int64_t step = 0; step < n_steps; ++step) {
    const auto rows = order.rows(step);
    const Var<float> x(datasets::gather(training, rows, pixels)), labels(datasets::gather_labels(training, rows, 10));
    nn::train_step<float>(classifier, adam, [&](const Classifier<float>& c) { return cross_entropy(c, x, labels); });
  }
  return classifier;
}

double accuracy(const Classifier<float>& classifier, const datasets::ImageSet& set) {
  const Array<float> logits = by_chunks(datasets::gather_all(set, signed_pixels()), [&](const Array<float>& part) {
    return classifier.logits(classifier.features(Var<float>(part))).value();
  });
  std::int64_t n_right = 0;
  for (std::int64_t i = 0; i < set.n; ++i) {
    const float* row = logits.data() + i * 10;
    n_right += std::max_element(row, row + 10) - row == set.labels[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(n_right) / static_cast<double>(set.n);
}

Describer::Describer(Classifier<float> trained) : trained_(std::move(trained)), random_(Stream(1, "random features")) {}

Fits Describer::fits(const Array<float>& images) const {
  return {{"classifier", classifier_fit(images)},
          {"random", metrics::fit_gaussian(features_of(random_, images))},
          {"pixels", metrics::fit_gaussian(images)}};
}

metrics::GaussianFit Describer::classifier_fit(const Array<float>& images) const { return metrics::fit_gaussian(features_of(trained_, images)); }

Distances distances(const Fits& a, const Fits& b) {
  Distances between;
  for (const auto& [name, fit] : a) between[name] = metrics::frechet_distance(fit, b.at(name));
  return between;
}

double distance_from_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) fail(Exit::io, "{}: there is no such file of features", file.string());
  const auto arrays = experiments::load_npz(file);
  const auto find = [&](const char* name) -> const Array<float>& {
    const auto found = std::ranges::find(arrays, name, &experiments::NamedArrays::value_type::first);
    if (found == arrays.end())
      fail(Exit::io, "{}: no array \"{}\"; it needs \"generated\" and \"reference\", one row for each image", file.string(), name);
    if (found->second.shape().rank() != 2 || found->second.shape()[0] < 2)
      fail(Exit::io, "{}: \"{}\" is {}, not two or more rows of features", file.string(), name, found->second.shape());
    return found->second;
  };
  const Array<float>&generated = find("generated"), &reference = find("reference");
  if (generated.shape()[1] != reference.shape()[1])
    fail(Exit::io, "{}: {} features of the generated images, {} of the reference", file.string(), generated.shape()[1], reference.shape()[1]);
  return metrics::frechet_distance(metrics::fit_gaussian(generated), metrics::fit_gaussian(reference));
}

}  // namespace ep_hopfield
