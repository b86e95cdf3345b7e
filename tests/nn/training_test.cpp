// The training step: what it computes, what it refuses, and that it allocates nothing.
#include "common/distributions/bernoulli.hpp"
#include "common/nn/layers.hpp"
#include "common/nn/training.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <optional>
#include <tuple>

namespace {

std::atomic<std::int64_t> n_allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++n_allocations;
  if (void* place = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return place;
  throw std::bad_alloc();
}

}  // namespace

// Every allocation through `new` in this program, libraries included, is counted.
void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, static_cast<std::size_t>(alignment)); }
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }

using namespace nn;
using tensors::Stream;
using Scalars = std::tuple<float, double>;

namespace {

template <class T>
struct Model {
  Dense<T> hidden, output;
};
template <class T, class F>
void visit(Model<T>& model, F&& f) {
  f("hidden", model.hidden);
  f("output", model.output);
}

// A small autoencoder of binary rows, its parameters and its batch.
template <class T>
struct Fixture {
  explicit Fixture(std::int64_t n_rows = 13, std::int64_t n_columns = 20, std::int64_t n_hidden = 7) {
    Stream stream(1, "fixture");
    model = {Dense<T>(n_columns, n_hidden, glorot, stream), Dense<T>(n_hidden, n_columns, glorot, stream)};
    parameters.emplace(model);
    batch = Var<T>(stream.bernoulli(Array<T>::full({n_rows, n_columns}, T(0.3))));
  }
  auto loss() const {
    return [x = batch](const Model<T>& m) {
      const Var<T> logits = m.output(tanh(m.hidden(x)));
      return -mean(distributions::Bernoulli<T>{logits}.log_prob(x));
    };
  }

