// # What the pictures are judged by
//
// The paper's score is the Frechet distance on the features of an Inception network. Its weights are not at hand, so the
// distance is taken on three other descriptions of a digit: the penultimate layer of a small classifier that this program
// trains on MNIST (the headline), a network of the same shape with random weights, and the pixels themselves. None has the
// published scale; all three order models. Whoever has Inception features of both sets can give them as a file.
#pragma once

#include "common/datasets/batches.hpp"
#include "common/metrics/frechet.hpp"
#include "common/nn/convolution.hpp"
#include "common/nn/layers.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

namespace ep_hopfield {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;

// Pixels 0..255 as -1..1, the scale of appendix B.1.
datasets::PixelMap signed_pixels();

// f(begin, count) for n examples, at most `chunk` at a time.
template <class F>
void for_chunks(std::int64_t n, std::int64_t chunk, const F& f) {
  for (std::int64_t begin = 0; begin < n; begin += chunk) f(begin, std::min(chunk, n - begin));
}

// ## The classifier
//
// Two convolutions of 5 x 5 with stride 2, a hidden layer of 64 units whose values are the features, and ten logits.
template <class T>
struct Classifier {
  nn::Conv2d<T> first, second;
  nn::Dense<T> hidden, logits;

  explicit Classifier(tensors::Stream stream)
      : first(1, 16, {5, 5}, tensors::even_padding(2, 2), nn::he, stream), second(16, 32, {5, 5}, tensors::even_padding(2, 2), nn::he, stream),
        hidden(32 * 7 * 7, 64, nn::he, stream), logits(64, 10, nn::glorot, stream) {}

  // Images [B, 784] in [-1, 1] -> [B, 64].
  Var<T> features(const Var<T>& x) const {
    const std::int64_t B = x.shape()[0];
    const Var<T> h = relu(second(relu(first(reshape(x, Shape{B, 1, 28, 28})))));
    return relu(hidden(reshape(h, Shape{B, 32 * 7 * 7})));
  }
};

template <class T, class F>
void visit(Classifier<T>& classifier, F&& f) {
  f("first", classifier.first);
  f("second", classifier.second);
  f("hidden", classifier.hidden);
  f("logits", classifier.logits);
}

// The mean of -log p(label | x), in nats; one-hot labels [B, 10].
template <class T>
Var<T> cross_entropy(const Classifier<T>& classifier, const Var<T>& x, const Var<T>& labels) {
  const Var<T> l = classifier.logits(classifier.features(x));
  return mean(log_sum_exp(l, 1) - sum(l * labels, -1));
}

// Trained with Adam at rate 0.001 in batches of 100; the same arguments give the same weights.
Classifier<float> train_classifier(const datasets::ImageSet& training, std::int64_t n_epochs);

// The share of images whose largest logit is their label's.
double accuracy(const Classifier<float>& classifier, const datasets::ImageSet& set);

// ## Distances
//
// One distance for each description of the images: "classifier", "random", "pixels".
using Distances = std::map<std::string, double>;
using Fits = std::map<std::string, metrics::GaussianFit>;

class Describer {
 public:
  explicit Describer(Classifier<float> trained);

  // Images [n, 784] in [-1, 1].
  Fits fits(const Array<float>& images) const;
  metrics::GaussianFit classifier_fit(const Array<float>& images) const;
  const Classifier<float>& classifier() const { return trained_; }

 private:
  Classifier<float> trained_, random_;
};

Distances distances(const Fits& a, const Fits& b);

// ## Features from a file
//
// A NumPy archive (.npz) with arrays "generated" [n, d] and "reference" [m, d] of float32: any network's features of both
// sets. Throws Failure(io) where the file or an array is missing or the arrays do not go together.
double distance_from_file(const std::filesystem::path& file);

}  // namespace ep_hopfield
