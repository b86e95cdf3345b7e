// Cases on a real data set are skipped where it is a stand-in; ctest knows them by the line (CMakeLists.txt).
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdio>

// `load` gives what knows whether it is a stand-in.
template <class Load>
auto real(const Load& load) {
  return boost::unit_test::precondition([load](boost::unit_test::test_unit_id) -> boost::test_tools::assertion_result {
    const bool is_real = !load().stand_in;
    if (!is_real) std::puts("skipped: a data set is not here; run ./reproduce data");
    return is_real;
  });
}
