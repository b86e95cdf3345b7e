// Laws of the bound and of importance weights, on images so small and a code so short that log p(x) is known.
#pragma once

#include "paper_vae_extensions/vae.hpp"
#include "tests/laws.hpp"

namespace laws {

using autodiff::Var;
using vae_extensions::Activation;
using vae_extensions::Vae;

constexpr std::int64_t n_pixels = 6, n_hidden = 5, n_images = 4;

inline Vae<double> small_vae(std::int64_t n, Activation activation = Activation::tanh) {
  return Vae<double>(n_pixels, n_hidden, n, activation, tensors::Stream(3, "small"));
}
inline Array<double> small_images() { return tensors::Stream(3, "pixels").bernoulli(Array<double>::full({n_images, n_pixels}, 0.5)); }

// log p(x) of every image for a one-dimensional code, by the trapezoidal rule over z in [-12, 12].
inline std::vector<double> exact_log_p(const Vae<double>& model, const Array<double>& x) {
  constexpr int n_nodes = 4001;
  constexpr double width = 12, step = 2 * width / (n_nodes - 1);
  std::vector<double> p(static_cast<std::size_t>(x.shape()[0]), 0.0);
  for (int i = 0; i < n_nodes; ++i) {
    const double z = -width + i * step;
    const Var<double> codes(Array<double>::full({x.shape()[0], 1}, z));
    const Var<double> log_joint = model.p(codes).log_prob(Var<double>(x)) + distributions::standard_normal_log_prob(codes);
    for (std::size_t image = 0; image < p.size(); ++image) p[image] += step * std::exp(log_joint.value()[static_cast<std::int64_t>(image)]);
  }
  for (double& value : p) value = std::log(value);
  return p;
}

// Many draws for each of the small images: law(draws(x, epsilon) [n], log p(x)), x [n, n_pixels], epsilon [n, 1].
template <class Draws, class Law>
Finding for_each_image(const Vae<double>& model, const Draws& draws, const Law& law) {
  constexpr std::int64_t n = 100'000;
  const Array<double> images = small_images();
  const std::vector<double> log_p = exact_log_p(model, images);
  return for_each_of(n_images, "image", [&](std::int64_t i) {
    const Var<double> x = broadcast_to(Var<double>(images.window(i * n_pixels, {1, n_pixels})), {n, n_pixels});
    const Var<double> epsilon(tensors::Stream(3, "many", static_cast<std::uint64_t>(i)).normal<double>({n, 1}));
    return law(draws(x, epsilon).value(), log_p[static_cast<std::size_t>(i)]);
  });
}

// The mean of bound(x, epsilon) lies below log p(x).
template <class Bound>
Finding lies_below_log_p(const Vae<double>& model, const Bound& bound) {
  return for_each_image(model, bound, [](const Array<double>& draws, double log_p) { return mean_is_below(draws.elements(), log_p); });
}

// The mean of exp(log_weight(x, epsilon)) is p(x).
template <class LogWeight>
Finding weights_average_to_p(const Vae<double>& model, const LogWeight& log_weight) {
  return for_each_image(model, [&](const Var<double>& x, const Var<double>& epsilon) { return exp(log_weight(x, epsilon)); },
                        [](const Array<double>& draws, double log_p) { return mean_is(draws.elements(), std::exp(log_p)); });
}

}  // namespace laws
