// OMNIGLOT (Lake, Salakhutdinov, Tenenbaum, 2015), handwritten characters of 50 alphabets, at 28 x 28: 24,345 images for
// training and 8,070 for testing, as Burda et al. (2016) divided and shrank them in chardata.mat. Where that file is not at
// hand, another reduction of the same drawings of the same sizes serves (idx files), with its own resize and division:
// expect small differences in likelihood against published figures then.
#pragma once

#include "common/datasets/stand_in.hpp"

#include <filesystem>
#include <optional>

namespace datasets {

struct Omniglot {
  ImageSet train, validation, test;  // labelled by alphabet, 0 to 49
};

// From `data_option`, $PAPER_DATA or the cache, verified: chardata.mat where it is there, else the idx files; the files' names
// in `sha256` tell which. 1,345 of the training images, drawn at random, always the same, are the validation set (the
// VampPrior's protocol: 23,000 / 1,345 / 8,070). Where no folder was named and the cache has nothing: the stand-in.
// Failure(data) as `locate`, `read_idx` and `read_mat` throw it.
Omniglot omniglot(const std::optional<std::filesystem::path>& data_option, SplitSizes stand_in = {23'000, 1'345, 8'070});

// The images of two matrices of a file like chardata.mat: `images` [784, n], a character a column, column by column, ink from 0
// to 1; `targets` [50, n], 1 for the character's alphabet. Pixels are rounded to bytes. Failure(data).
ImageSet read_characters(const std::filesystem::path& file, const std::string& images, const std::string& targets);

}  // namespace datasets
