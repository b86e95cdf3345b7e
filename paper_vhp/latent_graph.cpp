#include "paper_vhp/latent_graph.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/astar_search.hpp>
#include <nanoflann.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace vhp {
namespace {

using tensors::Array;

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property, boost::property<boost::edge_weight_t, double>>;

double distance(std::span<const float> a, std::span<const float> b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += std::pow(static_cast<double>(a[i]) - b[i], 2);
  return std::sqrt(squares);
}

// Ends the search when it reaches the goal.
struct Reached {};
struct UntilReached : boost::default_astar_visitor {
  std::size_t goal;
  explicit UntilReached(std::size_t goal) : goal(goal) {}
  template <class Vertex>
  void examine_vertex(Vertex vertex, const Graph&) const {
    if (vertex == goal) throw Reached{};
  }
};

}  // namespace

struct LatentGraph::Index {
  Array<float> nodes;
  std::size_t n, d, k;
  // What nanoflann asks of a cloud of points.
  std::size_t kdtree_get_point_count() const { return n; }
  float kdtree_get_pt(std::size_t node, std::size_t axis) const { return nodes.data()[node * d + axis]; }
  template <class Box>
  bool kdtree_get_bbox(Box&) const { return false; }

  using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<float, Index>, Index, -1, std::size_t>;
  Tree tree;
  Graph graph;

  Index(const Array<float>& nodes, std::int64_t n_neighbours)
      : nodes(nodes), n(static_cast<std::size_t>(nodes.shape()[0])), d(static_cast<std::size_t>(nodes.shape()[1])),
        k(static_cast<std::size_t>(n_neighbours)), tree(static_cast<int>(d), *this), graph(n) {
    std::set<std::pair<std::size_t, std::size_t>> joined;  // two nodes may be neighbours of each other: one edge
    for (std::size_t a = 0; a < n; ++a) {
      std::size_t left = k;
      for (const std::size_t b : nearest(point(a), k + 1)) {
        if (b == a || left == 0) continue;
        --left;
        if (joined.insert(std::minmax(a, b)).second) boost::add_edge(a, b, distance(point(a), point(b)), graph);
      }
    }
  }

  std::span<const float> point(std::size_t node) const { return {nodes.data() + node * d, d}; }

  // The nodes nearest to a point, the nearest first.
  std::vector<std::size_t> nearest(std::span<const float> to, std::size_t count) const {
    std::vector<std::size_t> found(count);
    std::vector<float> squares(count);
    found.resize(tree.knnSearch(to.data(), count, found.data(), squares.data()));
    return found;
  }
};

LatentGraph::LatentGraph(const Array<float>& nodes, std::int64_t k) {
  tensors::require(nodes.shape().rank() == 2 && k >= 1 && nodes.shape()[0] > k, "graph: {} neighbours of nodes {}", k, nodes.shape());
  index_ = std::make_unique<const Index>(nodes, k);
}

LatentGraph::~LatentGraph() = default;

std::optional<Array<float>> LatentGraph::shortest_path(std::span<const float> from, std::span<const float> to) const {
  const Index& index = *index_;
  Graph graph = index.graph;
  const auto join = [&](std::span<const float> code) {
    const std::size_t added = boost::add_vertex(graph);
    for (const std::size_t node : index.nearest(code, index.k)) boost::add_edge(added, node, distance(code, index.point(node)), graph);
    return added;
  };
  const std::size_t start = join(from), goal = join(to);
  const auto point = [&](std::size_t node) { return node == start ? from : node == goal ? to : index.point(node); };

  std::vector<std::size_t> before(boost::num_vertices(graph));
  try {
    boost::astar_search(
        graph, start, [&](std::size_t node) { return distance(point(node), to); },
        boost::visitor(UntilReached(goal)).predecessor_map(boost::make_iterator_property_map(before.begin(), get(boost::vertex_index, graph))));
    return std::nullopt;
  } catch (const Reached&) {
  }
  std::vector<std::size_t> path{goal};
  while (path.back() != start) path.push_back(before[path.back()]);
  std::ranges::reverse(path);
  Array<float> points({static_cast<std::int64_t>(path.size()), static_cast<std::int64_t>(index.d)});
  float* out = points.mutable_data();
  for (const std::size_t node : path) out = std::ranges::copy(point(node), out).out;
  return points;
}

std::vector<double> LatentGraph::mean_edge_lengths() const {
  const Graph& graph = index_->graph;
  std::vector<double> means(index_->n);
  for (std::size_t node = 0; node < index_->n; ++node) {
    const auto [begin, end] = boost::out_edges(node, graph);
    for (auto edge = begin; edge != end; ++edge)
      means[node] += get(boost::edge_weight, graph, *edge) / static_cast<double>(boost::out_degree(node, graph));
  }
  return means;
}

}  // namespace vhp
