// # What a row of the table is
//
// Every row trains another model on the same images in the same way. So the training loop, the evaluation and the pictures
// stand once (training.cpp), and a row says what is its own: its objective, its bound, its importance weights.
#pragma once

#include "common/nn/training.hpp"
#include "common/distributions/normal.hpp"

#include <functional>
#include <optional>

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
  // What the report's script makes of this batch, where that is not the mean of elbo.
  std::optional<double> as_coded = {};
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

  virtual bool reports_another_value() const { return false; }  // whether bounds() has `as_coded`
  virtual std::string kl_estimator() const { return "closed form; mean over images"; }
};

// ## Models with one code
//
// A model whose posterior q(z | x) is a normal distribution. For it, beside the model, stand
//
//   posterior(model, batch)       q(z | x) in evaluation mode
//   likelihood(model, z, labels)  p(x | z), with log_prob(x) and mean
template <class Model>
class OneCodeRow : public Row {
 public:
  explicit OneCodeRow(Model model) : model_(std::move(model)), parameters_(model_) {}

  const nn::Parameters<float>& parameters() const override { return parameters_; }
  std::int64_t latent_size() const override { return model_.latent_size(); }

  BatchBounds bounds(const Batch& batch, Stream& noise) const override {
    const Var<float> epsilon = this->epsilon(batch.n_images(), noise);
    const auto q = posterior(model_, batch);
    const Var<float> kl = q.kl_to_standard();
    const Var<float> elbo = likelihood(model_, q.sample(epsilon), batch.labels).log_prob(batch.x) - kl;
    return {elbo.value(), kl.value()};
  }

  LogWeightSampler log_weight_sampler(const Batch& batch) const override {
    return [this, batch, q = posterior(model_, batch)](Stream& noise) {
      const Var<float> z = q.sample(epsilon(batch.n_images(), noise));
      return (likelihood(model_, z, batch.labels).log_prob(batch.x) + distributions::standard_normal_log_prob(z) - q.log_prob(z)).value();
    };
  }

  Array<float> reconstruct(const Batch& batch) const override { return mean_image(posterior(model_, batch).mean, batch.labels); }

  Array<float> draw(std::int64_t n_images, Stream noise) const override { return mean_image(epsilon(n_images, noise), {}); }

 protected:
  Var<float> epsilon(std::int64_t n_images, Stream& noise) const { return noise.normal<float>({n_images, latent_size()}); }

  // The image that the decoder expects, [B, pixels].
  Array<float> mean_image(const Var<float>& z, const Var<float>& labels) const { return mean_of(likelihood(model_, z, labels)).value(); }

  Model model_;
  nn::Parameters<float> parameters_;

 private:
  template <class T> static Var<T> mean_of(const distributions::Normal<T>& p) { return p.mean; }
  template <class P> static auto mean_of(const P& p) { return p.mean(); }
};

}  // namespace vae_extensions
