// The dense Hopfield network and LibTorch's, from equal weights and inputs: the states after any number of Euler steps.
#include "benchmarks/torch_hopfield.hpp"
#include "paper_ep_hopfield/settling.hpp"

#include <boost/test/unit_test.hpp>

using namespace ep_hopfield;

BOOST_AUTO_TEST_CASE(states_of_the_dense_network) {
  constexpr std::int64_t B = 3, n_image = 6, n_hidden = 9, n_code = 4, n = n_image + n_hidden + n_code;
  const Hopfield<float> network("network", {n_image, n_hidden, n_code}, Connections::dense, 2.0, Stream(1, "weights"));
  const PerGroup<std::int64_t> first{0, n_image, n_image + n_hidden};
  std::vector<float> W(n * n);
  for (const auto& [a, b, block] : network.blocks)
    for (std::int64_t i = 0; i < network.sizes[a]; ++i)
      for (std::int64_t j = 0; j < network.sizes[b]; ++j)
        W[static_cast<std::size_t>((first[a] + i) * n + first[b] + j)] = W[static_cast<std::size_t>((first[b] + j) * n + first[a] + i)] =
            block.value()[i * network.sizes[b] + j];
  const Array<float> x = Stream(1, "x").normal<float>({B, n_image});
  torch_hopfield::Network torch(n, n_image, W);
  for (const int n_steps : {1, 7, 60}) {
    const Equilibrium<float> ours = Settling<float>(network, image, x, {.dt = 0.3, .free_steps = n_steps, .tolerance = 0}).free();
    const std::vector<float> theirs = torch.settle(x.elements(), B, 0.3f, n_steps);
    for (std::int64_t i = 0; i < B; ++i)
      for (const Group g : {hidden, code})
        for (std::int64_t j = 0; j < network.sizes[g]; ++j)
          BOOST_TEST(std::abs(ours.s[g][i * network.sizes[g] + j] - theirs[static_cast<std::size_t>(i * (n - n_image) + first[g] - n_image + j)]) < 2e-5f);
  }
}
