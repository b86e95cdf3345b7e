// # What a row of the table is
//
// Every row trains another model on the same images in the same way. So the training loop, the evaluation and the pictures
// stand once (training.cpp), and a row says what is its own: its objective, its bound, its importance weights.
#pragma once

#include "common/distributions/normal.hpp"
#include "common/nn/training.hpp"
#include "paper_vae_extensions/vae.hpp"

#include <functional>
#include <optional>
#include <string>

namespace vae_extensions {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;

struct Batch {
  Var<float> x;       // [B, pixels]
  Var<float> labels;  // [B, 10], one-hot; of the conditional model only

  std::int64_t n_images() const { return x.shape()[0]; }
};

// One draw of the code for each image.
struct BatchBounds {
  Array<float> elbo, kl;  // [B], nats: a lower bound on log p(x), and the divergence in it
  // What the report's script makes of these images, where that is not elbo: [B], or [1] where it has one value for the batch.
  std::optional<Array<float>> as_coded = {};
};

// Draws one code for each image of a batch, and returns log p(x, z) - log q(z | x), [B].
using LogWeightSampler = std::function<Array<float>(Stream&)>;

class Row {
 public:
  virtual ~Row() = default;

  virtual const nn::Parameters<float>& parameters() const = 0;
  virtual std::int64_t latent_size() const = 0;

  // One step of training with noise from this stream; minus the loss before it, in nats.
  virtual double train_step(nn::Optimiser<float>& optimiser, const Batch& batch, Stream noise) = 0;

  // In evaluation mode.
  virtual BatchBounds bounds(const Batch& batch, Stream& noise) const = 0;
  virtual LogWeightSampler log_weight_sampler(const Batch& batch) const = 0;
  virtual Array<float> reconstruct(const Batch& batch) const = 0;           // at the posterior's mean, [B, pixels]
  virtual Array<float> draw(std::int64_t n_images, Stream noise) const = 0;  // from the prior, [n, pixels]

  // How the report's script estimates the bound, where bounds() has `as_coded`.
  virtual std::optional<std::string> as_coded_estimator() const { return std::nullopt; }
  virtual std::string kl_estimator() const { return "closed form; mean over images"; }
};

// ## Models with one code
//
// A model with a normal posterior q(z | x) and a standard normal prior.
template <class Model, class Likelihood>
class OneCodeRow : public Row {
 public:
  explicit OneCodeRow(Model model) : model_(std::move(model)), parameters_(model_) {}

  const nn::Parameters<float>& parameters() const override { return parameters_; }
  std::int64_t latent_size() const override { return model_.latent_size(); }

  BatchBounds bounds(const Batch& batch, Stream& noise) const override {
    const Var<float> epsilon = this->epsilon(batch.n_images(), noise);
    const auto q = posterior(batch);
    const Var<float> kl = q.kl_to_standard();
    const Var<float> elbo = likelihood(q.sample(epsilon), batch.labels).log_prob(batch.x) - kl;
    return {elbo.value(), kl.value()};
  }

  LogWeightSampler log_weight_sampler(const Batch& batch) const override {
    return [this, batch, q = posterior(batch)](Stream& noise) {
      const Var<float> z = q.sample(epsilon(batch.n_images(), noise));
      return log_weight(likelihood(z, batch.labels), q, batch.x, z).value();
    };
  }

  Array<float> reconstruct(const Batch& batch) const override { return image(posterior(batch).mean, batch.labels); }
  Array<float> draw(std::int64_t n_images, Stream noise) const override { return image(epsilon(n_images, noise), {}); }

 protected:
  // In evaluation mode: q(z | x), and p(x | z) with log_prob and mean.
  virtual distributions::Normal<float> posterior(const Batch& batch) const = 0;
  virtual Likelihood likelihood(const Var<float>& z, const Var<float>& labels) const = 0;

  Var<float> epsilon(std::int64_t n_images, Stream& noise) const { return noise.normal<float>({n_images, latent_size()}); }

  // The image that the decoder expects, [B, pixels].
  Array<float> image(const Var<float>& z, const Var<float>& labels) const {
    const Likelihood p = likelihood(z, labels);
    if constexpr (requires { p.mean(); }) return p.mean().value();
    else return p.mean.value();
  }

  Model model_;
  nn::Parameters<float> parameters_;
};

}  // namespace vae_extensions
