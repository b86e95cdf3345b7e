#include "common/nn/training.hpp"

#include "common/tensors/kernels.hpp"

namespace nn {

template <class T>
void throw_divergence(Optimiser<T>& optimiser, double loss) {
  std::string array = "all parameters are finite";
  for (const auto& entry : optimiser.parameters().entries()) {
    if (tensors::kernels::all_finite(entry.window)) continue;
    array = entry.name + " is not finite";
    break;
  }
  throw tensors::Divergence(fmt::format("the loss is {} at step {} ({})", loss, optimiser.n_steps(), array));
}

template void throw_divergence(Optimiser<float>&, double);
template void throw_divergence(Optimiser<double>&, double);

}  // namespace nn
