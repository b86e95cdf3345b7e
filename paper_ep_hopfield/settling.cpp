#include "paper_ep_hopfield/settling.hpp"

#include "common/tensors/kernels.hpp"
#include "common/tensors/loops.hpp"
#include "common/tensors/vector_math.hpp"

#include <algorithm>

namespace ep_hopfield {
namespace kernels = tensors::kernels;
namespace {

// One Euler step of n units, r = rho(s) before and after; the largest |ds/dt| comes back. `pull` is beta times the loss's gradient.
template <bool nudged, class T>
T euler(std::int64_t n, T dt, const T* __restrict field, const T* __restrict pull, T* __restrict s, T* __restrict r) {
  T fastest = 0;
#pragma omp simd reduction(max : fastest)
  for (std::int64_t i = 0; i < n; ++i) {
    T velocity = 3 * r[i] * (1 - r[i]) * field[i] - s[i];
    if constexpr (nudged) velocity -= pull[i];
    s[i] += dt * velocity;
    r[i] = tensors::scalar::sigmoid(3 * s[i]);
    fastest = std::max(fastest, std::abs(velocity));
  }
  return fastest;
}

template <class T>
Array<T> rho_of(const Array<T>& s) { return rho(Var<T>(s)).value(); }

// into += r op(W)
template <class T>
void add_product(Array<T>& into, const Array<T>& r, const Array<T>& W, Trans trans) {
  tensors::gemm(Trans::no, trans, r.shape()[0], into.shape()[1], r.shape()[1], r.data(), W.data(), T(1), into.mutable_data());
}

}  // namespace

template <class T>
std::int64_t Equilibrium<T>::n_unsettled(double tolerance) const {
  return std::ranges::count_if(residual, [&](T v) { return v > tolerance; });
}

template <class T>
T Equilibrium<T>::worst_residual() const { return *std::ranges::max_element(residual); }

template <class T>
Settling<T>::Settling(const Hopfield<T>& network, Group clamped, const Array<T>& input, const Dynamics& dynamics)
    : network_(network), clamped_(clamped), input_(input), input_r_(rho_of(input)), dynamics_(dynamics) {
  tensors::require(input.shape().rank() == 2 && input.shape()[1] == network.sizes[clamped], "settling: the input is {}, the {} units are {}",
                   input.shape(), group_names[clamped], network.sizes[clamped]);
  for (const Group g : groups) drive_[g] = Array<T>::zeros({input.shape()[0], network.sizes[g]});
  for (const auto& [a, b, W] : network.blocks) {
    if (a == b) continue;
    if (a == clamped) add_product(drive_[b], input_r_, W.value(), Trans::no);
    if (b == clamped) add_product(drive_[a], input_r_, W.value(), Trans::yes);
  }
}

template <class T>
Equilibrium<T> Settling<T>::start() const {
  const std::int64_t B = input_.shape()[0];
  Equilibrium<T> state;
  for (const Group g : groups) {
    state.s[g] = g == clamped_ ? input_ : Array<T>::zeros({B, network_.sizes[g]});
    state.r[g] = g == clamped_ ? input_r_ : Array<T>::full({B, network_.sizes[g]}, T(0.5));
  }
  state.residual.resize(static_cast<std::size_t>(B));
  return state;
}

// All groups move at once: every field is computed before any state changes.
template <class T>
void Settling<T>::step(Equilibrium<T>& state, const Nudge<T>* nudge) const {
  const std::int64_t B = input_.shape()[0];
  PerGroup<Array<T>> fields;
  for (const Group g : groups)
    if (g != clamped_) fields[g] = drive_[g].copy();
  for (const auto& [a, b, W] : network_.blocks) {
    if (a == clamped_ || b == clamped_) continue;
    add_product(fields[b], state.r[a], W.value(), Trans::no);
    if (a != b) add_product(fields[a], state.r[b], W.value(), Trans::yes);
  }
  std::ranges::fill(state.residual, T(0));
  for (const Group g : groups) {
    if (g == clamped_) continue;
    const std::int64_t n = network_.sizes[g];
    const bool nudged = nudge && nudge->group == g;
    Array<T> pull;
    if (nudged) pull = kernels::mul(nudge->gradient(state.s[g]), Array<T>::scalar(nudge->beta));
    T *s = state.s[g].mutable_data(), *r = state.r[g].mutable_data(), *residual = state.residual.data();
    const T *f = fields[g].data(), *p = pull.data(), dt = static_cast<T>(dynamics_.dt);
    kernels::parallel_ranges(B, std::max<std::int64_t>(1, (1 << 13) / n), [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t at = i * n;
        const T fastest = nudged ? euler<true, T>(n, dt, f + at, p + at, s + at, r + at) : euler<false, T>(n, dt, f + at, nullptr, s + at, r + at);
        residual[i] = std::max(residual[i], fastest);
      }
    });
  }
  ++state.n_steps;
}

