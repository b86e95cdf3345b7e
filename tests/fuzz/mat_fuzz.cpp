#include "common/datasets/mat.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/temporary_folder.hpp"

#include <matio.h>

#include <array>

namespace {

// A file with the 2 x 3 matrix `x` of these values, behind another variable.
template <class T>
std::string mat_of(matio_classes kind, matio_types type, matio_compression compression, std::array<T, 6> values) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "x.mat").string();
  mat_t* mat = Mat_CreateVer(file.c_str(), "seed", MAT_FT_MAT5);
  for (const char* name : {"before", "x"}) {
    std::size_t extents[] = {2, 3};
    matvar_t* variable = Mat_VarCreate(name, kind, type, 2, extents, values.data(), 0);
    Mat_VarWrite(mat, variable, compression);
    Mat_VarFree(variable);
  }
  Mat_Close(mat);
  return content_of(file);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {mat_of<double>(MAT_C_DOUBLE, MAT_T_DOUBLE, MAT_COMPRESSION_NONE, {0, 0.5, -1, 1e300, 7, 8}),
          mat_of<double>(MAT_C_DOUBLE, MAT_T_DOUBLE, MAT_COMPRESSION_ZLIB, {1, 2, 3, 4, 5, 6}),
          mat_of<float>(MAT_C_SINGLE, MAT_T_SINGLE, MAT_COMPRESSION_NONE, {0, 0.5f, -1, 2, 7, 8}),
          mat_of<std::uint8_t>(MAT_C_UINT8, MAT_T_UINT8, MAT_COMPRESSION_NONE, {0, 1, 2, 3, 254, 255}),
          mat_of<std::uint8_t>(MAT_C_UINT8, MAT_T_UINT8, MAT_COMPRESSION_ZLIB, {0, 1, 2, 3, 254, 255})};
}

void fuzz::run(const std::string& input) {
  static const TemporaryFolder folder;
  const auto file = folder.write("x.mat", input);
  const auto matrix = accepted(tensors::Exit::data, [&] { return datasets::read_mat(file, "x", 2, 8); });
  if (!matrix) return;
  check(matrix->rows == 2 && matrix->columns >= 1 && matrix->columns <= 8, "the extents are within what was asked for");
  check(matrix->values.size() == static_cast<std::size_t>(2 * matrix->columns), "there is a value for each place");
}
