// The sections of hvae_caterini's page on MNIST.
#pragma once

#include "common/reporting/page.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace hvae {

// Table 1's rows and columns, and how its cells are called.
inline constexpr std::array table_1_steps{1, 5, 10, 15, 20};
inline const std::array<std::string, 3> table_1_temperings{"free", "fixed", "none"};
inline std::string variant(int K, const std::string& tempering, bool varied) {
  return fmt::format("k{}_{}{}", K, tempering, varied ? "_varied" : "");
}

// All of them.
void write_image_sections(reporting::Page& page);

// What the paper's own numbers can show.
void write_table_1(reporting::Page& page);

// Flows over a frozen VAE.
void write_flow_alone(reporting::Page& page);

}  // namespace hvae
