// Laws of what stands between the data and a training step.
#pragma once

#include "common/datasets/image_set.hpp"
#include "tests/laws.hpp"

#include <set>

namespace laws {

using datasets::ImageSet;

// n images of 2 x 3; image i holds 6 i, 6 i + 1, ... (mod 256), its label is i.
inline ImageSet counting_images(std::int64_t n) {
  ImageSet set{n, 2, 3, {}, {}, {}, false};
  for (std::int64_t i = 0; i < 6 * n; ++i) set.pixels.push_back(static_cast<std::uint8_t>(i));
  for (std::int64_t i = 0; i < n; ++i) set.labels.push_back(static_cast<std::uint8_t>(i));
  return set;
}

// Every image stands in exactly one part of split(images).
template <class SplitImages>
Finding parts_make_up_the_whole(const SplitImages& split) {
  constexpr std::int64_t n = 40;  // all different
  const auto [training, held_out] = split(counting_images(n));
  std::multiset<int> found;
  for (const ImageSet* part : {&training, &held_out})
    for (std::int64_t i = 0; i < part->n; ++i) found.insert(part->image(i)[0] / 6);
  for (int image = 0; image < n; ++image)
    if (found.count(image) != 1) return {false, fmt::format("image {} stands {} times in the two parts", image, found.count(image))};
  return {true, "every image stands in one part"};
}

// pixels_of(images), bytes or floats, are the same under other labels.
template <class Pixels>
Finding labels_reach_no_pixel(const Pixels& pixels_of) {
  const ImageSet set = counting_images(40);
  ImageSet relabelled = set;
  std::ranges::reverse(relabelled.labels);
  const bool same = std::ranges::equal(pixels_of(set), pixels_of(relabelled));
  return {same, same ? "other labels, the same pixels" : "other labels give other pixels"};
}

}  // namespace laws
