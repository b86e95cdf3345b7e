#include "common/autodiff/check_gradients.hpp"

#include "common/tensors/random.hpp"

#include <cmath>
#include <limits>

namespace autodiff {
namespace {

using Arguments = std::vector<Var<double>>;
using Scalar = std::function<Var<double>(const Arguments&)>;

Var<double> weights(const Shape& shape, std::uint64_t which) {
  return Var<double>(tensors::Stream(which, "check_gradients").normal<double>(shape));
}

double at_shifted(const Scalar& f, Arguments arguments, std::size_t i, std::int64_t element, double step) {
  Array<double> moved = arguments[i].value().copy();
  moved.mutable_data()[element] += step;
  arguments[i] = Var<double>(moved);
  return f(arguments).item();
}

// Compares the gradient of f with differences, then the next order by way of <v, gradient>.
void check(const Scalar& f, const Arguments& arguments, int order, int deepest, GradientCheck& result) {
  const Arguments gradient = value_and_grad<double>(f, arguments).second;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    double scale = 1;
    for (double g : gradient[i].value()) scale = std::max(scale, std::abs(g));
    for (std::int64_t e = 0; e < arguments[i].shape().size(); ++e) {
      const double h = 1e-3 * std::max(1.0, std::abs(arguments[i].value()[e]));
      const double difference = (8 * (at_shifted(f, arguments, i, e, h) - at_shifted(f, arguments, i, e, -h)) -
                                 (at_shifted(f, arguments, i, e, 2 * h) - at_shifted(f, arguments, i, e, -2 * h))) / (12 * h);
      double deviation = std::abs(gradient[i].value()[e] - difference) / scale;
      if (!std::isfinite(deviation)) deviation = std::numeric_limits<double>::infinity();
      if (deviation > result.worst)
        result = {deviation, fmt::format("order {}, argument {}, element {}: derivative {}, difference {}", order, i, e,
                                         gradient[i].value()[e], difference)};
    }
  }
  if (order == deepest) return;
  const Scalar next = [&f, order](const Arguments& x) {
    const Arguments g = value_and_grad<double>(f, x).second;
    Var<double> total(0.0);
    for (std::size_t i = 0; i < g.size(); ++i)
      total = total + sum(g[i] * weights(g[i].shape(), 100 * static_cast<std::uint64_t>(order) + i));
    return total;
  };
  check(next, arguments, order + 1, deepest, result);
}

}  // namespace

GradientCheck check_gradients(const Function& f, const std::vector<Var<double>>& arguments, int order) {
  GradientCheck result;
  check([&f](const Arguments& x) {
    const Var<double> y = f(x);
    return sum(y * weights(y.shape(), 7));
  }, arguments, 1, order, result);
  return result;
}

}  // namespace autodiff
