// Laws of the schedules of beta.
#pragma once

#include "tests/laws.hpp"

namespace laws {

// While the constraint holds, by delta < 0, update(beta, delta) takes beta up to 1 and never beyond.
template <class Update>
Finding rises_to_one(const Update& update, double delta) {
  double beta = 1e-3;
  for (int i = 0; i < 100'000; ++i) {
    const double next = update(beta, delta);
    if (!(next >= beta && next <= 1)) return {false, fmt::format("from {:g} to {:g} at update {}", beta, next, i)};
    beta = next;
  }
  return {std::abs(beta - 1) < 1e-6, fmt::format("{:.8f} after 100,000 updates", beta)};
}

}  // namespace laws
