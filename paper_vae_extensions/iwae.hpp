// # Importance-weighted autoencoder with two stochastic layers
//
// Row "IWAE" of Table 1 (section 4.2.4, appendix A.3; Burda, Grosse and Salakhutdinov, 2016). Networks, all tanh, two hidden
// layers each:
//
// | distribution | network |
// |---|---|
// | $q(h_1 \mid x)$, normal over 100 | 784 - 200 - 200 - (100, 100) |
// | $q(h_2 \mid h_1)$, normal over $n$ | 100 - 100 - 100 - (n, n) |
// | $p(h_1 \mid h_2)$, normal over 100 | n - 100 - 100 - (100, 100) |
// | $p(x \mid h_1)$, Bernoulli | 100 - 200 - 200 - 784 |
//
// with $p(h_2) = N(0, I)$. For $k$ draws $h^{(i)} \sim q(h \mid x)$ and weights
//
// $$\log w_i = \log p(x \mid h_1) + \log p(h_1 \mid h_2) + \log p(h_2) - \log q(h_1 \mid x) - \log q(h_2 \mid h_1)$$
//
// the bound of equation (7) is $\mathcal{L}_k = \log \frac1k \sum_i w_i \le \log p(x)$ in expectation, rising with $k$.
//
// ## What the authors coded
//
// 1. *One prior too many.* Equation (9), like the code, also adds $\log N(h_1; 0, I)$. But $p(h_1 \mid h_2)$ is the whole
//    prior of $h_1$; multiplied by a second one it is no density any more, and $\log w$ is too low by
//    $50 \log 2\pi + |h_1|^2 / 2$, that is by 91.9 nats and more. Training answers by shrinking $h_1$, which costs nothing.
// 2. *The wrong value.* Equation (8) is right for the gradient: $\nabla \mathcal{L}_k = \sum_i \hat{w}_i \nabla \log w_i$ with
//    normalised weights $\hat{w}$. The code also reports $\sum_i \hat{w}_i \log w_i$ as the value, which is no bound:
//
// $$\sum_i \hat{w}_i \log w_i = \log \tfrac1k \sum_i w_i + \left(\log k - H(\hat{w})\right)$$
//
//    with the entropy $H(\hat{w}) \in [0, \log k]$: up to $\log 50 = 3.91$ nats too high.
// 3. *The wrong axis.* The script that makes the table hands over 64 images where training hands over 50 copies of each. The
//    axis that should hold the draws of one image then holds different images, and $\sum_i \hat{w}_i \log w_i$ over *images*
//    is nearly the $\log w$ of the likeliest image of the 64.
//
// A new digit is drawn with $h_1 \sim N(0, I)$ there, not $h_1 \sim p(h_1 \mid h_2)$.
//
// Paper: equation (9) lacks a plus sign between $\log 2\pi$ and $h^2$, and writes $p_1$ for $h_1$ in one place.
#pragma once

#include "common/distributions/importance_bound.hpp"
#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

// As coded: with $\log N(h_1; 0, I)$ counted on top.
enum class Prior { right, counted_twice };

struct IwaeSizes {
  std::int64_t pixels = 784, hidden_1 = 200, h_1 = 100, hidden_2 = 100;
};

// Two hidden layers of tanh, and what stands on them.
template <class T>
struct Trunk {
  Dense<T> first, second;

  Trunk(std::int64_t n_in, std::int64_t n_hidden, tensors::Stream& stream)
      : first(n_in, n_hidden, nn::pytorch_default, stream), second(n_hidden, n_hidden, nn::pytorch_default, stream) {}

  Var<T> operator()(const Var<T>& x) const { return tanh(second(tanh(first(x)))); }
};
template <class T, class F>
void visit(Trunk<T>& trunk, F&& f) {
  f("first", trunk.first);
  f("second", trunk.second);
}

// A normal distribution of n variables given others.
template <class T>
struct Conditional {
  Trunk<T> trunk;
  Dense<T> mean, log_variance;

  Conditional(std::int64_t n_in, std::int64_t n_hidden, std::int64_t n, tensors::Stream& stream)
      : trunk(n_in, n_hidden, stream), mean(n_hidden, n, nn::pytorch_default, stream), log_variance(n_hidden, n, nn::pytorch_default, stream) {}