template <class T>
void Settling<T>::settle(Equilibrium<T>& state, int n_steps, const Nudge<T>* nudge) const {
  const auto settled = [&] { return state.worst_residual() < static_cast<T>(dynamics_.tolerance); };
  for (int i = 0; i < n_steps && (i == 0 || !settled()); ++i) step(state, nudge);
  for (const Group g : groups)
    if (!kernels::all_finite(state.s[g]))
      throw tensors::Divergence(fmt::format("the {} units of the {} are not finite after {} Euler steps of a {} phase", group_names[g], network_.name,
                                            state.n_steps, nudge ? "weakly clamped" : "free"));
}

template <class T>
Equilibrium<T> Settling<T>::free() const {
  Equilibrium<T> state = start();
  settle(state, dynamics_.free_steps, nullptr);
  return state;
}

template <class T>
Equilibrium<T> Settling<T>::weakly_clamped(const Equilibrium<T>& from, const Nudge<T>& nudge) const {
  Equilibrium<T> state = from;
  state.n_steps = 0;
  for (const Group g : groups)
    if (g != clamped_) {
      state.s[g] = from.s[g].copy();
      state.r[g] = from.r[g].copy();
    }
  settle(state, dynamics_.nudged_steps, &nudge);
  return state;
}

template <class T>
std::vector<double> Settling<T>::residuals(int n_steps) const {
  Equilibrium<T> state = start();
  std::vector<double> worst;
  for (int i = 0; i < n_steps; ++i) {
    step(state, nullptr);
    worst.push_back(state.worst_residual());
  }
  return worst;
}

template <class T>
std::vector<Array<T>> Settling<T>::weight_gradient(const Equilibrium<T>& plus, const Equilibrium<T>& minus, T distance) const {
  const auto B = static_cast<T>(input_.shape()[0]);
  PerGroup<Array<T>> scaled_difference, sum;
  for (const Group g : groups) {
    sum[g] = kernels::add(plus.r[g], minus.r[g]);
    if (g != clamped_)
      scaled_difference[g] = kernels::mul(kernels::sub(plus.r[g], minus.r[g]), Array<T>::scalar(T(-0.5) / (distance * B)));
  }
  std::vector<Array<T>> gradients;
  for (const auto& [a, b, W] : network_.blocks) {
    if (a == clamped_ && b == clamped_) {
      gradients.push_back(Array<T>::zeros(W.shape()));
    } else if (a == b) {
      gradients.push_back(symmetrised(kernels::matmul(scaled_difference[a], kernels::mul(sum[a], Array<T>::scalar(T(2))), Trans::yes, Trans::no)));
    } else {
      Array<T> G = Array<T>::zeros(W.shape());
      const auto add = [&](const Array<T>& left, const Array<T>& right) {
        tensors::gemm(Trans::yes, Trans::no, G.shape()[0], G.shape()[1], left.shape()[0], left.data(), right.data(), T(1), G.mutable_data());
      };
      if (a != clamped_) add(scaled_difference[a], sum[b]);
      if (b != clamped_) add(sum[a], scaled_difference[b]);
      gradients.push_back(G);
    }
  }
  return gradients;
}

template <class T>
Array<T> Settling<T>::input_gradient(const Equilibrium<T>& plus, const Equilibrium<T>& minus, T distance) const {
  Array<T> contrast = Array<T>::zeros(input_.shape());
  for (const auto& [a, b, W] : network_.blocks) {
    if (a == b) continue;
    if (a == clamped_) add_product(contrast, kernels::sub(plus.r[b], minus.r[b]), W.value(), Trans::yes);
    if (b == clamped_) add_product(contrast, kernels::sub(plus.r[a], minus.r[a]), W.value(), Trans::no);
  }
  const Var<T> slopes = slope(Var<T>(input_r_)) * (T(-1) / distance);
  return kernels::mul(slopes.value(), contrast);
}

template <class T>
Array<T> symmetrised(const Array<T>& x) {
  const std::int64_t n = x.shape()[0];
  constexpr std::int64_t tile = 32;  // so that the columns read stay in the cache
  Array<T> y(x.shape());
  const T* in = x.data();
  T* out = y.mutable_data();
  kernels::parallel_ranges((n + tile - 1) / tile, 4, [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t rows = first * tile; rows < std::min(last * tile, n); rows += tile)
      for (std::int64_t columns = 0; columns < n; columns += tile)
        for (std::int64_t i = rows; i < std::min(rows + tile, n); ++i)
          for (std::int64_t j = columns; j < std::min(columns + tile, n); ++j) out[i * n + j] = i == j ? T(0) : (in[i * n + j] + in[j * n + i]) / 2;
  });
  return y;
}

template struct Equilibrium<float>;
template struct Equilibrium<double>;
template class Settling<float>;
template class Settling<double>;
template Array<float> symmetrised(const Array<float>&);
template Array<double> symmetrised(const Array<double>&);

}  // namespace ep_hopfield
