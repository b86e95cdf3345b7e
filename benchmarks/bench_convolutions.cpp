// The convolution kernels alone, at the geometries of the papers' networks (batch 100): microseconds and GFLOP/s of the
// operation as it is called, the way into and out of oneDNN's layouts included.
#include "benchmarks/contest.hpp"
#include "common/tensors/convolution.hpp"
#include "common/tensors/random.hpp"

#include <fmt/format.h>

namespace {

using tensors::Array;
using tensors::Extents;

struct Geometry {
  std::int64_t n_in, n_out, kernel, stride, extent;
};

constexpr std::int64_t batch = 100;
constexpr Geometry geometries[] = {{1, 16, 5, 2, 28}, {16, 32, 5, 2, 14}, {32, 32, 5, 2, 7},  {16, 1, 5, 1, 28},
                                   {1, 16, 5, 1, 28}, {32, 64, 5, 1, 14}, {64, 64, 3, 1, 28}};

void measure(const Geometry& g) {
  const Extents image{g.extent, g.extent}, kernel{g.kernel, g.kernel};
  const auto geometry = tensors::same_padding(image, kernel, g.stride);
  const Extents output = conv_extents(image, kernel, geometry);
  tensors::Stream stream(0, "benchmark");
  const auto x = stream.normal<float>({batch, g.n_in, image[0], image[1]}), w = stream.normal<float>({g.n_out, g.n_in, kernel[0], kernel[1]}),
             y = stream.normal<float>({batch, g.n_out, output[0], output[1]});
  const double us[] = {contest::microseconds([&] { tensors::kernels::conv(x, w, geometry); }),
                       contest::microseconds([&] { tensors::kernels::conv_data(y, w, geometry, image); }),
                       contest::microseconds([&] { tensors::kernels::conv_weight(x, y, geometry, kernel); })};
  const double gflop = 2e-9 * static_cast<double>(y.size() * g.n_in * kernel[0] * kernel[1]);
  fmt::print("{:<26}", fmt::format("{}->{} {}x{} s{} at {}", g.n_in, g.n_out, g.kernel, g.kernel, g.stride, g.extent));
  for (const double t : us) fmt::print("{:>10.0f}", t);
  for (const double t : us) fmt::print("{:>9.0f}", gflop / t * 1e6);
  fmt::print("\n");
}

}  // namespace

int main(int, char** argv) {
  contest::settle_environment(argv);
  fmt::print("{}\nconvolutions, batch {}, SAME padding\n\n", contest::machine(), batch);
  fmt::print("{:<26}{:>30}{:>27}\n{:<26}", "", "microseconds", "GFLOP/s", "");
  for (int i = 0; i < 2; ++i) fmt::print(fmt::runtime(i == 0 ? "{:>10}{:>10}{:>10}" : "{:>9}{:>9}{:>9}"), "forward", "to data", "weights");
  fmt::print("\n");
  for (const Geometry& g : geometries) measure(g);
}
