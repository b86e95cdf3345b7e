// Grey pixels to zeros and ones: maps for batches.hpp, and the two random kinds.
#pragma once

#include "common/datasets/batches.hpp"

namespace datasets {

// pixel / 255, no binarisation.
PixelMap grey();

enum class Ink { one, zero };  // what ink becomes; paper becomes the other

// Any ink at all against none: pixel > 0 against pixel == 0.
PixelMap threshold(Ink ink = Ink::one);

// pixel / 255 rounded: 1 from 128 on.
PixelMap rounding();

// Drawn afresh for every batch: 1 with probability pixel / 255, from `stream` (give it the step). [rows, height * width]
tensors::Array<float> gather_stochastic(const ImageSet& set, std::span<const std::int64_t> rows, tensors::Stream stream);

// Drawn once: the set with every pixel 255 with probability pixel / 255, else 0; read it through grey().
ImageSet binarised_once(const ImageSet& set, std::uint64_t seed);

}  // namespace datasets
