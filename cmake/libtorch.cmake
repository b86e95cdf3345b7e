# LibTorch::LibTorch, what the benchmarks and the parity tests compare with, where it is installed (SUITE_LIBTORCH says).
# Not through its package file: Debian's asks for protobuf, and changes flags of the whole project.
include_guard(GLOBAL)

find_path(TORCH_INCLUDE_DIR torch/csrc/api/include/torch/torch.h)
find_library(TORCH_LIBRARY torch_cpu)
find_library(C10_LIBRARY c10)
mark_as_advanced(TORCH_INCLUDE_DIR TORCH_LIBRARY C10_LIBRARY)

set(SUITE_LIBTORCH OFF CACHE INTERNAL "")
if(SUITE_SANITIZE)
  message(STATUS "LibTorch is not looked for under the sanitizers: no parity tests, and benchmarks without their other half")
elseif(TORCH_INCLUDE_DIR AND TORCH_LIBRARY AND C10_LIBRARY)
  set(SUITE_LIBTORCH ON CACHE INTERNAL "")
  add_library(LibTorch::LibTorch UNKNOWN IMPORTED GLOBAL)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    IMPORTED_LOCATION ${TORCH_LIBRARY}
    INTERFACE_LINK_LIBRARIES ${C10_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIR};${TORCH_INCLUDE_DIR}/torch/csrc/api/include")
else()
  message(STATUS "LibTorch is missing (Debian: libtorch-dev): no parity tests, and benchmarks without their other half")
endif()
