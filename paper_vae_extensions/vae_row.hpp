#pragma once

#include "paper_vae_extensions/rows.hpp"
#include "paper_vae_extensions/training.hpp"
#include "paper_vae_extensions/vae.hpp"

namespace vae_extensions {

template <class T>
Normal<T> posterior(const Vae<T>& model, const Batch& batch) { return model.q(batch.x); }
template <class T>
Bernoulli<T> likelihood(const Vae<T>& model, const Var<T>& z, const Var<T>&) { return model.p(z); }

// A row that trains the dense model on its plain bound.
class VaeRow : public OneCodeRow<Vae<float>> {
 public:
  using OneCodeRow::OneCodeRow;

  double train_step(nn::Optimiser<float>& optimiser, const Batch& batch, Stream noise) override {
    const Var<float> epsilon = this->epsilon(batch.n_images(), noise);
    return -nn::train_step<float>(model_, optimiser, [&](const Vae<float>& m) { return loss(m, batch.x, epsilon); });
  }
};

inline Vae<float> build_vae(const Settings& settings, std::uint64_t seed, const nn::Initialiser& initialiser = nn::pytorch_default) {
  return Vae<float>(mnist_pixels, settings.count("hidden"), settings.count("latent"), activation_of(settings), Stream(seed, "initialisation"),
                    initialiser);
}

}  // namespace vae_extensions
