// # Probes
//
// What training does to the open choices: how far from rest the networks are after each number of steps, and how far equilibrium
// propagation's gradient is from the exact one at the settled equilibrium, over training and over the size of the nudges.
#include "paper_ep_hopfield/probes.hpp"

#include "paper_ep_hopfield/exact.hpp"

#include <map>
#include <string>

namespace ep_hopfield {

using experiments::Run;

namespace {

// Phases five times as long that end at rest.
Phases at_rest(Phases phases) {
  phases.dynamics.free_steps *= 5;
  phases.dynamics.nudged_steps *= 5;
  phases.dynamics.tolerance = 1e-5;
  return phases;
}

// Whether both ends of a block are clamped, so that it has no gradient.
bool has_no_gradient(const HopfieldVae<float>& vae, std::size_t index) {
  if (vae.tied()) return false;  // what one of its uses clamps, the other lets free
  const std::size_t n_encoder = vae.encoder().blocks.size();
  const Group clamped = index < n_encoder ? image : code;
  const auto& block = index < n_encoder ? vae.encoder().blocks[index] : vae.decoder().blocks[index - n_encoder];
  return block.a == clamped && block.b == clamped;
}

// Both gradients of one model and batch, by phases that may differ.
class Gradient {
 public:
  Gradient(const Run& run, const Model& model, const Array<float>& x, const Array<float>& epsilon)
      : vae_(*model.hopfield()), x_(x), epsilon_(epsilon), beta_KL_(run.settings().number("beta_kl")) {}

  Gradients<float> by_phases(const Phases& phases) const { return ep_gradients(vae_, x_, epsilon_, beta_KL_, phases); }
  Gradients<float> exact(const Phases& phases) const { return exact_gradients(vae_, x_, epsilon_, beta_KL_, phases.dynamics); }

 private:
  const HopfieldVae<float>& vae_;
  const Array<float>&x_, &epsilon_;
  double beta_KL_;
};

double nudged_unsettled(const Settlings& s) { return share(s.n_unsettled - s.n_free_unsettled, s.n - s.n_free); }

}  // namespace

void probe_settling(Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon, std::int64_t epoch) {
  const Array<float> z = model.encode(x).sample(Var<float>(epsilon)).value();
  const int n_steps = 2 * phases.dynamics.free_steps;
  const auto encoder = Settling<float>(model.hopfield()->encoder(), image, x, phases.dynamics).residuals(n_steps);
  const auto decoder = Settling<float>(model.hopfield()->decoder(), code, z, phases.dynamics).residuals(n_steps);
  for (std::size_t i = 0; i < encoder.size(); ++i)
    run.append("settling", {{"epoch", static_cast<double>(epoch)}, {"steps", static_cast<double>(i + 1)},
                            {"encoder", encoder[i]}, {"decoder", decoder[i]}});
}

// Blocks between clamped units are left out. NaN is what a gradient that is not finite agrees to.
// Equilibrium propagation stands twice beside the exact gradient: as training uses it, and with phases five times as long that end at
// rest ("settled_cosine", "settled_error"), which leaves the size of the nudges as the only difference.
// What the comparison is worth: how fast the fastest unit still is after five times the free steps, how many images the exact gradient
// leaves out; and how many of training's own free and weakly clamped phases came to rest.
void probe_gradients(Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon, std::int64_t epoch) {
  const Gradient gradient(run, model, x, epsilon);
  const Gradients<float> by_phases = gradient.by_phases(phases), settled = gradient.by_phases(at_rest(phases)), exact = gradient.exact(at_rest(phases));
  const Settlings& s = by_phases.settlings;
  run.append("probes", {{"epoch", static_cast<double>(epoch)},
                        {"residual_at_rest", exact.settlings.worst_free_residual},
                        {"n_unstable", static_cast<double>(exact.left_out.unstable)},
                        {"n_unsolved", static_cast<double>(exact.left_out.unsolved)},
                        {"free_unsettled_share", share(s.n_free_unsettled, s.n_free)},
                        {"nudged_unsettled_share", nudged_unsettled(s)}});
  std::map<std::string, double> row{{"epoch", static_cast<double>(epoch)}};
  const auto put = [&](const std::string& prefix, const std::string& name, const Agreement& a) {
    row[prefix + "cosine." + name] = a.cosine;
    row[prefix + "error." + name] = a.relative_error;
  };
  for (const auto& [prefix, of] : {std::pair("", &by_phases.blocks), {"settled_", &settled.blocks}}) {
    for (std::size_t k = 0; k < of->size(); ++k)
      if (!has_no_gradient(*model.hopfield(), k))
        put(prefix, model.parameters().entries()[k].name, agreement<float>({&(*of)[k], 1}, {&exact.blocks[k], 1}));
    put(prefix, "all", agreement<float>(*of, exact.blocks));
  }
  run.append("gradients", row);
}

void probe_nudges(Run& run, const Model& model, const Phases& phases, const Array<float>& x, const Array<float>& epsilon) {
  const Gradient gradient(run, model, x, epsilon);
  const Gradients<float> exact = gradient.exact(at_rest(phases));
  for (const double factor : {0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0}) {
    Phases scaled = phases;
    scaled.beta_encoder *= factor;
    scaled.beta_decoder *= factor;
    const Gradients<float> by_phases = gradient.by_phases(scaled), settled = gradient.by_phases(at_rest(scaled));
    const Agreement ours = agreement<float>(by_phases.blocks, exact.blocks), ours_settled = agreement<float>(settled.blocks, exact.blocks);
    run.append("nudges", {{"factor", factor},
                          {"cosine", ours.cosine}, {"error", ours.relative_error},
                          {"settled_cosine", ours_settled.cosine}, {"settled_error", ours_settled.relative_error},
                          {"settled_unsettled_share", nudged_unsettled(settled.settlings)},
                          {"residual_at_rest", exact.settlings.worst_free_residual},
                          {"n_left_out", static_cast<double>(exact.left_out.total())}});
  }
}

}  // namespace ep_hopfield
