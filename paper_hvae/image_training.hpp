// What the experiments on MNIST share: data, model and bound of a batch.
#pragma once

#include "common/datasets/image_set.hpp"
#include "common/experiments/experiment.hpp"
#include "paper_hvae/image_model.hpp"

#include <string>

namespace hvae {

// Refuses impossible settings, whichever of them the experiment has.
void check_image_settings(const std::string& experiment, const experiments::Settings& settings);

// By the settings n_train, n_validation and n_test; training images grey, the others binarised: validation by the cell's
// seed, test alike for every cell. Tells the run which files it read.
struct ImageData {
  datasets::ImageSet train, validation, test;
};
ImageData image_data(experiments::Run& run);

// By the settings hidden, latent, upsampled, K, tempering and vary_epsilon, and xi where another than 1/2 is wanted. The last bias
// starts as the authors' does, at the mean over the images of logit(mean pixel), or at zero where there are no images.
ImageModel<float> image_model(const experiments::Settings& settings, const datasets::ImageSet* train, std::uint64_t seed);

// Noise for n rows, that of the given step.
FlowNoise<float> draw_noise(const Stream& stream, std::uint64_t step, std::int64_t n, std::int64_t latent);

// The bound that is trained, [B]: with the divergence in closed form where there are no steps.
Var<float> bound(const ImageModel<float>& model, const Var<float>& x, const FlowNoise<float>& noise);

// One draw of log p-hat for each row, [B], a hundred rows at a time: so many stay in the cache.
Array<float> draw_log_p_hat(const ImageModel<float>& model, const Var<float>& x, const FlowNoise<float>& noise);

// The mean bound over a binarised set, one draw for each image.
double mean_bound(const ImageModel<float>& model, const datasets::ImageSet& set, const Stream& noise, std::uint64_t step);

}  // namespace hvae
