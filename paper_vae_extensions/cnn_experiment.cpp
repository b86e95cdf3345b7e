// # The convolutional row
//
// Training normalises by the statistics of the batch and notes them; evaluation, sampling and every number of the table
// use the running ones.
#include "paper_vae_extensions/cnn_experiment.hpp"

#include "paper_vae_extensions/cnn.hpp"
#include "paper_vae_extensions/training.hpp"

namespace vae_extensions {

namespace {

class CnnRow : public OneCodeRow<CnnVae<float>, Bernoulli<float>> {
 public:
  CnnRow(CnnVae<float> model, CrossEntropy cross_entropy) : OneCodeRow(std::move(model)), cross_entropy_(cross_entropy) {}

  double train_step(nn::Optimiser<float>& optimiser, const Batch& batch, Stream noise) override {
    const Var<float> epsilon = this->epsilon(batch.n_images(), noise);
    const double bound = -nn::train_step<float>(model_, optimiser, [&](const CnnVae<float>& m) {
      return -mean(elbo(m, batch.x, epsilon, Pass<float>::training(met_), cross_entropy_));
    });
    met_.update_running();
    return bound;
  }

  // The posterior's mean of each image, [B, n].
  Array<float> codes(const Batch& batch) const { return posterior(batch).mean.value(); }

 private:
  Normal<float> posterior(const Batch& batch) const override { return model_.q(batch.x, Pass<float>::evaluation()); }
  Bernoulli<float> likelihood(const Var<float>& z, const Var<float>&) const override { return model_.p(z, Pass<float>::evaluation()); }

  nn::BatchStatistics<float> met_;
  CrossEntropy cross_entropy_;
};

CrossEntropy cross_entropy_of(const Settings& settings) {
  if (!settings.values().contains("cross_entropy")) return CrossEntropy::of_logits;
  return one_of(settings, "cross_entropy", "rounded", "of_logits") == "rounded" ? CrossEntropy::rounded : CrossEntropy::of_logits;
}

constexpr double seconds_a_step = 0.0165;

std::vector<Cell> cells(Profile profile) {
  std::vector<Cell> list;
  for (const SizeAndSeeds& size : sizes_and_seeds(profile)) {
    Settings settings = mnist_settings(size.n, profile);
    settings.set("optimiser", std::string("adam"));
    settings.set("learning_rate", size.n == 200 ? 1e-3 : 1e-2);
    settings.set("n_codes", std::int64_t{profile == Profile::paper ? 4000 : profile == Profile::quick ? 1000 : 50});
    if (profile == Profile::quick) settings.set("epochs", std::int64_t{10});
    const bool diverges = size.n == 10 || size.n == 20;  // at 0.01: the page shows how
    if (diverges && profile == Profile::quick) settings.set("learning_rate", 1e-3);
    add_cells(list, "cnn", size, settings, n_steps(settings) * seconds_a_step);
    if (!diverges || profile != Profile::paper) continue;
    // Whether the cross-entropy as coded keeps these from diverging.
    Settings as_coded = settings;
    as_coded.set("cross_entropy", std::string("rounded"));
    add_cells(list, "cnn_rounded", {size.n, 1}, as_coded, n_steps(settings) * seconds_a_step);
    // Not in the report: the rate of its other models.
    settings.set("learning_rate", 1e-3);
    add_cells(list, "cnn_lr_0.001", size, settings, n_steps(settings) * seconds_a_step);
  }
  return list;
}

// Figure 7: where the encoder puts the test images, to three decimals.
void report_codes(Run& run, const Row& row, const Data& data) {
  if (row.latent_size() != 3 || run.seed() != 0) return;
  const auto& cnn = dynamic_cast<const CnnRow&>(row);
  experiments::Series series{{"z_1", {}}, {"z_2", {}}, {"z_3", {}}, {"digit", {}}};
  const std::int64_t n = std::min(run.settings().count("n_codes"), data.test.n);
  constexpr std::int64_t chunk = 100;
  for (std::int64_t begin = 0; begin < n; begin += chunk) {
    const std::int64_t count = std::min(chunk, n - begin);
    const Array<float> codes = cnn.codes(batch_of(data, data.test, begin, count));
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t axis = 0;
      for (const char* name : {"z_1", "z_2", "z_3"}) series[name].push_back(std::round(1000.0 * codes[i * 3 + axis++]) / 1000);
      series["digit"].push_back(data.test.labels[static_cast<std::size_t>(begin + i)]);
    }
  }
  run.series("codes", series);
}

}  // namespace

experiments::Experiment cnn_experiment() {
  return as_experiment({.name = "cnn",
                        .summary = "Convolutional VAE on MNIST (Table 1, Figures 1, 2, 5, 6, 7)",
                        .cells = cells,
                        .build = [](const Settings& settings, std::uint64_t seed) {
                          return std::make_unique<CnnRow>(CnnVae<float>(CnnSizes{}, settings.count("latent"), Stream(seed, "initialisation")), cross_entropy_of(settings));
                        },
                        .more = report_codes});
}

}  // namespace vae_extensions
