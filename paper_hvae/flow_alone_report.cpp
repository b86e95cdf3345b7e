// # The page: the flow alone
#include "common/reporting/statistics.hpp"
#include "paper_hvae/image_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hvae {

using reporting::Align;
using reporting::Page;
using reporting::Table;

namespace {

constexpr std::array<int, 3> flow_steps{1, 5, 10};
const std::array<std::string, 3> temperings{"none", "fixed", "free"};

}  // namespace

void write_flow_alone(Page& page) {
  const auto profile = page.results().highest("flow_alone/vae");
  if (!profile) return;
  const auto& records = page.results().records(*profile, "flow_alone/vae");
  if (records.front()->diverged) return;
  const auto& metrics = records.front()->metrics;
  const auto value = [&](const std::string& name) { return metrics.at(name).value; };
  page.prose("Beyond the paper: the flow alone, on MNIST",
             fmt::format("In Table 1 encoder, decoder and flow are trained together: a lower NLL may be a better decoder. Here one VAE is trained "
                         "and frozen, and only step sizes and temperatures are learned, by the exact bound, all flows from ε = 0.05 and 1/β₀ = 1.5, "
                         "on the same batches and with the same noise. log p(x) and its gap to the VAE's bound are then the same for all of them: "
                         "{:.2f} nats, between a bound of {:.2f} and an NLL of {:.2f}.\n\n"
                         "What is to be expected, from the Gaussian model: many small steps without tempering conserve the energy, so that draws of the start that "
                         "are too wide for the posterior stay as wide, which a single step need not; and tempering lets more of them cool down.\n",
                         value("gap_nats"), value("vae.minus_bound_nats"), value("nll_nats")));
  Table table{{{"K"}, {"tempering"}, {"closed [nats]", Align::right}, {"of the gap", Align::right}, {"less K = 1, none", Align::right}, {"NLL", Align::right},
               {"effective samples", Align::right}, {"mean ε", Align::right}, {"1/β₀", Align::right}},
              {}};
  reporting::Figure figure{.name = "flow_alone", .columns = 3, .width = 1560, .height = 440};
  reporting::Panel learning{.x_label = "step", .y_label = "gain over the VAE, K = 10 [nats]"};
  reporting::Panel closed{.x_label = "K", .y_label = "closed [nats]"}, effective{.x_label = "K", .y_label = "effective samples, median"};
  closed.x_range = effective.x_range = {0, 11};
  closed.x_ticks = effective.x_ticks = {{1, "1"}, {5, "5"}, {10, "10"}};
  // What a flow closes less what one step without tempering does, image by image: the same images and draws.
  const auto against_one_step = [&](const std::string& name) -> std::string {
    const auto& closed = records.front()->series.at("by_image");
    if (name == "k1_none.") return "";
    std::vector<double> differences = closed.at(name + "closed_nats");
    for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= closed.at("k1_none.closed_nats")[i];
    const reporting::Sample sample = reporting::summarise(differences);
    return fmt::format("{:+.2f} ± {:.2f}", sample.mean, sample.standard_error());
  };
  double least = value("vae.nll_nats"), largest = least, error = 0;
  // The gain of the flow of 10 steps while it learns; the cell numbers its flows by K, and within it by tempering.
  const auto while_learning = [&](std::size_t t) {
    const auto& curve = records.front()->series.at("curve");
    reporting::Curve gain{.label = temperings[t], .colour = static_cast<int>(t)};
    for (std::size_t i = 0; i < curve.at("flow").size(); ++i)
      if (curve.at("flow")[i] == static_cast<double>(2 * temperings.size() + t)) gain.x.push_back(curve.at("step")[i]), gain.y.push_back(curve.at("gain_nats")[i]);
    return gain;
  };
  for (std::size_t t = 0; t < temperings.size(); ++t) {
    const int colour = static_cast<int>(t);
    reporting::Curve curve{.label = temperings[t], .style = reporting::Style::line_points, .colour = colour}, samples = curve;
    for (const int K : flow_steps) {
      const std::string name = fmt::format("k{}_{}.", K, temperings[t]);
      const auto& nats = metrics.at(name + "closed_nats");
      const double closed_error = nats.standard_error.value_or(0);
      curve.x.push_back(K);
      curve.y.push_back(nats.value);
      curve.lo.push_back(nats.value - closed_error);
      curve.hi.push_back(nats.value + closed_error);
      const auto& nll = metrics.at(name + "nll_nats");
      least = std::min(least, nll.value), largest = std::max(largest, nll.value), error = std::max(error, nll.standard_error.value_or(0));
      samples.x.push_back(K);
      samples.y.push_back(value(name + "median_effective_samples"));
      table.rows.push_back({std::to_string(K), temperings[t], fmt::format("{:+.2f} ± {:.2f}", nats.value, closed_error),
                            fmt::format("{:.0f} %", 100 * value(name + "closed_share")), against_one_step(name), fmt::format("{:.2f}", value(name + "nll_nats")),
                            fmt::format("{:.1f}", value(name + "median_effective_samples")), fmt::format("{:.3f}", value(name + "mean_epsilon")),
                            metrics.contains(name + "inverse_beta_0") ? fmt::format("{:.2f}", value(name + "inverse_beta_0")) : "1"});
    }
    closed.curves.push_back(std::move(curve));
    learning.curves.push_back(while_learning(t));
    effective.curves.push_back(std::move(samples));
  }
  figure.panels = {closed, learning, effective};
  page.figure("How much of the gap a flow closes", figure,
              {.see = "Left, the bound's gain over the frozen VAE's on test images, with its standard error over them; in the middle, the same on the training batches while the flow "
                      "learns (mean since the point before); right, how even the importance weights are: effective samples, of those drawn, median over the images.",
               .contradicted = "a flow that loses by more than its error: at ε = 0 it would be the VAE.", .profile = *profile});
  const double left = value("k1_none.closed_nats") - std::max(value("k1_fixed.closed_nats"), value("k1_free.closed_nats"));
  const std::string search = left < 0.005 ? "" : fmt::format(" One tempered step contains the untempered one: that it closes {:.2f} nats less is what the search has left to be found.", left);
  page.table("How much of the gap a flow closes, in numbers", table,
             {.see = fmt::format("The same images and the same draws in every row, so the differences are sharper than the NLLs. log p(x) is the same for "
                                 "all: the NLLs lie {:.2f} nats apart at most, with Monte Carlo errors of up to {:.2f}. The gap's own NLL, {:.2f}, is "
                                 "from the mean of all estimates of p(x), image by image. With so few effective samples it stands too high, and the shares of the gap with it.{}", largest - least, error, value("nll_nats"), search),
              .contradicted = "NLLs that differ by more than their Monte Carlo errors.", .profile = *profile});
  const auto best = std::ranges::max_element(table.rows, {}, [&](const auto& row) { return value(fmt::format("k{}_{}.closed_nats", row[0], row[1])); });
  if (*profile == reporting::Profile::paper)
    page.finding(fmt::format("The flow alone, over one frozen VAE on MNIST: the best closes {} nats, {} of the gap between bound and likelihood (K = {}, tempering {}); ten steps without tempering close "
                             "{:+.2f}, one {:+.2f}.",
                             (*best)[2], (*best)[3], (*best)[0], (*best)[1], value("k10_none.closed_nats"), value("k1_none.closed_nats")));
  page.metric("closed_nats, closed_share", "The flow's bound less the frozen VAE's, and as a share of the gap (flow_alone).");
}

}  // namespace hvae
