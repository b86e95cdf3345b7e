// # Interpolation along a graph
//
// Section 2.3: the nodes are draws from the prior, each joined to its k nearest neighbours by undirected edges that are as
// long as the nodes are apart. Two codes are joined to it in the same way, and the shortest path between them, found by A*,
// is the interpolation: it stays where the prior has mass.
#pragma once

#include "common/tensors/array.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace vhp {

class LatentGraph {
 public:
  // nodes [n, d] with n > k >= 1.
  LatentGraph(const tensors::Array<float>& nodes, std::int64_t k);
  ~LatentGraph();

  // The shortest path from one code to another: the codes themselves and the nodes between them, [m, d] with m >= 3.
  // Nothing where the graph does not join them.
  std::optional<tensors::Array<float>> shortest_path(std::span<const float> from, std::span<const float> to) const;

  // Of the edges at each node, [n].
  std::vector<double> mean_edge_lengths() const;

 private:
  struct Index;
  std::unique_ptr<const Index> index_;
};

}  // namespace vhp
