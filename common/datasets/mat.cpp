#include "common/datasets/mat.hpp"

#include "common/datasets/mat_check.hpp"
#include "common/tensors/errors.hpp"

#include <matio.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace datasets {
namespace {

using Path = std::filesystem::path;

template <class... Args>
[[noreturn]] void damaged(const Path& file, fmt::format_string<Args...> what, Args&&... args) {
  tensors::fail(tensors::Exit::data, "{}: {}; delete it and run ./reproduce data", file.string(), fmt::format(what, std::forward<Args>(args)...));
}

template <class T>
std::vector<float> read_values(const Path& file, mat_t* mat, matvar_t* variable, std::size_t n) {
  // What libmatio leaves unread of a truncated matrix is not a number.
  std::vector<T> values(n, std::numeric_limits<T>::quiet_NaN());
  const bool failed = Mat_VarReadDataLinear(mat, variable, values.data(), 0, 1, static_cast<int>(n)) != 0;
  if (failed || !std::ranges::all_of(values, [](T v) { return std::isfinite(static_cast<double>(v)); }))
    damaged(file, "the values of {} cannot be read", variable->name);
  return {values.begin(), values.end()};
}

}  // namespace

Matrix read_mat(const Path& file, const std::string& name, std::int64_t rows, std::int64_t max_columns) {
  tensors::require(rows > 0 && max_columns > 0 && rows <= std::numeric_limits<int>::max() / max_columns, "read_mat: {} rows, {} columns", rows,
                   max_columns);
  check_mat(file);
  const std::unique_ptr<mat_t, int (*)(mat_t*)> mat(Mat_Open(file.c_str(), MAT_ACC_RDONLY), Mat_Close);
  if (!mat || Mat_GetVersion(mat.get()) != MAT_FT_MAT5) damaged(file, "is no MATLAB 5 file");
  const std::unique_ptr<matvar_t, void (*)(matvar_t*)> variable(Mat_VarReadInfo(mat.get(), name.c_str()), Mat_VarFree);
  if (!variable) damaged(file, "holds no variable {}", name);

  if (variable->rank != 2 || variable->isComplex) damaged(file, "{} is no real matrix", name);
  const std::size_t found_rows = variable->dims[0], columns = variable->dims[1];
  if (found_rows != static_cast<std::size_t>(rows) || columns < 1 || columns > static_cast<std::size_t>(max_columns))
    damaged(file, "{} is {} x {}, not {} x 1 to {}", name, found_rows, columns, rows, max_columns);
  const std::size_t n = found_rows * columns;
  const auto values = [&] {
    switch (variable->class_type) {
      case MAT_C_DOUBLE: return read_values<double>(file, mat.get(), variable.get(), n);
      case MAT_C_SINGLE: return read_values<float>(file, mat.get(), variable.get(), n);
      case MAT_C_UINT8: return read_values<std::uint8_t>(file, mat.get(), variable.get(), n);
      default: damaged(file, "{} holds neither doubles nor singles nor bytes", name);
    }
  };
  return {rows, static_cast<std::int64_t>(columns), values()};
}

}  // namespace datasets
