// # The page
//
// Table 1 has every run; figures show each model at the highest profile that it has, the other experiments at the highest that is as
// complete as any other.
#include "paper_ep_hopfield/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace ep_hopfield {

using experiments::Record;
using reporting::Align;
using reporting::Curve;
using reporting::Page;
using reporting::Panel;
using reporting::Profile;
using reporting::Style;

namespace {

constexpr Profile profiles[]{Profile::paper, Profile::quick, Profile::smoke};

const ModelName long_f_vae{"long/f_vae", "F-VAE, for longer"};

// Every model with every profile that it has run at, the highest first; and F-VAE trained for longer.
std::vector<std::pair<Profile, ModelName>> models_as_run(const Page& page) {
  std::vector<ModelName> models = model_names();
  models.insert(models.begin() + 1, long_f_vae);
  std::vector<std::pair<Profile, ModelName>> runs;
  for (const Profile profile : profiles)
    for (const ModelName& model : models)
      if (!page.results().records(profile, "vae/" + model.id).empty()) runs.emplace_back(profile, model);
  return runs;
}

std::string seeds_and_scale(const Page& page, Profile profile, const std::string& cell) {
  return fmt::format("{}, {}", page.results().records(profile, cell).size(), to_string(profile));
}

// ## Table 1
std::string fid_claim(const ModelName& model) { return "table1." + model.id.substr(model.id.rfind('/') + 1) + ".fid"; }

std::optional<reporting::Sample> distance(const Page& page, Profile profile, const ModelName& model, const std::string& features) {
  return finite_estimate(page, profile, {"vae", model.id, "fid_" + features});
}

// Two models of one scale, in the order of Table 1; F-VAE a second time by its longer runs.
struct Pair {
  Profile profile;
  ModelName better, worse;
};

std::vector<Pair> pairs_of_table_1(const Page& page) {
  std::vector<ModelName> models = model_names();
  std::erase_if(models, [&](const ModelName& model) { return !page.published(fid_claim(model)); });
  std::ranges::sort(models, {}, [&](const ModelName& model) { return *page.published(fid_claim(model)); });
  std::vector<Pair> pairs;
  for (const Profile profile : profiles)
    for (std::size_t i = 0; i < models.size(); ++i)
      for (std::size_t j = i + 1; j < models.size(); ++j)
        if (distance(page, profile, models[i], "classifier") && distance(page, profile, models[j], "classifier"))
          pairs.push_back({profile, models[i], models[j]});
  if (!distance(page, Profile::paper, long_f_vae, "classifier")) return pairs;
  for (const Pair& pair : std::vector(pairs)) {
    if (pair.profile != Profile::paper) continue;
    if (pair.better.id == "f_vae") pairs.push_back({pair.profile, long_f_vae, pair.worse});
    if (pair.worse.id == "f_vae") pairs.push_back({pair.profile, pair.better, long_f_vae});
  }
  return pairs;
}

// Which pairs of one scale lie the other way round, on which features, with how many seeds.
std::string reversed_orders(const Page& page) {
  std::string text;
  for (const auto& [profile, better, worse] : pairs_of_table_1(page)) {
    std::string where;
    for (const auto& [features, label] : {std::pair("classifier", "the classifier's features"), {"random", "random features"}, {"pixels", "pixels"}})
      if (distance(page, profile, worse, features)->mean < distance(page, profile, better, features)->mean)
        where += (where.empty() ? "on " : " and ") + std::string(label);
    if (where.empty()) continue;
    const int n = distance(page, profile, worse, "classifier")->n, m = distance(page, profile, better, "classifier")->n;
    text += fmt::format("{} {} before {} at {}, {} ({})", text.empty() ? " So it is for" : ";", worse.label, better.label, to_string(profile), where,
                        n == 1 && m == 1 ? "one seed each" : fmt::format("{} and {} seeds", n, m));
  }
  return text.empty() ? "" : text + ".";
}

// The standard deviation of a distance over sets of generated digits, within seeds.
std::string spread_over_sets(const Page& page, Profile profile, const std::string& cell, const std::string& features, int digits) {
  double variance = 0;
  const auto& records = page.results().records(profile, cell);
  for (const Record* record : records) {
    const auto distance = record->metrics.find("fid_" + features);
    if (distance == record->metrics.end() || !distance->second.standard_error) return "–";
    variance += std::pow(*distance->second.standard_error, 2) * record->identity.settings.number("n_sample_sets") / static_cast<double>(records.size());
  }
  return fmt::format("{:.{}f}", std::sqrt(variance), digits);
}

void table_1(Page& page) {
  reporting::Table table{{{"Model"}, {"published FID", Align::right}, {"classifier features", Align::right}, {"± over sets of digits: classifier, random, pixels", Align::right},
                          {"random features", Align::right}, {"pixels", Align::right}, {"half SSE", Align::right}, {"KL", Align::right},
                          {"variety of reconstructions", Align::right}, {"weights", Align::right},
                          {"epochs (best)", Align::right}, {"unsettled", Align::right}, {"seeds, scale"}},
                         {}};
  for (const auto& [profile, model] : models_as_run(page)) {
    const auto text = [&](const char* metric, int digits) { return estimate_text(page, profile, "vae", model.id, metric, digits); };
    const auto over_sets = [&](const char* features, int digits) { return spread_over_sets(page, profile, "vae/" + model.id, features, digits); };
    table.rows.push_back({model.label, page.published_text(fid_claim(model)), text("fid_classifier", 1),
                          over_sets("classifier", 1) + ", " + over_sets("random", 2) + ", " + over_sets("pixels", 1), text("fid_random", 2),
                          text("fid_pixels", 1), text("half_sse", 1), text("kl_nats", 1),
                          variety_text(page, profile, "vae/" + model.id), text("n_weights", 0),
                          text("n_epochs", 0) + " (" + text("best_epoch", 0) + ")", text("unsettled_share", 3),
                          seeds_and_scale(page, profile, "vae/" + model.id)});
  }
  for (const Profile profile : profiles)
    if (const Record* record = page.results().first(profile, "scores/reference")) {
      const auto& settings = record->identity.settings;
      const std::int64_t n = settings.count("n_test");
      const auto reference = [&](const std::string& label, const std::string& metric) {
        const auto text = [&](const char* features, int digits) {
          const experiments::Metric& distance = record->metrics.at(metric + "_" + features);
          return fmt::format("{:.{}f}", distance.value, digits) +
                 (distance.standard_error ? fmt::format(" ± {:.{}f}", *distance.standard_error, digits) : "");
        };
        table.rows.push_back({label, "–", text("classifier", 1), "–", text("random", 3), text("pixels", 1), "–", "–", "–", "–", "–", "–",
                              seeds_and_scale(page, profile, "scores/reference")});
      };
      reference(fmt::format("two halves of the test set, {} digits each", n / 2), "halves");
      reference(fmt::format("{} training images against as many of the test set", std::min(n, settings.count("n_train"))), "train_test");
    }
  page.table(
      "Table 1: Frechet distances on the MNIST test set", table,
      {.see = "The published column is the distance on Inception features, whose scale the others do not have; what can be compared is the order "
              "of the models. The variety of the reconstructions is the variance between the ten of Figures 2 and 3 over that of their "
              "originals; at 0 the code says nothing, and an order against such a model means nothing. Two halves of the test set say how far from "
              "zero perfect digits would be with that many images, ± the standard deviation of one random split. A distance at one scale says nothing about one at another: each has a classifier "
              "of its own, trained on its own images. At quick no order is judged: H-VAE's learning rate is not the published one there, and F-VAE's code has " +
              estimate_text(page, Profile::quick, "vae", "f_vae", "kl_nats", 1) + " nats. ± is the standard error over seeds, where there are several; ± over sets of digits, the standard deviation of each distance when one model draws its digits anew.",
       .contradicted = "an order of the models of one scale in the columns of features that is not that of the published column." + reversed_orders(page)});
}

// ## The orders of Table 1

// How often chance may make a lead that a claim takes for one.
double false_alarm_of_orders(const Page& page) {
  for (const reporting::Claim& claim : page.claims())
    if (claim.id.starts_with("table1.order."))
      for (const auto& [profile, rule] : claim.rules) return std::get<reporting::Ordering>(rule.kind).false_alarm;
  return 0.05;
}

// Whether the records of one scale were judged by one classifier: by its mark, or, in records from before it, by its accuracy.
std::string different_classifiers(const Page& page) {
  std::set<double> marks, seen;
  for (const ModelName& model : model_names())
    for (const Record* record : page.results().records(Profile::paper, "vae/" + model.id)) {
      if (record->diverged) continue;
      seen.insert(record->metrics.at("classifier_accuracy").value);
      if (const auto mark = record->metrics.find("classifier_mark"); mark != record->metrics.end()) marks.insert(mark->second.value);
    }
  return marks.size() > 1 || seen.size() > 1 ? fmt::format(" At paper the runs were judged by classifiers that are not one to the last bit: it is trained in every run, and a build or a number of threads changes its rounding. "
                                                         "Their accuracies are {:.4f} to {:.4f}; what that does to a distance was not measured.", *seen.begin(), *seen.rbegin()) : "";
}

void orders(Page& page) {
  const double chance = false_alarm_of_orders(page);
  reporting::Table table{{{"Model before model"}, {"published lead", Align::right}, {"lead, classifier features", Align::right},
                          {"least lead that the seeds decide", Align::right}, {"lead, random features", Align::right}, {"lead, pixels", Align::right},
                          {"seeds, scale"}},
                         {}};
  for (const Pair& pair : pairs_of_table_1(page)) {
    const auto lead = [&](const char* features, int digits) {
      const auto ahead = distance(page, pair.profile, pair.better, features), behind = distance(page, pair.profile, pair.worse, features);
      return reporting::format_number(behind->mean - ahead->mean, digits);
    };
    const auto better = distance(page, pair.profile, pair.better, "classifier"), worse = distance(page, pair.profile, pair.worse, "classifier");
    table.rows.push_back({pair.better.label + " before " + pair.worse.label,
                          reporting::format_number(*page.published(fid_claim(pair.worse)) - *page.published(fid_claim(pair.better)), 1),
                          lead("classifier", 1), reporting::format_number(chance_lead(*better, *worse, chance), 1), lead("random", 2), lead("pixels", 1),
                          fmt::format("{} and {}, {}", better->n, worse->n, to_string(pair.profile))});
  }
  if (!table.rows.empty())
    page.table("The orders of Table 1", table,
               {.see = fmt::format("How far each model lies before each that Table 1 has behind it; below 0 the order is the other one. The least lead that "
                                   "the seeds decide is what chance makes in 1 of {:.0f} pairs of equal models, by the spread of the two models' own "
                                   "seeds; a dash: neither has two. ", 1 / chance) +
                       "The published leads are on another scale, and of one run each." + different_classifiers(page),
                .contradicted = "a lead below 0 by more than the least that the seeds decide."});
}

// ## What a run takes
void runs(Page& page) {
  reporting::Table table{{{"Model"}, {"classifier's accuracy", Align::right}, {"Euler steps a batch", Align::right}, {"seconds", Align::right},
                          {"threads", Align::right}, {"seeds, scale"}},
                         {}};
  for (const auto& [profile, model] : models_as_run(page)) {
    std::vector<double> seconds, steps;
    const Record* first = page.results().first(profile, "vae/" + model.id);
    for (const Record* record : page.results().records(profile, "vae/" + model.id)) {
      seconds.push_back(record->wall_s);
      if (const auto curve = record->series.find("curve"); curve != record->series.end() && curve->second.contains("euler_steps"))
        steps.insert(steps.end(), curve->second.at("euler_steps").begin(), curve->second.at("euler_steps").end());
    }
    const auto mean = [](const std::vector<double>& values) {
      return values.empty() ? std::optional<double>() : std::optional(reporting::summarise(values).mean);
    };
    table.rows.push_back({model.label, first ? fmt::format("{:.4f}", first->metrics.at("classifier_accuracy").value) : "–",
                          reporting::format_number(mean(steps), 0), reporting::format_number(mean(seconds), 0), first ? std::to_string(first->identity.threads) : "–",
                          seeds_and_scale(page, profile, "vae/" + model.id)});
  }
  if (!table.rows.empty())
    page.table("What a run takes", table,
               {.see = "The share of test images that the classifier behind the first column of features gets right; Euler steps of all phases of both "
                       "networks, mean over training; seconds of one run, evaluation included, on the machine above beside other programs.",
                .contradicted = "a classifier whose features cannot tell digits: an accuracy near 0.1."});
}

// ## Figure 1
//
// Drawn from the networks' own list of blocks: a line for each pair of units that a block joins, of a handful of units a group. The pen never
// leaves the block's edges: between two units of the one side it goes by the first unit of the other.
Curve edges(const std::string& label, const std::vector<std::pair<double, double>>& from, const std::vector<std::pair<double, double>>& to) {
  Curve curve{.label = label};
  const auto go_to = [&](const std::pair<double, double>& unit) {
    curve.x.push_back(unit.first);
    curve.y.push_back(unit.second);
  };
  for (const auto& a : from) {
    go_to(a);
    for (const auto& b : to)
      if (a != b) go_to(b), go_to(a);
    go_to(to.front());
  }
  return curve;
}

Panel architecture(const std::string& title, const HopfieldVae<double>& vae) {
  const bool tied = vae.tied();
  Panel panel{
      .title = title, .x_label = tied ? "one network" : "encoder, decoder", .y_axis = false, .x_range = {{-0.4, 6.4}}, .y_range = {{-3.2, 3.2}}};
  if (tied) panel.x_ticks = {{1.5, "image"}, {3, "hidden"}, {4.5, "code"}};
  else panel.x_ticks = {{0, "image"}, {1.25, "hid."}, {2.5, "code"}, {3.5, "code"}, {4.75, "hid."}, {6, "image"}};
  for (std::size_t n = 0; n < vae.networks.size(); ++n) {
    const auto& network = vae.networks[n];
    PerGroup<std::vector<std::pair<double, double>>> places;
    for (const Group g : groups) {
      const double column = tied ? 1.5 * static_cast<double>(g) + 1.5 : n == 0 ? 1.25 * static_cast<double>(g) : 6 - 1.25 * static_cast<double>(g);
      for (std::int64_t i = 0; i < network.sizes[g]; ++i)
        places[g].emplace_back(column + (i % 2 ? 0.12 : -0.12), static_cast<double>(i) - 0.5 * static_cast<double>(network.sizes[g] - 1));
    }
    for (const auto& block : network.blocks) panel.curves.push_back(edges("weights", places[block.a], places[block.b]));
    for (const Group g : groups) {
      Curve units{.label = std::string(group_names[g]) + " units", .style = Style::points};
      for (const auto& [x, y] : places[g]) {
        units.x.push_back(x);
        units.y.push_back(y);
      }
      panel.curves.push_back(units);
    }
  }
  return panel;
}

void figure_1(Page& page) {
  const auto vae = [](Kind kind) { return HopfieldVae<double>(kind, 6, 4, kind == Kind::tied ? 2 : 1, 0.5, 1.0, Stream(0, "figure")); };
  reporting::Figure figure{.name = "figure_1", .columns = 3, .width = 1080, .height = 380};
  figure.panels = {architecture("H-VAE", vae(Kind::layered)), architecture("DH-VAE", vae(Kind::dense)), architecture("TDH-VAE", vae(Kind::tied))};
  page.figure(
      "Figure 1: the three Hopfield autoencoders", figure,
      {.see =
           "In the layered networks a unit is joined to the neighbouring groups only; in the dense ones to all units. The tied model is one "
           "network, read from left to right by clamping the image and from right to left by clamping the code, and has no units for log σ².",
       .contradicted = "a line within a group of the layered model."});
}

// ## Figures 2 to 4
void figures_2_to_4(Page& page) {
  std::vector<experiments::Images> reconstructions, samples;
  std::vector<std::string> labels;
  std::string collapsed;
  for (const ModelName& model : model_names())
    if (const auto [record, label] = highest_record(page, model); record) {
      if (reconstructions.empty()) reconstructions.push_back(record->images.at("originals"));
      reconstructions.push_back(record->images.at("reconstructions"));
      samples.push_back(record->images.at("samples"));
      labels.push_back(label);
      if (const double share = variety_of_reconstructions(*record); share < no_variety)
        collapsed += fmt::format(" {}'s code says next to nothing: its reconstructions vary {:.3f} as much as the originals.", label, share);
    }
  if (labels.empty()) return;
  std::vector<std::string> rows{"originals, the first of each class in the test set"};
  rows.insert(rows.end(), labels.begin(), labels.end());
  page.images("Figures 2 and 3: originals and reconstructions", "figure_2_and_3",
              {.images = reconstructions.size() > 1 ? reporting::join(reconstructions) : reconstructions[0], .columns = 10}, rows,
              {.see = "Every model's image of the posterior mean; the first seed of each, which need not be its better one." + collapsed,
               .contradicted = "rows that show one and the same digit: a code that says nothing (the collapse of the posterior)."});
  page.images("Figure 4: new digits", "figure_4", {.images = reporting::join(samples), .columns = 10}, labels,
              {.see = "Images decoded from codes that were drawn from the prior.",
               .contradicted = "no digit among the draws of a model whose reconstructions are digits."});
}

// ## Training

// What the stopping rule did to a run that it need not have done: stopped it while its objective still fell, or not at all.
std::string what_the_rule_did(const Record& record, const std::string& label) {
  const auto& curve = record.series.at("curve");
  const auto& distance = curve.at("held_out_fid");
  const std::size_t best = static_cast<std::size_t>(std::ranges::min_element(distance) - distance.begin()), last = distance.size() - 1;
  const std::vector<double> objective = objective_of(record);
  if (best == last) return fmt::format(" {} was best in its last epoch, {:.0f}: it may not have been at its end.", label, curve.at("epoch")[last]);
  if (objective[last] >= objective[best]) return "";
  return fmt::format(" So it is for {} where from epoch {:.0f} to {:.0f} the distance rises from {:.1f} to {:.1f}, the objective falls from {:.1f} to {:.1f}.", label,
                     curve.at("epoch")[best], curve.at("epoch")[last], distance[best], distance[last], objective[best], objective[last]);
}

void training_curves(Page& page) {
  std::string outcome;
  reporting::Figure figure{.name = "training", .columns = 3, .width = 1080, .height = 360};
  for (const auto& [column, label] : {std::pair("held_out_fid", "distance to held-out images"), {"half_sse", "half SSE"}, {"kl_nats", "KL [nats]"}}) {
    Panel panel{.x_label = "epoch", .y_label = label};
    for (const ModelName& model : model_names())
      if (const auto [record, label] = highest_record(page, model); record) {
        const auto& curve = record->series.at("curve");
        panel.curves.push_back({.label = label, .x = curve.at("epoch"), .y = curve.at(column), .style = Style::line_points});
        if (!figure.panels.empty()) continue;
        const auto& seeds = page.results().records(record->identity.profile, "vae/" + model.id);
        for (const Record* of_seed : seeds)
          if (!of_seed->diverged)
            outcome += what_the_rule_did(*of_seed, label + (seeds.size() > 1 ? fmt::format(", seed {},", of_seed->identity.seed) : ""));
      }
    panel.x_range = from_zero(panel, &Curve::x);
    panel.y_range = from_zero(panel, &Curve::y);
    figure.panels.push_back(panel);
  }
  page.figure(
      "Training", figure,
      {.see =
           "Left: the distance that the one stopping rule looks at (classifier features, generated digits against the held-out part of the "
           "training set); distances at two scales do not compare. Middle and right: the two parts of the objective, mean over an epoch's batches. Curves of the first seeds.",
       .contradicted = "a held-out distance that rises while the objective falls: then the rule, not the model, would decide Table 1." + outcome});
}

// The shares of settlings that had not come to rest, early and at last.
std::string unsettled_over_training(const Page& page) {
  std::string text;
  for (const ModelName& model : hopfield_models())
    if (const auto [record, label] = highest_record(page, model); record) {
      const auto& share = record->series.at("curve").at("unsettled_share");
      text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", label, 100 * share.front());
      if (share.size() > 1) text += fmt::format(", {:.0f} %", 100 * share[1]);
      text += fmt::format(" and {:.0f} %", 100 * share.back());
    }
  return text.empty() ? "" : "; of all phases, free and nudged, do not come to rest in epochs 1, 2 and the last: " + text;
}

void settings_and_errata(Page& page) {
  page.setting({"β_KL, learning rate, sizes, σ", "Table 3", "the same", "Table 3; at reduced scale higher rates do better, see the finding", ""});
  page.setting({"`exact`, `choices`, `sweep`", "–", "reduced scale: 128 hidden units (in `sweep` Table 2's), at most 15 latent, 5,000 training images, batches of 50, 12 epochs (`sweep` 6), 1,000 digits, a classifier of 5,000 images, "
                "rates of at least 0.0009 (H-VAE 0.01 outside `sweep`)", "for comparisons of many runs", ""});
  page.setting({"non-linearity, pixel range", "ρ(s) = 1/(1 + exp(-3s)), [-1, 1]", "the same", "appendix B.1", ""});
  page.setting({"start of the settling", "zero", "zero", "section 2", ""});
  page.setting({"free phase", "not said", "dt = 0.3, until no unit moves faster than 0.001, 60 steps at most", "chosen" + unsettled_over_training(page), ""});
  page.setting({"weakly clamped phases", "from the free equilibrium, ±β, β not said",
                "β = 0.1 for the decoder and 0.02 for the encoder, 20 steps at most", against_choices(page, {"beta_large", "beta_small"}), ""});
  page.setting({"what the reconstruction's nudge of the encoder is evaluated at", "not said",
                "the free equilibrium; the divergence's follows the state", "chosen; both have one limit", ""});
  page.setting({"optimiser", "not said", "Adam, β1 = 0.9, β2 = 0.999", against_choices(page, {"rmsprop", "sgd", "sgd_0.01", "sgd_0.03", "sgd_0.1"}), ""});
  page.setting({"batch", "not said", "128; a last, smaller batch is dropped", against_choices(page, {"batch_25", "batch_100"}), ""});
  page.setting({"initial weights", "not said", "uniform after Glorot and Bengio; within ±√(6/2n) in a dense network of n units",
                against_choices(page, {"gain_0.5", "gain_2"}), ""});
  page.setting({"epochs", "not said; sweeps of 17 hours", "10 to 20: until the distance to held-out images has had no new best for 6", "chosen: with 3 the noise of the distance ended one seed of F-VAE on a plateau", ""});
  page.setting({"training images", "not said", "the first 55,000; the last 5,000 are held out for the stopping rule", "chosen",
                "the rule needs images that neither training nor the test has seen"});
  page.setting({"features of the distance", "Inception network", "a classifier trained by this program; random weights; pixels", "",
                "the Inception network's weights are not at hand; its features can be given as a file"});
  page.setting({"generated digits", "not said", "10,000, clipped to [-1, 1]", "chosen", ""});
  page.setting({"encoder of F-VAE", "one hidden layer of sigmoids", "with biases, outputs μ and log σ²", "chosen", ""});

  page.erratum({"section 3, after eq. (10)",
                "\"These terms function as the contribution for the reconstruction loss in the update equation (4) for the decoder energy\"",
                "for the encoder energy", "they are gradients in the encoder's outputs"});
  page.erratum({"section 3, free phase; eq. (7)", "N(μ, diag(exp(½ log σ²))), N(μ, diag(σ))", "diag(exp(log σ²)), diag(σ²)",
                "a standard deviation stands where a covariance belongs; z = μ + ε ⊙ exp(½ log σ²) is right"});
  page.erratum({"eq. (5)", "Δw ∝ the contrast of ∂F/∂w", "Δw ∝ minus the contrast", "the contrast is the loss's gradient; descent goes against it"});
}

void metrics_of_the_page(Page& page) {
  page.metric("fid_classifier",
              "|m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₁C₂)^½) between generated digits and the test images, on the 64 penultimate features of a small "
              "convolutional classifier that is trained on the training images, in every cell anew: to the same bits where build and number of threads are the same.");
  page.metric("fid_random, fid_pixels", "The same on the features of that network with other, random weights, and on the 784 pixels in [-1, 1].");
  page.metric(
      "held_out_fid",
      "fid_classifier against the held-out images at the best epoch: what the stopping rule and the sweep choose by, so better than it deserves. The real images are others than fid_classifier's, so the two do not compare.");
  page.metric("halves_*, train_test_*", "The same distances between sets of real digits: what a perfect generator would score with as many images.");
  page.metric("half_sse", "½ Σ (y - x)² over the pixels, one draw of z, mean over the test images.");
  page.metric("kl_nats", "KL(q(z|x) || p(z)), closed form, mean over the test images; for TDH-VAE including the constant of its fixed σ.");
  page.metric("unsettled_share",
              "The share of settlings (an example in a phase) that some unit ended faster than the tolerance of 0.001, over all of training.");
  page.metric("left_out_share",
              "Training examples by the exact gradient that were left out: conjugate gradients met a direction along which the Hessian is not positive, or "
              "did not come to 1e-5 of the batch's largest right-hand side in 200 steps (`unsolved_share`).");
  page.metric("clipped_share", "`exact_clipped`: training steps whose gradient was longer than twice its typical length, a running mean, and was scaled down to that.");
  page.metric("half_sse_of_mean_image", "½ Σ (m - x)², m the mean of the training images, mean over the test images: what a code that says nothing can do.");
  page.metric("classifier_accuracy", "The share of the test images whose largest logit is their label's.");
  page.metric("classifier_mark", "The sum of the mean features of the test images. Runs whose marks differ were judged by classifiers that were trained by different builds or numbers of threads.");
  page.metric("n_weights",
              "Free parameters; a pair of units counts once, also the pairs of image units in DH-VAE's encoder, which are always clamped and get "
              "no gradient.");
}

}  // namespace

void write_report(Page& page, const experiments::Ledger&) {
  page.cite(
      "Tom Van Der Meersch, Johannes Deleu, Thomas Demeester: *Training a Hopfield Variational Autoencoder with Equilibrium Propagation*. IDLab, "
      "Ghent University – imec.\n\nNot held against a run: biases that \"did not show an improved performance\" (section 2), "
      "the chip's size and energy (abstract), that joining all neurons gave optimal results in preliminary tests and what may explain the models' order "
      "(section 4: links between pixels, the number of weights, TDH-VAE's fixed σ), how alike pictures look, that outputs are of similar quality to feedforward models of comparable capacity, that gradients vanished and larger models are needed (section 5), that units hardly reach "
      "saturation, how ρ was chosen and why pixels are shifted (appendix B.1). [The chapter](program.md) is the program's source.");
  write_findings(page);
  table_1(page);
  orders(page);
  runs(page);
  figure_1(page);
  figures_2_to_4(page);
  training_curves(page);
  write_settling(page);
  write_open_choices(page);
  settings_and_errata(page);
  metrics_of_the_page(page);
}

}  // namespace ep_hopfield
