// A control shows that a test can fail: the law that the test states holds for what is right, and is broken by a copy with
// one planted defect. controls.tsv lists them all, with the test that states the law; the front page shows that list.
#pragma once

#include "tests/laws.hpp"

#include <boost/test/unit_test.hpp>

// What one law found of the right thing and of the planted one; prints a line.
inline void control(const laws::Finding& of_right, const laws::Finding& of_planted) {
  BOOST_TEST(of_right.holds, "the law is broken by what is right: " << of_right.seen);
  BOOST_TEST(!of_planted.holds, "the planted defect passes: " << of_planted.seen);
  fmt::print("{}: {} (right: {})\n", boost::unit_test::framework::current_test_case().p_name.get(), of_planted.seen, of_right.seen);
}
