// # The four models behind one face
//
// What training and evaluation ask of any of them.
#pragma once

#include "common/experiments/record.hpp"
#include "common/nn/optimisers.hpp"
#include "paper_ep_hopfield/forward_vae.hpp"
#include "paper_ep_hopfield/hopfield_vae.hpp"

#include <memory>

namespace ep_hopfield {

inline constexpr std::int64_t n_pixels = 784;

struct ModelName {
  std::string id, label;  // "dh_vae", "DH-VAE"
};
const std::vector<ModelName>& model_names();  // F, H, DH, TDH

class Model {
 public:
  virtual ~Model() = default;

  virtual const nn::Parameters<float>& parameters() const = 0;
  virtual std::int64_t latent_size() const = 0;
  virtual std::int64_t n_weights() const = 0;  // free ones: a pair of units counts once

  // Gradients of the mean loss over a batch, one for each parameter; epsilon [B, L].
  virtual Gradients<float> gradients(const Array<float>& x, const Array<float>& epsilon) const = 0;
  virtual Code<float> encode(const Array<float>& x) const = 0;
  virtual Array<float> decode(const Array<float>& z) const = 0;

  // The Hopfield networks within, or null.
  virtual const HopfieldVae<float>* hopfield() const { return nullptr; }
};

// The setting "gradient" of a model that is trained by the exact gradient, without the examples that have none; else "ep".
inline constexpr const char* exact_where_stable = "exact_where_stable";

// As the settings say. Throws Failure(usage) for what --set made impossible.
std::unique_ptr<Model> build_model(const experiments::Settings& settings, std::uint64_t seed);

Phases phases_from(const experiments::Settings& settings);

}  // namespace ep_hopfield
