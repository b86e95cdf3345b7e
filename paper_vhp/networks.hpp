// # The networks of the low-dimensional data sets
//
// Table 3: four hidden layers of 256 ReLU units in each of the four conditionals, Gaussian outputs. `widths` lists the
// hidden layers, so that tests can have small ones.
#pragma once

#include "common/distributions/normal.hpp"
#include "common/nn/layers.hpp"
#include "paper_vhp/vhp.hpp"

#include <cmath>
#include <numbers>
#include <vector>

namespace vhp {

using autodiff::Var;
using distributions::Normal;
using nn::Dense;
using tensors::Array;
using tensors::Stream;

using Widths = std::vector<std::int64_t>;

// The hidden layers: [.., n_in] -> [.., last width].
template <class T>
struct Hidden {
  std::vector<Dense<T>> layers;

  Hidden(std::int64_t n_in, const Widths& widths, Stream& stream) {
    for (const std::int64_t width : widths) {
      layers.emplace_back(n_in, width, nn::glorot, stream);
      n_in = width;
    }
  }

  Var<T> operator()(Var<T> h) const {
    for (const Dense<T>& layer : layers) h = relu(layer(h));
    return h;
  }
};

template <class T, class F>
void visit(Hidden<T>& hidden, F&& f) {
  f("layers", hidden.layers);
}

// A diagonal Gaussian whose mean and log standard deviation are functions of the condition.
template <class T>
struct GaussianNetwork {
  Hidden<T> hidden;
  Dense<T> head;  // the mean, then the log standard deviation

  GaussianNetwork(std::int64_t n_in, const Widths& widths, std::int64_t n_out, Stream& stream)
      : hidden(n_in, widths, stream), head(widths.back(), 2 * n_out, nn::glorot, stream) {}

  std::int64_t n_out() const { return head.bias.shape()[0] / 2; }

  Normal<T> operator()(const Var<T>& condition) const {
    const Var<T> both = head(hidden(condition));
    const int last = both.shape().rank() - 1;
    return {slice(both, last, 0, n_out()), slice(both, last, n_out(), n_out())};
  }
};

template <class T, class F>
void visit(GaussianNetwork<T>& network, F&& f) {
  f("hidden", network.hidden);
  f("head", network.head);
}

// The likelihood: independent normals of one fixed variance around the decoder's mean.
template <class T>
struct FixedVarianceNormal {
  Var<T> mean;  // [.., n]
  double variance;

  // [.., n] -> [..], nats.
  Var<T> log_prob(const Var<T>& x) const {
    const double n = static_cast<double>(x.shape()[x.shape().rank() - 1]);
    return squared_error(x) * static_cast<T>(-0.5 / variance) - static_cast<T>(0.5 * n * std::log(2 * std::numbers::pi * variance));
  }
  // C: the mean over the n components.
  Var<T> reconstruction_error(const Var<T>& x) const { return squared_error(x) / static_cast<T>(x.shape()[x.shape().rank() - 1]); }

 private:
  Var<T> squared_error(const Var<T>& x) const { return sum(square(mean - x), -1); }
};

// $q_\phi(z \mid x)$ and $p_\theta(x \mid z)$.
template <class T>
struct FirstLayer {
  GaussianNetwork<T> encoder;
  Hidden<T> decoder_hidden;
  Dense<T> decoder_mean;
  double variance;

  FirstLayer(std::int64_t n_x, std::int64_t d, const Widths& widths, double variance, Stream stream)
      : encoder(n_x, widths, d, stream),
        decoder_hidden(d, widths, stream),
        decoder_mean(widths.back(), n_x, nn::glorot, stream),
        variance(variance) {}

  Normal<T> q(const Var<T>& x) const { return encoder(x); }
  FixedVarianceNormal<T> p(const Var<T>& z) const { return {decoder_mean(decoder_hidden(z)), variance}; }
  std::int64_t latent_size() const { return encoder.n_out(); }
};

template <class T, class F>
void visit(FirstLayer<T>& layer, F&& f) {
  f("encoder", layer.encoder);
  f("decoder.hidden", layer.decoder_hidden);
  f("decoder.mean", layer.decoder_mean);
}

// $q_\Phi(\zeta \mid z)$ and $p_\Theta(z \mid \zeta)$; $\zeta$ has the size of $z$.
//
// The deviation of $p_\Theta(z \mid \zeta)$ is $\sigma_{max}$ times a sigmoid. Where it is unbounded (`max_deviation` = 0: the
// exponential, as in the other conditionals) it grows to that of all codes within a few hundred steps, faster than the mean
// learns to follow $\zeta$. The prior is then one normal, and because $\zeta$ has as many dimensions as $z$, a mean that is
// linear in $\zeta$ gains nothing over it. A bound below the spread of the codes leaves the mean no way but to follow $\zeta$. The
// paper says nothing of it; what the bound does to the error is a row of the table of seeds ("unbounded prior").
template <class T>
struct SecondLayer {
  GaussianNetwork<T> recogniser, generator;
  double max_deviation;

  SecondLayer(std::int64_t d, const Widths& widths, double max_deviation, Stream stream)
      : recogniser(d, widths, d, stream), generator(d, widths, d, stream), max_deviation(max_deviation) {}

  Normal<T> q(const Var<T>& z) const { return recogniser(z); }
  Normal<T> p(const Var<T>& zeta) const {
    const Normal<T> p = generator(zeta);
    return max_deviation > 0 ? Normal<T>{p.mean, static_cast<T>(std::log(max_deviation)) - softplus(-p.log_scale)} : p;
  }
};

template <class T, class F>
void visit(SecondLayer<T>& layer, F&& f) {
  f("q", layer.recogniser);
  f("p", layer.generator);
}

// Draws from the hierarchical prior, [n, d].
template <class T>
Array<T> sample_prior(const Vhp<FirstLayer<T>, SecondLayer<T>>& model, std::int64_t n, Stream stream) {
  const Var<T> zeta(stream.normal<T>({n, model.first.latent_size()}));
  return model.second.p(zeta).sample(stream).value();
}

}  // namespace vhp