  Model<T> model;
  std::optional<Parameters<T>> parameters;
  Var<T> batch;
};

template <class T>
bool equal(const Array<T>& a, const Array<T>& b) {
  return a.shape() == b.shape() && std::ranges::equal(a, b);
}

// What train_step does, spelled out: all gradients first, then all updates.
template <class T, class Loss>
T plain_step(const Model<T>& model, Optimiser<T>& optimiser, const Loss& loss) {
  auto [value, gradient] = autodiff::value_and_grad<T>(loss, model);
  optimiser.begin_step();
  std::int32_t i = 0;
  autodiff::for_each_var(gradient, [&](const Var<T>& g) { optimiser.update(i++, g.value()); });
  return value.item();
}

template <class T, class Loss>
void check_equals_plain_steps(Fixture<T>& a, Fixture<T>& b, const Loss& loss) {
  Adam<T> fused(*a.parameters, AdamSettings{0.01}), plain(*b.parameters, AdamSettings{0.01});
  for (int step = 0; step < 5; ++step) {
    BOOST_TEST(train_step(a.model, fused, loss) == plain_step(b.model, plain, loss));
    BOOST_TEST(equal(a.parameters->flat(), b.parameters->flat()));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE_TEMPLATE(the_loss_goes_down, T, Scalars) {
  Fixture<T> f;
  Adam<T> adam(*f.parameters, AdamSettings{0.01});
  const T first = train_step(f.model, adam, f.loss());
  for (int step = 0; step < 300; ++step) train_step(f.model, adam, f.loss());
  BOOST_TEST(train_step(f.model, adam, f.loss()) < first / 2);
  BOOST_TEST(adam.n_steps() == 302);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_step_is_all_gradients_then_all_updates, T, Scalars) {
  Fixture<T> a, b;
  check_equals_plain_steps(a, b, a.loss());
}

// Weights are updated while the sweep still runs: whoever reads a weight's array apart from its variable must not
// notice.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_detached_weight_keeps_its_value_during_the_step, T, Scalars) {
  Fixture<T> a, b;
  check_equals_plain_steps(a, b, [x = a.batch](const Model<T>& m) {
    const Var<T> h = tanh(m.hidden(x));
    const Var<T> detached = mean(square(autodiff::matmul(h, autodiff::stop_gradient(m.output.weight))));  // its rule reads the weight ...
    return detached + mean(square(m.output(h)));  // ... after the sweep has finished with the variable
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_loss_that_is_not_finite_ends_the_step_untouched, T, Scalars) {
  for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
    Fixture<T> f;
    Adam<T> adam(*f.parameters, AdamSettings{});
    train_step(f.model, adam, f.loss());
    const Array<T> before = f.parameters->flat().copy();
    const auto diverging = [&](const Model<T>& m) { return f.loss()(m) * bad; };
    BOOST_CHECK_EXCEPTION(train_step(f.model, adam, diverging), tensors::Divergence, [](const tensors::Divergence& e) {
      return std::string(e.what()).find("step 2 (all parameters are finite)") != std::string::npos;
    });
    BOOST_TEST(equal(f.parameters->flat(), before));

    // The first array that is not finite is named.
    f.model.output.weight.value().data_for_update()[3] = bad;
    f.model.output.bias.value().data_for_update()[0] = bad;
    BOOST_CHECK_EXCEPTION(train_step(f.model, adam, diverging), tensors::Divergence, [](const tensors::Divergence& e) {
      return std::string(e.what()).find("output.weight is not finite") != std::string::npos;
    });
    f.model.output.weight.value().data_for_update()[3] = 0;
    f.model.output.bias.value().data_for_update()[0] = 0;
    BOOST_TEST(std::isfinite(train_step(f.model, adam, f.loss())));  // the tape is as good as new
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_loss_must_be_one_number, T, Scalars) {
  Fixture<T> f;
  Sgd<T> sgd(*f.parameters, SgdSettings{});
  BOOST_CHECK_THROW(train_step(f.model, sgd, [](const Model<T>& m) { return m.hidden.bias; }), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(allocations_are_counted) {
  const std::int64_t before = n_allocations;
  const std::vector<int> some(10);
  BOOST_TEST(n_allocations - before == 1);
}

// What oneDNN's large products allocate on their own: the five products of a step, forward and back.
template <class T>
std::int64_t allocations_of_products(const Fixture<T>& f) {
  const std::int64_t rows = f.batch.shape()[0], columns = f.batch.shape()[1], hidden = f.model.hidden.bias.shape()[0];
  const Array<T> wide = Array<T>::zeros({rows, columns}), narrow = Array<T>::zeros({rows, hidden});
  Array<T> result({std::max(rows, columns) * std::max(columns, hidden)});
  using enum tensors::Trans;
  const auto product = [&](tensors::Trans a, tensors::Trans b, std::int64_t m, std::int64_t n, std::int64_t k, const Array<T>& p, const Array<T>& q) {
    tensors::gemm(a, b, m, n, k, p.data(), q.data(), T(0), result.mutable_data());
  };
  const std::int64_t before = n_allocations;
  product(no, no, rows, hidden, columns, wide, f.model.hidden.weight.value());
  product(no, no, rows, columns, hidden, narrow, f.model.output.weight.value());
  product(no, yes, rows, hidden, columns, wide, f.model.output.weight.value());
  product(yes, no, hidden, columns, rows, narrow, wide);
  product(yes, no, columns, hidden, rows, wide, narrow);
  return n_allocations - before;
}

BOOST_AUTO_TEST_CASE_TEMPLATE(after_the_first_step_nothing_is_allocated, T, Scalars) {
  // A thousand small steps, and some of the size of an experiment, which run on several threads.
  for (const auto& [n_steps, f] : {std::pair(1000, Fixture<T>()), {5, Fixture<T>(100, 784, 500)}}) {
    Adam<T> adam(*f.parameters, AdamSettings{});
    const auto loss = f.loss();
    train_step(f.model, adam, loss);
    const tensors::PoolStatistics before = tensors::pool_statistics();
    const std::int64_t allocations = n_allocations;
    for (int step = 0; step < n_steps; ++step) train_step(f.model, adam, loss);
    const std::int64_t counted = n_allocations - allocations;
    const tensors::PoolStatistics after = tensors::pool_statistics();
    BOOST_TEST(counted == n_steps * allocations_of_products(f));
    if (n_steps == 1000) BOOST_TEST(counted == 0);
    BOOST_TEST(after.fresh_allocations == before.fresh_allocations);
    BOOST_TEST(after.held_bytes == before.held_bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()
