// How a primitive is made: from a kernel on plain arrays and one derivative rule for each argument.
//
//   template <class T> Var<T> mul(const Var<T>& a, const Var<T>& b) {
//     return primitive<"mul", T>(kernels::mul<T>,
//                                rules([](V<T> g, skip, skip, V<T> b) { return g * b; },
//                                      [](V<T> g, skip, V<T> a, skip) { return g * a; }), a, b);
//   }
//
// A rule takes the cotangent g of the value y, then y, then the arguments, and returns the cotangent of its argument in
// the same vocabulary, so that it can be differentiated in turn. What a rule does not read it takes as `skip`; what no
// rule reads is not kept.
#pragma once

#include "common/autodiff/tape.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>

namespace autodiff {

template <class T> using V = const Var<T>&;
struct skip {};

template <class... Rules>
std::tuple<Rules...> rules(Rules... rules) {
  return {std::move(rules)...};
}

// Every primitive that the program holds, by name: the registry that a test compares its gradient checks with.
std::set<std::string>& primitive_names();

template <std::size_t N>
struct Name {
  char text[N];
  consteval Name(const char (&literal)[N]) { std::copy_n(literal, N, text); }
};

namespace detail {

// Stands for an argument of unknown kind, to ask what a rule's parameters are.
template <class T>
struct AnyParameter {
  operator V<T>() const;
  operator skip() const;
};
template <class T, std::size_t> using Any = AnyParameter<T>;
template <class T, std::size_t I, std::size_t At> using SkipAt = std::conditional_t<I == At, skip, AnyParameter<T>>;

template <class T, class Rule, std::size_t At, std::size_t... I>
consteval bool skips(std::index_sequence<I...>) {
  return std::is_invocable_v<const Rule&, V<T>, SkipAt<T, I, At>...>;
}

// Position 0 is the value y, position 1 the first argument, ...
template <class T, std::size_t At, std::size_t N, class... Rules>
consteval bool nobody_reads() {
  return (skips<T, Rules, At>(std::make_index_sequence<N>()) && ...);
}

template <class T, std::size_t N, class Sequence, class... Rules> struct KeptTuple;
template <class T, std::size_t N, std::size_t... I, class... Rules>
struct KeptTuple<T, N, std::index_sequence<I...>, Rules...> {
  using type = std::tuple<std::conditional_t<nobody_reads<T, I, N, Rules...>(), skip, Var<T>>...>;
};

// A kept variable, ready to be handed to a rule that wants it or to one that skips it.
template <class T, class Kept>
struct Handed {
  const Kept& kept;
  operator V<T>() const
    requires std::is_same_v<Kept, Var<T>>
  {
    return kept;
  }
  operator skip() const { return {}; }
};

template <class T, class... Rules>
class Recorded final : public Operation<T> {
  static constexpr std::size_t n_arguments = sizeof...(Rules);
  static constexpr std::size_t n_kept = n_arguments + 1;
  using Kept = typename KeptTuple<T, n_kept, std::make_index_sequence<n_kept>, Rules...>::type;

 public:
  template <class... Arguments>
  Recorded(const std::tuple<Rules...>& rules, const typename Tape<T>::Parents& parents, const Var<T>& y, const Arguments&... arguments)
      : rules_(rules), parents_(parents), kept_(keep(std::make_index_sequence<n_kept>(), std::tie(y, arguments...))) {}

  void pull(const Var<T>& g, Tape<T>& tape) const override { pull(g, tape, std::make_index_sequence<n_arguments>()); }

 private:
  template <std::size_t... I, class All>
  static Kept keep(std::index_sequence<I...>, const All& all) {
    return Kept(keep_one<std::tuple_element_t<I, Kept>>(std::get<I>(all))...);
  }
  template <class Which>
  static Which keep_one(const Var<T>& variable) {
    if constexpr (std::is_same_v<Which, skip>) return {};
    else return variable;
  }

  template <std::size_t... I>
  void pull(const Var<T>& g, Tape<T>& tape, std::index_sequence<I...>) const {
    (pull_one<I>(g, tape, std::make_index_sequence<n_kept>()), ...);
  }
  template <std::size_t I, std::size_t... J>
  void pull_one(const Var<T>& g, Tape<T>& tape, std::index_sequence<J...>) const {
    if (parents_[I] >= 0) tape.accumulate(parents_[I], std::get<I>(rules_)(g, Handed<T, std::tuple_element_t<J, Kept>>{std::get<J>(kept_)}...));
  }

  std::tuple<Rules...> rules_;
  typename Tape<T>::Parents parents_;
  Kept kept_;
};

template <class T>
Tape<T>* newest_tape(Tape<T>* a, Tape<T>* b) {
  return !a || (b && b->serial() > a->serial()) ? b : a;
}

template <Name name>
inline const bool registered = primitive_names().insert(name.text).second;

}  // namespace detail

// The primitive itself. On plain arrays it is the kernel; else it takes the newest tape off its arguments, calls itself
// and records.
template <Name name, class T, class Kernel, class... Rules, class... Arguments>
Var<T> primitive(const Kernel& kernel, const std::tuple<Rules...>& rules, const Arguments&... arguments) {
  static_assert(sizeof...(Rules) == sizeof...(Arguments), "one rule for each argument");
  static_assert(sizeof...(Arguments) <= Tape<T>::max_parents);
  (void)detail::registered<name>;
  Tape<T>* tape = nullptr;
  ((tape = detail::newest_tape(tape, arguments.tape())), ...);
  if (!tape) return Var<T>(kernel(arguments.value()...));

  const Var<T> y = primitive<name, T>(kernel, rules, arguments.below(*tape)...);
  typename Tape<T>::Parents parents;
  parents.fill(-1);
  std::size_t i = 0;
  ((parents[i++] = arguments.node_on(*tape)), ...);
  return tape->template record<detail::Recorded<T, Rules...>>(name.text, y, parents, rules, parents, y, arguments.below(*tape)...);
}

}  // namespace autodiff
