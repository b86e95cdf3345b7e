// Matrices of MATLAB 5 files, read by libmatio.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace datasets {

struct Matrix {
  std::int64_t rows, columns;
  std::vector<float> values;  // column after column
};

// The real matrix `name` of doubles, singles or bytes, with that many rows and at most `max_columns` columns, in a file that
// holds matrices only. Class and extents are looked at before memory for the values is taken. Failure(data) names the file and what is wrong with it.
Matrix read_mat(const std::filesystem::path& file, const std::string& name, std::int64_t rows, std::int64_t max_columns);

}  // namespace datasets
