#pragma once

#include "common/reporting/page.hpp"

namespace hvae {

// The sections of hvae_caterini's page on MNIST.
void write_image_sections(reporting::Page& page);

// Its section on flows over a frozen VAE.
void write_flow_alone(reporting::Page& page);

}  // namespace hvae
