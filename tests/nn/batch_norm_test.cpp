// Batch normalisation: its definition, its derivatives, and where its running statistics live.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/batch_norm.hpp"
#include "common/nn/layers.hpp"
#include "common/nn/training.hpp"
#include "tests/nn/laws.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace nn;
using laws::biased_variance_of, laws::channel, laws::mean_of, laws::used_layer;
using tensors::Stream;
using D = double;

namespace {

Array<D> normal(const Shape& shape, std::uint64_t step) { return Stream(1, "batch_norm test", step).normal<D>(shape); }

const Shape shapes[] = {{6, 3}, {4, 3, 2, 5}};

const auto precisely = boost::test_tools::tolerance(1e-12);

template <class T>
struct Model {
  Dense<T> hidden;
  BatchNorm<T> norm;
  Dense<T> output;
};
template <class T, class F>
void visit(Model<T>& model, F&& f) {
  f("hidden", model.hidden);
  f("norm", model.norm);
  f("output", model.output);
}

Model<D> make_model() {
  Stream stream(1, "model");
  return {Dense<D>(4, 3, glorot, stream), used_layer(), Dense<D>(3, 2, glorot, stream)};
}

Var<D> loss(const Model<D>& model, const Var<D>& x, const Pass<D>& pass) {
  return sum(square(model.output(tanh(model.norm(model.hidden(x), pass)))));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(batch_normalisation)

BOOST_AUTO_TEST_CASE(training_gives_each_channel_the_mean_and_deviation_of_its_bias_and_weight) {
  const BatchNorm<D> layer = used_layer();
  for (const Shape& shape : shapes) {
    const Array<D> x = normal(shape, 0), y = layer(x, Pass<D>::training()).value();
    for (std::int64_t c = 0; c < 3; ++c) {
      const std::vector<D> before = channel(x, c), after = channel(y, c);
      const D mean = mean_of(before), deviation = std::sqrt(biased_variance_of(before) + 1e-5);
      for (std::size_t i = 0; i < before.size(); ++i)
        BOOST_TEST(after[i] == (before[i] - mean) / deviation * layer.weight.value()[c] + layer.bias.value()[c], precisely);
    }
  }
}

BOOST_AUTO_TEST_CASE(evaluation_uses_the_running_statistics) {
  const BatchNorm<D> layer = used_layer();
  for (const Shape& shape : shapes) {
    const Array<D> x = normal(shape, 0), y = layer(x, Pass<D>::evaluation()).value();
    for (std::int64_t c = 0; c < 3; ++c) {
      const std::vector<D> before = channel(x, c), after = channel(y, c);
      const D deviation = std::sqrt(layer.running_variance.value[c] + 1e-5);
      for (std::size_t i = 0; i < before.size(); ++i)
        BOOST_TEST(after[i] == (before[i] - layer.running_mean.value[c]) / deviation * layer.weight.value()[c] + layer.bias.value()[c], precisely);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_examples_evaluation_does_not_depend_on_the_batch_its_training_pass_does) {
  const BatchNorm<D> layer = used_layer();
  for (const Shape& shape : shapes) {
    const Var<D> x = normal(shape, 0);
    const auto in = [&](const Pass<D>& pass) { return [&](const Var<D>& rows) { return layer(rows, pass); }; };
    BOOST_TEST(laws::rows_do_not_depend_on_the_batch(in(Pass<D>::evaluation()), x));
    BOOST_TEST(!laws::rows_do_not_depend_on_the_batch(in(Pass<D>::training()), x));
  }
  BOOST_CHECK_NO_THROW(layer(normal({1, 3}, 0), Pass<D>::evaluation()));
}

BOOST_AUTO_TEST_CASE(running_statistics_follow_the_unbiased_moments_and_only_when_told) {
  for (const Shape& shape : shapes) {
    const std::vector<Array<D>> batches{normal(shape, 0), normal(shape, 1)};
    const BatchNorm<D> layer = used_layer();
    BatchStatistics<D> met;
    layer(batches[0], Pass<D>::training());
    layer(batches[0], Pass<D>::training(met));
    BOOST_TEST(std::ranges::equal(layer.running_mean.value, used_layer().running_mean.value));
    const auto train = [](const BatchNorm<D>& norm, const Array<D>& x, BatchStatistics<D>& noted) { norm(x, Pass<D>::training(noted)); };
    BOOST_TEST(laws::running_statistics_follow_the_unbiased_moments(train, batches));
    met.update_running();
    const Array<D> after = layer.running_variance.value.copy();
    met.update_running();  // nothing is left to apply
    BOOST_TEST(std::ranges::equal(layer.running_variance.value, after));
  }
}

BOOST_AUTO_TEST_CASE(derivatives_agree_with_differences_to_second_order_in_both_passes) {
  for (const Shape& shape : shapes)
    for (const Pass<D>& pass : {Pass<D>::training(), Pass<D>::evaluation()}) {
      const auto f = [&](const std::vector<Var<D>>& v) {
        BatchNorm<D> layer = used_layer();
        layer.weight = v[1];
        layer.bias = v[2];
        return square(layer(v[0], pass));
      };
      const auto check = autodiff::check_gradients(f, {normal(shape, 0), used_layer().weight, used_layer().bias}, 2);
      BOOST_TEST(check.passed(), shape[0] << " rows: " << check.where);
    }
}

BOOST_AUTO_TEST_CASE(fused_and_composite_agree_in_value_first_and_second_derivative) {
  for (const Shape& shape : shapes) {
    const std::vector<Var<D>> at{normal(shape, 0), used_layer().weight, used_layer().bias};
    const Var<D> weights = normal(shape, 1);
    const auto derivatives = [&](auto normalised) {
      const auto once = [&](const std::vector<Var<D>>& v) { return sum(square(normalised(v[0], v[1], v[2], 1e-2).y) * weights); };
      const auto twice = [&](const std::vector<Var<D>>& v) {
        Var<D> total(0.0);
        for (const Var<D>& g : autodiff::value_and_grad<D>(once, v).second) total = total + sum(exp(g * 0.1));
        return total;
      };
      const Var<D> y = normalised(at[0], at[1], at[2], 1e-2).y;
      std::vector<D> all(y.value().begin(), y.value().end());
      for (const auto& gradient : {autodiff::value_and_grad<D>(once, at).second, autodiff::value_and_grad<D>(twice, at).second})
        for (const Var<D>& g : gradient) all.insert(all.end(), g.value().begin(), g.value().end());
      return all;
    };
    const auto fused = derivatives(normalised_fused<D>), composite = derivatives(normalised_composite<D>);
    BOOST_REQUIRE_EQUAL(fused.size(), composite.size());
    for (std::size_t i = 0; i < fused.size(); ++i) BOOST_TEST(std::abs(fused[i] - composite[i]) <= 1e-11 * (1 + std::abs(composite[i])));
  }
}

BOOST_AUTO_TEST_CASE(float_and_double_agree_where_the_mean_is_far_from_zero) {
  const Shape shape{50, 3, 7, 7};
  Array<D> x = normal(shape, 0);
  std::transform(x.begin(), x.end(), x.mutable_data(), [](D v) { return static_cast<float>(100 + v); });
  Array<float> narrow(shape);
  std::copy(x.begin(), x.end(), narrow.mutable_data());
  const Array<D> y = BatchNorm<D>(3)(x, Pass<D>::training()).value();
  const Array<float> z = BatchNorm<float>(3)(narrow, Pass<float>::training()).value();
  for (std::int64_t i = 0; i < y.size(); ++i) BOOST_TEST(std::abs(y[i] - z[i]) < 1e-4);
}

BOOST_AUTO_TEST_CASE(running_statistics_are_buffers_of_the_model_and_no_parameters) {
  Model<D> model = make_model();
  const Parameters<D> parameters(model);
  BOOST_TEST(parameters.count() == 4 * 3 + 3 + 3 + 3 + 3 * 2 + 2);
  BOOST_TEST(parameters.entries().size() == 6u);
  BOOST_REQUIRE_EQUAL(parameters.buffers().size(), 2u);
  BOOST_TEST(parameters.buffers()[0].name == "norm.running_mean");
  BOOST_TEST(parameters.buffers()[1].name == "norm.running_variance");
  BOOST_TEST(parameters.named().size() == 8u);  // exported all together
  // The flat array, which checkpoints keep, holds them: the model's buffers are windows of it.
  const auto& entry = parameters.buffers()[0];
  BOOST_TEST(model.norm.running_mean.value.data() == parameters.flat().data() + entry.offset);
  BOOST_TEST(std::ranges::equal(entry.window, used_layer().running_mean.value));
  std::int64_t n_gradients = 0;
  autodiff::sweep_gradients<D>([&](const Model<D>& m) { return loss(m, normal({5, 4}, 0), Pass<D>::training()); }, model,
                               [&](std::int32_t i, const Var<D>& g) {
                                 BOOST_CHECK(g.shape() == parameters.entries()[static_cast<std::size_t>(i)].window.shape());
                                 ++n_gradients;
                               });
  BOOST_TEST(n_gradients == 6);
}

BOOST_AUTO_TEST_CASE(a_training_step_moves_parameters_and_what_it_met_moves_the_buffers_of_the_model) {
  Model<D> model = make_model();
  const Parameters<D> parameters(model);
  Sgd<D> sgd(parameters, {.learning_rate = 0.01});
  const Var<D> x = normal({5, 4}, 0);
  const Array<D> mean = model.norm.running_mean.value.copy(), weight = model.norm.weight.value().copy();
  BatchStatistics<D> met;
  train_step<D>(model, sgd, [&](const Model<D>& m) { return loss(m, x, Pass<D>::training(met)); });
  BOOST_TEST(!std::ranges::equal(model.norm.weight.value(), weight));
  BOOST_TEST(std::ranges::equal(model.norm.running_mean.value, mean));
  met.update_running();
  BOOST_TEST(!std::ranges::equal(model.norm.running_mean.value, mean));
  BOOST_TEST(std::ranges::equal(parameters.buffers()[0].window, model.norm.running_mean.value));
}

BOOST_AUTO_TEST_CASE(the_complete_loss_agrees_with_differences_in_every_block) {
  const Model<D> model = make_model();
  const auto check =
      autodiff::check_gradients([&](const Model<D>& m) { return loss(m, normal({5, 4}, 0), Pass<D>::training()); }, model, 2);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_CASE(refusals) {
  const BatchNorm<D> layer(3);
  BOOST_CHECK_THROW(layer(normal({1, 3}, 0), Pass<D>::training()), std::invalid_argument);
  BOOST_CHECK_THROW(layer(normal({1, 3, 1, 1}, 0), Pass<D>::training()), std::invalid_argument);
  BOOST_CHECK_NO_THROW(layer(normal({1, 3, 1, 2}, 0), Pass<D>::training()));
  for (const Pass<D>& pass : {Pass<D>::training(), Pass<D>::evaluation()})
    for (const Shape& shape : {Shape{5, 4}, Shape{3}, Shape{5, 3, 2}}) BOOST_CHECK_THROW(layer(normal(shape, 0), pass), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
