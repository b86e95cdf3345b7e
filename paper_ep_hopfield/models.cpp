#include "paper_ep_hopfield/models.hpp"

#include "common/experiments/settings_check.hpp"
#include "paper_ep_hopfield/exact.hpp"

namespace ep_hopfield {

using experiments::Settings;
using tensors::Exit;
using tensors::fail;

namespace {

class Forward final : public Model {
 public:
  Forward(const Settings& settings, const Stream& stream)
      : vae_(n_pixels, settings.count("hidden"), settings.count("latent"), stream), parameters_(vae_), beta_KL_(settings.number("beta_kl")) {}

  const nn::Parameters<float>& parameters() const override { return parameters_; }
  std::int64_t latent_size() const override { return vae_.latent_size(); }
  std::int64_t n_weights() const override { return parameters_.count(); }

  Gradients<float> gradients(const Array<float>& x, const Array<float>& epsilon) const override {
    Gradients<float> result;
    auto [_, gradient] = autodiff::value_and_grad<float>(
        [&](const ForwardVae<float>& vae) {
          const Losses<float> of_batch = losses(vae, Var<float>(x), Var<float>(epsilon));
          const Var<float> sse = mean(of_batch.half_sse), divergence = mean(of_batch.kl);
          result.half_sse = sse.item();
          result.kl_nats = divergence.item();
          return sse + divergence * static_cast<float>(beta_KL_);
        },
        vae_);
    autodiff::for_each_var(gradient, [&](Var<float>& g) { result.blocks.push_back(g.value()); });
    return result;
  }
  Code<float> encode(const Array<float>& x) const override { return split_code(vae_.encode(Var<float>(x))); }
  Array<float> decode(const Array<float>& z) const override { return vae_.decode(Var<float>(z)).value(); }

 private:
  ForwardVae<float> vae_;
  nn::Parameters<float> parameters_;
  double beta_KL_;
};

class Recurrent final : public Model {
 public:
  Recurrent(Kind kind, const Settings& settings, const Stream& stream)
      : vae_(kind, n_pixels, settings.count("hidden"), settings.count("latent"), static_cast<float>(settings.number("sigma")),
             settings.number("gain"), stream),
        parameters_(vae_),
        phases_(phases_from(settings)),
        beta_KL_(settings.number("beta_kl")),
        exact_(settings.text("gradient") == exact_where_stable) {}

  const nn::Parameters<float>& parameters() const override { return parameters_; }
  std::int64_t latent_size() const override { return vae_.latent_size(); }
  std::int64_t n_weights() const override { return vae_.n_weights(); }

  Gradients<float> gradients(const Array<float>& x, const Array<float>& epsilon) const override {
    return exact_ ? exact_gradients(vae_, x, epsilon, beta_KL_, phases_.dynamics) : ep_gradients(vae_, x, epsilon, beta_KL_, phases_);
  }
  Code<float> encode(const Array<float>& x) const override { return read_code(vae_, Var<float>(ep_hopfield::encode(vae_, x, phases_.dynamics))); }
  Array<float> decode(const Array<float>& z) const override { return ep_hopfield::decode(vae_, z, phases_.dynamics); }
  const HopfieldVae<float>* hopfield() const override { return &vae_; }

 private:
  HopfieldVae<float> vae_;
  nn::Parameters<float> parameters_;
  Phases phases_;
  double beta_KL_;
  bool exact_;
};

}  // namespace

const std::vector<ModelName>& model_names() {
  static const std::vector<ModelName> all{{"f_vae", "F-VAE"}, {"h_vae", "H-VAE"}, {"dh_vae", "DH-VAE"}, {"tdh_vae", "TDH-VAE"}};
  return all;
}

Phases phases_from(const Settings& settings) {
  return {.dynamics = {.dt = settings.number("dt"),
                       .free_steps = static_cast<int>(settings.count("free_steps")),
                       .nudged_steps = static_cast<int>(settings.count("nudged_steps")),
                       .tolerance = settings.number("tolerance")},
          .beta_encoder = settings.number("beta_encoder"),
          .beta_decoder = settings.number("beta_decoder"),
          .two_sided = settings.flag("two_sided")};
}

std::unique_ptr<Model> build_model(const Settings& settings, std::uint64_t seed) {
  const experiments::SettingsCheck check("ep_hopfield", settings);
  for (const char* name : {"hidden", "latent"}) check.within(name, 1, 10'000);
  const Stream stream(seed, "initialisation");
  const std::string& model = settings.text("model");
  if (model == "f_vae") return std::make_unique<Forward>(settings, stream);
  for (const char* name : {"free_steps", "nudged_steps"}) check.within(name, 1, 100'000);
  for (const char* name : {"dt", "beta_encoder", "beta_decoder"}) check.within(name, 1e-9, 1);
  check.within("sigma", 1e-6, 100);
  check.one_of("gradient", {"ep", exact_where_stable});
  for (const auto& [name, kind] : {std::pair("h_vae", Kind::layered), {"dh_vae", Kind::dense}, {"tdh_vae", Kind::tied}})
    if (model == name) return std::make_unique<Recurrent>(kind, settings, stream);
  fail(Exit::usage, "ep_hopfield: model \"{}\" is none of f_vae, h_vae, dh_vae, tdh_vae", model);
}

}  // namespace ep_hopfield
