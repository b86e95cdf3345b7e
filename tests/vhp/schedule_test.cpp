// Laws of the schedules of beta.
#include "paper_vhp/schedules.hpp"
#include "tests/vhp/laws.hpp"

#include <boost/test/unit_test.hpp>

using namespace vhp;
namespace tt = boost::test_tools;

namespace {

constexpr double nu = 5, tau = 3, kappa = 0.02;

ScheduleSettings settings(Method method) {
  return {.method = method, .kappa = kappa, .nu = nu, .tau = tau, .alpha = 0.9, .beta_0 = 1e-3, .warm_up_steps = 10};
}

}  // namespace

BOOST_AUTO_TEST_CASE(rewo_is_geco_while_the_constraint_is_violated) {
  for (const double beta : {1e-6, 0.1, 1.0, 3.0})
    for (const double delta : {1e-6, 0.01, 1.0}) {
      BOOST_TEST(rewo_update(beta, delta, nu, tau) == geco_update(beta, delta, nu));
      BOOST_TEST(rewo_update(beta, delta, nu, tau) < beta);
    }
}

BOOST_AUTO_TEST_CASE(beta_rises_to_one_and_not_beyond_while_the_constraint_holds) {
  for (const auto update :
       {+[](double b, double d) { return rewo_update(b, d, nu, tau); }, +[](double b, double d) { return alternative_update(b, d, nu); }})
    BOOST_TEST(laws::rises_to_one(update, -kappa * kappa));
}

BOOST_AUTO_TEST_CASE(rewo_comes_back_from_above_one_where_geco_runs_away) {
  double rewo = 2, geco = 2;
  for (int i = 0; i < 100'000; ++i) {
    rewo = rewo_update(rewo, -kappa * kappa, nu, tau);
    geco = geco_update(geco, -kappa * kappa, nu);
  }
  BOOST_TEST(rewo == 1, tt::tolerance(1e-6));
  BOOST_TEST(geco > 1e6);
}

BOOST_AUTO_TEST_CASE(one_is_stationary_while_the_constraint_holds_and_everything_is_at_its_edge) {
  for (const double delta : {0.0, -1e-4, -1.0}) {
    BOOST_TEST(rewo_update(1, delta, nu, tau) == 1);
    BOOST_TEST(alternative_update(1, delta, nu) == 1);
  }
  for (const double beta : {1e-4, 0.5, 1.0, 2.0}) {
    BOOST_TEST(rewo_update(beta, 0, nu, tau) == beta);
    BOOST_TEST(geco_update(beta, 0, nu) == beta);
  }
}

BOOST_AUTO_TEST_CASE(the_initial_phase_ends_with_the_first_satisfied_constraint_and_does_not_return) {
  for (const Method method : {Method::rewo, Method::rewo_alternative}) {
    const ScheduleSettings s = settings(method);
    Schedule schedule(s);
    for (int i = 0; i < 5; ++i) {
      schedule.observe(s, 0.01);
      BOOST_TEST(schedule.initial_phase);
      BOOST_TEST(schedule.beta == s.beta_0);
    }
    int waited = 0;
    for (; schedule.initial_phase; ++waited) schedule.observe(s, 1e-5);
    BOOST_TEST(waited > 10);  // the running average, not the batch, decides
    BOOST_TEST(schedule.C_hat < kappa * kappa);
    BOOST_TEST(schedule.beta > s.beta_0);
    const double beta = schedule.beta;
    schedule.observe(s, 1.0);
    BOOST_TEST(!schedule.initial_phase);
    BOOST_TEST(schedule.beta < beta);
  }
}

BOOST_AUTO_TEST_CASE(the_running_average_starts_with_the_first_batch) {
  const ScheduleSettings s = settings(Method::geco);
  Schedule schedule(s);
  schedule.observe(s, 0.5);
  BOOST_TEST(schedule.C_hat == 0.5);
  schedule.observe(s, 0.1);
  BOOST_TEST(schedule.C_hat == 0.46, tt::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(warm_up_is_linear_and_the_others_begin_where_they_should) {
  const ScheduleSettings s = settings(Method::warm_up);
  Schedule schedule(s);
  for (int t = 1; t <= 15; ++t) {
    schedule.observe(s, 1.0);
    BOOST_TEST(schedule.beta == std::min(1.0, t / 10.0));
    BOOST_TEST(!schedule.initial_phase);
  }
  Schedule none(settings(Method::none));
  none.observe(settings(Method::none), 1.0);
  BOOST_TEST(none.beta == 1);
  Schedule geco(settings(Method::geco));
  BOOST_TEST(!geco.initial_phase);
  BOOST_TEST(geco.beta == 1e-3);
}
