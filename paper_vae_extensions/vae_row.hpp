#pragma once

#include "paper_vae_extensions/rows.hpp"
#include "paper_vae_extensions/training.hpp"
#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

// A row that trains the dense model on its plain bound.
class VaeRow : public OneCodeRow<Vae<float>, Bernoulli<float>> {
 public:
  using OneCodeRow::OneCodeRow;

  double train_step(nn::Optimiser<float>& optimiser, const Batch& batch, Stream noise) override {
    const Var<float> epsilon = this->epsilon(batch.n_images(), noise);
    return -nn::train_step<float>(model_, optimiser, [&](const Vae<float>& m) { return loss(m, batch.x, epsilon); });
  }

 protected:
  Normal<float> posterior(const Batch& batch) const override { return model_.q(batch.x); }
  Bernoulli<float> likelihood(const Var<float>& z, const Var<float>&) const override { return model_.p(z); }
};

inline Vae<float> build_vae(const Settings& settings, std::uint64_t seed, const nn::Initialiser& initialiser = nn::pytorch_default) {
  return Vae<float>(mnist_pixels, settings.count("hidden"), settings.count("latent"), activation_of(settings), Stream(seed, "initialisation"),
                    initialiser);
}

}  // namespace vae_extensions
