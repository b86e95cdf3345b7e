#pragma once

namespace reporting {

// A visitor made of lambdas, for std::visit.
template <class... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace reporting
