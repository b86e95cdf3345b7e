// # The continuous Hopfield network
//
// Tom Van Der Meersch, Johannes Deleu, Thomas Demeester: *Training a Hopfield Variational Autoencoder with Equilibrium
// Propagation* (below: the paper). This file defines the network and its energy; settling.hpp lets it settle quickly,
// hopfield_vae.hpp makes an autoencoder of it.
//
// A network's units stand in three groups, image, hidden and code; a block of weights joins two groups. In a *layered*
// network these are (image, hidden) and (hidden, code). In a *dense* one every pair of units is joined, also within a
// group. Whichever group is clamped is the input: the image in an encoder, the code in a decoder. So one network can be both.
//
// | symbol | here | shape |
// |---|---|---|
// | $\mathbf s$ | `s[group]` | [B, n], one array a group |
// | $\rho(\mathbf s)$ | `rho(s)` | the same |
// | $\mathbf W$, its part that joins groups a and b | `Block{a, b, W}` | [n_a, n_b] |
// | $E(\mathbf s)$, eq. (1) | `energy(network, s)` | [B] |
// | $\mathbf W \rho(\mathbf s)$ of one group | `field(network, r, group)` | [B, n] |
// | $\mathbf s_{i+1}$, eq. (3) | `unrolled_equilibrium(network, ...)` | as $\mathbf s$ |
//
// What is here is written in autodiff's variables, as the equations stand: it is what the fast code is tested against.
#pragma once

#include "common/autodiff/functions.hpp"
#include "common/tensors/random.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

namespace ep_hopfield {

using autodiff::Var;
using tensors::Array;
using tensors::Shape;
using tensors::Stream;
using tensors::Trans;

enum Group : std::size_t { image, hidden, code };
inline constexpr std::array<Group, 3> groups{image, hidden, code};
inline const char* const group_names[]{"image", "hidden", "code"};
template <class P>
using PerGroup = std::array<P, 3>;
template <class T>
using States = PerGroup<Var<T>>;

enum class Connections { layered, dense };

// ## Weights
//
// $W$ is symmetric with a zero diagonal and there are no biases. A block between two groups stands once; a block within
// a group is stored whole, both triangles alike. So each pair of units has one weight, whichever way it is read.
template <class T>
struct Block {
  Group a, b;  // a <= b
  Var<T> W;

  std::string name() const { return std::string(group_names[a]) + "_" + group_names[b]; }
};

template <class T>
struct Hopfield {
  std::string name;  // for messages
  PerGroup<std::int64_t> sizes;
  std::vector<Block<T>> blocks;

  // Uniform weights after Glorot and Bengio, times `gain`: within $\pm\sqrt{6 / (n_a + n_b)}$ between layers, within $\pm\sqrt{6 / 2n}$ in
  // a dense network of n units.
  Hopfield(std::string name, PerGroup<std::int64_t> sizes, Connections connections, double gain, Stream stream)
      : name(std::move(name)), sizes(sizes) {
    const bool dense = connections == Connections::dense;
    const std::int64_t n = sizes[image] + sizes[hidden] + sizes[code];
    for (const Group a : groups)
      for (const Group b : groups) {
        if (b < a || (!dense && b != a + 1)) continue;
        const double limit = gain * std::sqrt(6.0 / static_cast<double>(dense ? 2 * n : sizes[a] + sizes[b]));
        const Array<T> uniform = stream.uniform<T>({sizes[a], sizes[b]});
        Array<T> W(uniform.shape());
        T* w = W.mutable_data();
        for (std::int64_t i = 0; i < sizes[a]; ++i)
          for (std::int64_t j = 0; j < sizes[b]; ++j) {
            const bool mirrored = a == b && j < i;
            w[i * sizes[b] + j] = mirrored ? w[j * sizes[b] + i] : static_cast<T>(limit) * (2 * uniform[i * sizes[b] + j] - 1);
          }
        if (a == b)
          for (std::int64_t i = 0; i < sizes[a]; ++i) w[i * sizes[a] + i] = 0;
        blocks.push_back({a, b, Var<T>(W)});
      }
  }

  // The number of pairs that are joined.
  std::int64_t n_weights() const {
    std::int64_t n = 0;
    for (const auto& block : blocks) n += block.a == block.b ? sizes[block.a] * (sizes[block.a] - 1) / 2 : sizes[block.a] * sizes[block.b];
    return n;
  }
};

template <class T, class F>
void visit(Hopfield<T>& network, F&& f) {
  for (auto& block : network.blocks) f(block.name(), block.W);
}

// ## Non-linearity
//
// The compressed sigmoid of appendix B.1, $\rho(s) = 1 / (1 + e^{-3s})$; its slope $3 \rho (1 - \rho)$ is largest, 3/4, at 0.
template <class T>
Var<T> rho(const Var<T>& s) { return sigmoid(s * T(3)); }

template <class T>
Var<T> slope(const Var<T>& r) { return r * (T(1) - r) * T(3); }  // rho'(s), r = rho(s)

// ## Energy and its descent
//
// $$E(\mathbf s) = \tfrac12 \|\mathbf s\|^2 - \tfrac12 \rho(\mathbf s)^T W \rho(\mathbf s), \qquad
//   \frac{d\mathbf s}{dt} = -\nabla_{\mathbf s} E = -\mathbf s + \rho'(\mathbf s) \odot (W \rho(\mathbf s))$$
template <class T>
Var<T> energy(const Hopfield<T>& network, const States<T>& s) {
  Var<T> total = sum(square(s[image]), -1) + sum(square(s[hidden]), -1) + sum(square(s[code]), -1);
  for (const auto& [a, b, W] : network.blocks) {
    const Var<T> joint = sum(matmul(rho(s[a]), W) * rho(s[b]), -1);
    total = total - (a == b ? joint : joint * T(2));
  }
  return total * T(0.5);
}

// r = rho(s) of all groups.
template <class T>
Var<T> field(const Hopfield<T>& network, const States<T>& r, Group group) {
  Var<T> total(T(0));
  for (const auto& [a, b, W] : network.blocks) {
    if (b == group) total = total + matmul(r[a], W);
    if (a == group && a != b) total = total + matmul(r[b], W, Trans::no, Trans::yes);
  }
  return total;
}

// n Euler steps of size dt, eq. (3), from zero, with one group clamped to `input` [B, n].
template <class T>
States<T> unrolled_equilibrium(const Hopfield<T>& network, Group clamped, const Var<T>& input, T dt, int n_steps) {
  States<T> s;
  for (const Group g : groups) s[g] = g == clamped ? input : Var<T>(Array<T>::zeros({input.shape()[0], network.sizes[g]}));
  States<T> r{rho(s[image]), rho(s[hidden]), rho(s[code])};
  for (int i = 0; i < n_steps; ++i) {
    States<T> next = s;
    for (const Group g : groups)
      if (g != clamped) next[g] = s[g] * (T(1) - dt) + slope(r[g]) * field(network, r, g) * dt;
    s = next;
    for (const Group g : groups)
      if (g != clamped) r[g] = rho(s[g]);
  }
  return s;
}

}  // namespace ep_hopfield
