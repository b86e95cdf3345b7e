#pragma once

#include "common/datasets/batches.hpp"
#include "common/experiments/experiment.hpp"
#include "common/nn/layers.hpp"
#include "paper_vae_extensions/rows.hpp"

#include <memory>

namespace vae_extensions {

using experiments::Cell;
using experiments::Profile;
using experiments::Run;
using experiments::Settings;

inline constexpr std::int64_t mnist_pixels = 784, mnist_labels = 10;

// What a row is trained and tested on.
struct Data {
  datasets::ImageSet train, test;
  datasets::PixelMap pixels;
  std::int64_t n_labels = 0;  // 0: the model is not told them
};

Batch batch_of(const Data& data, const datasets::ImageSet& set, std::span<const std::int64_t> rows);
Batch batch_of(const Data& data, const datasets::ImageSet& set, std::int64_t begin, std::int64_t count);

// MNIST with any ink at all as 0 and paper as 1, and as many images as the settings say; --data, sizes and digests are seen to.
Data mnist_data(Run& run, std::int64_t n_labels = 0);

// What the settings of all rows on MNIST have in common, shrunk for the profile.
Settings mnist_settings(std::int64_t n, Profile profile);

// The report's five latent sizes with three seeds at 3 and 20; at quick 3 and 20, at smoke 3, with one.
struct SizeAndSeeds {
  std::int64_t n;
  std::uint64_t n_seeds;
};
std::vector<SizeAndSeeds> sizes_and_seeds(Profile profile);

// Cells "<row>/n<latent>" for each of its seeds.
void add_cells(std::vector<Cell>& cells, const std::string& row, const SizeAndSeeds& size, const Settings& settings, double seconds);
double n_steps(const Settings& settings);

// An experiment whose cells each train a row.
struct RowExperiment {
  std::string name, summary;
  int revision = 1;
  std::function<std::vector<Cell>(Profile)> cells;
  std::function<std::unique_ptr<Row>(const Settings&, std::uint64_t seed)> build;
  std::function<Data(Run&)> data = [](Run& run) { return mnist_data(run); };
  // What the row reports besides.
  std::function<void(Run&, const Row&, const Data&)> more = [](Run&, const Row&, const Data&) {};
};
experiments::Experiment as_experiment(const RowExperiment& experiment);

// ## For what rows report besides

// Means over the images of a set, with standard errors.
class ImageMean {
 public:
  void add(std::span<const float> values) {
    for (const double value : values) sum_ += value, squares_ += value * value, ++n_;
  }
  double mean() const { return sum_ / n_; }
  double standard_error() const { return std::sqrt(std::max(0.0, squares_ / n_ - mean() * mean()) / n_); }

 private:
  double sum_ = 0, squares_ = 0, n_ = 0;
};

// Grey levels in [0, 1] as pictures of the set's size.
experiments::Images as_images(const Array<float>& grey, const datasets::ImageSet& like);

// The text of a setting that has one of two; Failure(usage) otherwise.
const std::string& one_of(const Settings& settings, const char* name, const char* one, const char* other);

// "tanh" or "relu".
nn::Activation activation_of(const Settings& settings);

}  // namespace vae_extensions