  Normal<T> operator()(const Var<T>& given) const {
    const Var<T> h = trunk(given);
    return {mean(h), log_variance(h) * T(0.5)};
  }
};
template <class T, class F>
void visit(Conditional<T>& conditional, F&& f) {
  f("trunk", conditional.trunk);
  f("mean", conditional.mean);
  f("log_variance", conditional.log_variance);
}

template <class T>
struct Iwae {
  Conditional<T> q_1, q_2, p_1;  // q(h_1 | x), q(h_2 | h_1), p(h_1 | h_2)
  Trunk<T> decoder;
  Dense<T> decoder_logits;

  Iwae(const IwaeSizes& sizes, std::int64_t n, tensors::Stream stream)
      : q_1(sizes.pixels, sizes.hidden_1, sizes.h_1, stream),
        q_2(sizes.h_1, sizes.hidden_2, n, stream),
        p_1(n, sizes.hidden_2, sizes.h_1, stream),
        decoder(sizes.h_1, sizes.hidden_1, stream),
        decoder_logits(sizes.hidden_1, sizes.pixels, nn::pytorch_default, stream) {}

  std::int64_t h_1_size() const { return q_1.mean.bias.shape()[0]; }
  std::int64_t latent_size() const { return q_2.mean.bias.shape()[0]; }

  // p(x | h_1).
  Bernoulli<T> p(const Var<T>& h_1) const { return {decoder_logits(decoder(h_1))}; }
};
template <class T, class F>
void visit(Iwae<T>& model, F&& f) {
  f("q_1", model.q_1);
  f("q_2", model.q_2);
  f("p_1", model.p_1);
  f("decoder", model.decoder);
  f("decoder_logits", model.decoder_logits);
}

// ## The weights
//
// Standard normal noise for k draws of every image.
template <class T>
struct IwaeNoise {
  Var<T> epsilon_1;  // [k, B, 100]
  Var<T> epsilon_2;  // [k, B, n]
};

// log w, [k, B] in nats, for draws h_1 = mean + scale epsilon_1 and so on from q(h_1 | x) = `q_1`, [B, 100]: the encoder's
// first network runs once for each image, not once for each draw.
template <class T>
Var<T> log_weights(const Iwae<T>& model, const Normal<T>& q_1, const Var<T>& x, const IwaeNoise<T>& noise, Prior prior) {
  const Var<T> h_1 = q_1.sample(noise.epsilon_1);  // [k, B, 100]
  const Normal<T> q_2 = model.q_2(h_1);
  const Var<T> h_2 = q_2.sample(noise.epsilon_2);  // [k, B, n]
  const Var<T> log_p = model.p(h_1).log_prob(x) + model.p_1(h_2).log_prob(h_1) + distributions::standard_normal_log_prob(h_2);
  const Var<T> log_q = q_1.log_prob_of_sample(noise.epsilon_1) + q_2.log_prob_of_sample(noise.epsilon_2);
  const Var<T> log_w = log_p - log_q;
  return prior == Prior::right ? log_w : log_w + distributions::standard_normal_log_prob(h_1);
}

// ## The bound, and what was reported for it
//
// Both along the first axis of log w, [k, ...] -> [...]. The bound is the suite's own: HVAE is compared with it too.
using distributions::importance_bound;

// The normalised weights, as constants.
template <class T>
Var<T> normalised_weights(const Var<T>& log_w) {
  return stop_gradient(exp(log_w - log_sum_exp(log_w, 0)));
}

// Its gradient is that of importance_bound; its value is higher by surplus().
template <class T>
Var<T> weighted_log_weight(const Var<T>& log_w) {
  return sum(normalised_weights(log_w) * log_w, 0);
}

// log k - H(w^), in [0, log k]; weights that vanish add nothing.
template <class T>
Var<T> surplus(const Var<T>& log_w) {
  const Var<T> w = normalised_weights(log_w), log_normalised = log_w - log_sum_exp(log_w, 0);
  return sum(w * log_normalised, 0) + static_cast<T>(std::log(static_cast<double>(log_w.shape()[0])));
}

// What training minimises, a scalar: the mean of minus the bound (or of what was coded for it) over the images.
template <class T>
Var<T> iwae_loss(const Iwae<T>& model, const Var<T>& x, const IwaeNoise<T>& noise, Prior prior) {
  const Var<T> log_w = log_weights(model, model.q_1(x), x, noise, prior);
  return -mean(prior == Prior::right ? importance_bound(log_w) : weighted_log_weight(log_w));
}

}  // namespace vae_extensions
