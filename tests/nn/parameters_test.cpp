#include "common/autodiff/check_gradients.hpp"
#include "common/nn/layers.hpp"
#include "common/nn/parameters.hpp"
#include "common/nn/restore.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <tuple>

using namespace nn;
using tensors::Stream;
using Scalars = std::tuple<float, double>;

namespace {

// 784 - 500 - (n, n) - 500 - 784, with layers in a vector and a nested part.
template <class T>
struct Encoder {
  Dense<T> hidden, mean;
};
template <class T, class F>
void visit(Encoder<T>& encoder, F&& f) {
  f("hidden", encoder.hidden);
  f("mean", encoder.mean);
}

template <class T>
struct Model {
  Encoder<T> encoder;
  std::vector<Dense<T>> decoder;
  Var<T> temperature{Array<T>::scalar(T(0.25))};
};
template <class T, class F>
void visit(Model<T>& model, F&& f) {
  f("encoder", model.encoder);
  f("decoder", model.decoder);
  f("temperature", model.temperature);
}

template <class T>
Model<T> make_model() {
  Stream stream(1, "model");
  return {{Dense<T>(784, 500, glorot, stream), Dense<T>(500, 3, pytorch_default, stream)},
          {Dense<T>(3, 500, he, stream), Dense<T>(500, 784, glorot, stream)}};
}

template <class T>
struct Ladder {
  std::array<Encoder<T>, 2> rungs;
  std::array<Var<T>, 2> scales;
};
template <class T, class F>
void visit(Ladder<T>& ladder, F&& f) {
  f("rungs", ladder.rungs);
  f("scales", ladder.scales);
}

template <class T>
std::vector<std::string> names_of(const Parameters<T>& parameters) {
  std::vector<std::string> names;
  for (const auto& [name, array] : parameters.named()) names.push_back(name);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parameters)

BOOST_AUTO_TEST_CASE_TEMPLATE(names_stand_in_the_order_of_the_visit, T, Scalars) {
  Model<T> model = make_model<T>();
  const Parameters<T> parameters(model);
  const std::vector<std::string> expected{
      "encoder.hidden.weight", "encoder.hidden.bias", "encoder.mean.weight", "encoder.mean.bias", "decoder.0.weight",
      "decoder.0.bias", "decoder.1.weight", "decoder.1.bias", "temperature"};
  BOOST_TEST(names_of(parameters) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(parts_in_arrays_are_numbered, T, Scalars) {
  Stream stream(1, "ladder");
  const Dense<T> dense(2, 3, glorot, stream);
  Ladder<T> ladder{{{{dense, dense}, {dense, dense}}}, {Array<T>::scalar(T(1)), Array<T>::scalar(T(2))}};
  const Parameters<T> parameters(ladder);
  const std::vector<std::string> expected{
      "rungs.0.hidden.weight", "rungs.0.hidden.bias", "rungs.0.mean.weight", "rungs.0.mean.bias", "rungs.1.hidden.weight",
      "rungs.1.hidden.bias", "rungs.1.mean.weight", "rungs.1.mean.bias", "scales.0", "scales.1"};
  BOOST_TEST(names_of(parameters) == expected, boost::test_tools::per_element());
  BOOST_TEST(ladder.scales[1].value().data() == parameters.entries()[9].window.data());
  BOOST_TEST(parameters.entries()[9].window.item() == T(2));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(padding_is_not_counted, T, Scalars) {
  Model<T> model = make_model<T>();
  const Parameters<T> parameters(model);
  BOOST_TEST(parameters.count() == 784 * 500 + 500 + 500 * 3 + 3 + 3 * 500 + 500 + 500 * 784 + 784 + 1);
  BOOST_TEST(parameters.flat().size() > parameters.count());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(windows_are_aligned_disjoint_and_hold_the_values, T, Scalars) {
  const Model<T> before = make_model<T>();
  Model<T> model = before;
  const Parameters<T> parameters(model);
  std::int64_t end = 0;
  for (const auto& entry : parameters.entries()) {
    BOOST_TEST(entry.offset >= end);
    BOOST_TEST(entry.offset - end < std::int64_t(64 / sizeof(T)));
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(entry.window.data()) % 64 == 0u);
    BOOST_TEST(entry.window.data() == parameters.flat().data() + entry.offset);
    end = entry.offset + entry.window.size();
  }
  BOOST_TEST(std::ranges::equal(model.decoder[1].weight.value(), before.decoder[1].weight.value()));
  BOOST_CHECK(model.decoder[1].weight.shape() == before.decoder[1].weight.shape());
  BOOST_TEST(model.temperature.item() == T(0.25));

  // The model's variables are the windows: what is written there, the model sees.
  parameters.entries()[8].window.data_for_update()[0] = T(4);
  BOOST_TEST(model.temperature.item() == T(4));
  BOOST_TEST(before.temperature.item() == T(0.25));
}

BOOST_AUTO_TEST_CASE(exported_weights_are_restored_or_refused_by_name) {
  Model<double> trained = make_model<double>();
  const Parameters<double> exported(trained);
  for (const auto& entry : exported.entries()) std::ranges::fill(entry.window.data_for_update(), entry.window.data_for_update() + entry.window.size(), 2.0);
  const auto named = exported.named();
  std::map<std::string, Array<double>> weights(named.begin(), named.end());

  Model<double> model = make_model<double>();
  const Parameters<double> parameters(model);
  restore(parameters, weights);
  BOOST_TEST(model.temperature.item() == 2.0);
  for (const auto& entry : parameters.entries()) BOOST_TEST(std::ranges::count(entry.window, 2.0) == entry.window.size());

  const auto is_about = [](const std::string& name) {
    return [name](const std::invalid_argument& e) { return std::string(e.what()).find(name) != std::string::npos; };
  };
  weights.at("decoder.1.bias") = Array<double>::full({783}, 0.0);
  BOOST_CHECK_EXCEPTION(restore(parameters, weights), std::invalid_argument, is_about("decoder.1.bias has another shape"));
  weights.erase("decoder.1.bias");
  BOOST_CHECK_EXCEPTION(restore(parameters, weights), std::invalid_argument, is_about("decoder.1.bias is missing"));
}

BOOST_AUTO_TEST_CASE(gradients_are_numbered_in_the_same_order) {
  Model<double> model = make_model<double>();
  const Parameters<double> parameters(model);
  const auto loss = [](const Model<double>& m) {
    return sum(m.encoder.hidden(Array<double>::full({1, 784}, 0.1))) + sum(m.decoder[1].bias) * m.temperature;
  };
  std::vector<std::int32_t> seen;
  autodiff::sweep_gradients<double>(loss, model, [&](std::int32_t i, const Var<double>& g) {
    seen.push_back(i);
    BOOST_CHECK(g.shape() == parameters.entries()[static_cast<std::size_t>(i)].window.shape());
  });
  std::ranges::sort(seen);
  BOOST_TEST(seen == (std::vector<std::int32_t>{0, 1, 7, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(activations) {
  const Var<double> x = Array<double>({3}, {-1.5, 0, 2});
  const auto check = [&](Activation activation, double (*definition)(double)) {
    const Array<double> y = activate(activation, x).value();
    for (std::int64_t i = 0; i < 3; ++i) BOOST_TEST(std::abs(y[i] - definition(x.value()[i])) < 1e-15);
  };
  check(Activation::identity, [](double v) { return v; });
  check(Activation::tanh, [](double v) { return std::tanh(v); });
  check(Activation::relu, [](double v) { return std::max(v, 0.0); });
  check(Activation::leaky_relu, [](double v) { return v > 0 ? v : 0.01 * v; });
  check(Activation::sigmoid, [](double v) { return 1 / (1 + std::exp(-v)); });
  check(Activation::softplus, [](double v) { return std::log1p(std::exp(v)); });
}

BOOST_AUTO_TEST_CASE(leaky_relu_has_the_slope_it_is_given_also_at_the_kink) {
  const Var<double> x = Array<double>({4}, {-2, 0, 1e-3, 5});
  const auto slopes = autodiff::grad<double>([](const Var<double>& v) { return sum(autodiff::leaky_relu(v, 0.2)); })(x).value();
  BOOST_TEST(slopes.elements() == (std::vector<double>{0.2, 0.2, 1, 1}), boost::test_tools::per_element());
  const auto check = autodiff::check_gradients([](const auto& v) { return square(autodiff::leaky_relu(v[0], 0.2)); },
                                               {Array<double>({3}, {-2, -0.5, 1.5})}, 2);
  BOOST_TEST(check.passed(), check.where);
}

BOOST_AUTO_TEST_CASE(conditioned_puts_the_condition_beside_every_row) {
  const Var<double> x = Array<double>({2, 1}, {7, 8}), condition = Array<double>({2, 2}, {1, 0, 0, 1});
  const std::vector<double> rows{7, 1, 0, 8, 0, 1};
  BOOST_TEST(conditioned(x, condition).value().elements() == rows, boost::test_tools::per_element());
  const Var<double> stacked = Array<double>({2, 2, 1}, {7, 8, 9, 6});  // two draws for each row
  const Var<double> y = conditioned(stacked, condition);
  BOOST_CHECK((y.shape() == Shape{2, 2, 3}));
  BOOST_TEST(y.value().elements() == (std::vector<double>{7, 1, 0, 8, 0, 1, 9, 1, 0, 6, 0, 1}), boost::test_tools::per_element());
  BOOST_CHECK_THROW(conditioned(x, Var<double>(Array<double>::zeros({3, 2}))), std::invalid_argument);
  BOOST_CHECK_THROW(conditioned(stacked, Var<double>(Array<double>::zeros({3, 2}))), std::invalid_argument);
  BOOST_CHECK_THROW(conditioned(x, Var<double>(Array<double>::zeros({2}))), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
