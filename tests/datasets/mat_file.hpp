// MATLAB 5 files for tests.
#pragma once

#include <matio.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using Variable = std::unique_ptr<matvar_t, void (*)(matvar_t*)>;

// A matrix of the given values, column after column.
template <class T>
Variable matrix(const std::string& name, std::size_t rows, std::size_t columns, std::vector<T> values) {
  constexpr bool is_double = std::is_same_v<T, double>, is_float = std::is_same_v<T, float>, is_text = std::is_same_v<T, char>;
  std::size_t extents[] = {rows, columns};
  if (values.size() != rows * columns) throw std::invalid_argument("matrix: wrong number of values");
  return {Mat_VarCreate(name.c_str(), is_double ? MAT_C_DOUBLE : is_float ? MAT_C_SINGLE : is_text ? MAT_C_CHAR : MAT_C_UINT8,
                        is_double ? MAT_T_DOUBLE : is_float ? MAT_T_SINGLE : MAT_T_UINT8, 2, extents, values.data(), 0),
          Mat_VarFree};
}

template <std::size_t N>
void write_mat(const std::filesystem::path& file, const Variable (&variables)[N], matio_compression compression = MAT_COMPRESSION_NONE) {
  const std::unique_ptr<mat_t, int (*)(mat_t*)> mat(Mat_CreateVer(file.c_str(), nullptr, MAT_FT_MAT5), Mat_Close);
  for (const Variable& variable : variables)
    if (!mat || Mat_VarWrite(mat.get(), variable.get(), compression) != 0) throw std::runtime_error("cannot write " + file.string());
}
