// The graph in the latent space: shortest paths whose answer is known.
#include "common/tensors/random.hpp"
#include "paper_vhp/latent_graph.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <numbers>

using vhp::LatentGraph;
using tensors::Array;
namespace tt = boost::test_tools;

namespace {

Array<float> ring(std::int64_t n, double from, double to) {
  Array<float> nodes({n, 2});
  for (std::int64_t i = 0; i < n; ++i) {
    const double a = from + (to - from) * static_cast<double>(i) / static_cast<double>(n);
    nodes.mutable_data()[2 * i] = static_cast<float>(std::cos(a));
    nodes.mutable_data()[2 * i + 1] = static_cast<float>(std::sin(a));
  }
  return nodes;
}

double length(const Array<float>& path) {
  double sum = 0;
  for (std::int64_t i = 1; i < path.shape()[0]; ++i) sum += std::hypot(path[2 * i] - path[2 * i - 2], path[2 * i + 1] - path[2 * i - 1]);
  return sum;
}

// By Floyd and Warshall, over nodes and both ends, with edges as the header describes them.
double reference_length(const Array<float>& nodes, std::int64_t k, const std::vector<float>& from, const std::vector<float>& to) {
  const auto n = static_cast<std::size_t>(nodes.shape()[0]);
  std::vector<std::array<double, 2>> points;
  for (std::size_t i = 0; i < n; ++i) points.push_back({nodes.data()[2 * i], nodes.data()[2 * i + 1]});
  points.push_back({from[0], from[1]});
  points.push_back({to[0], to[1]});
  const auto distance = [&](std::size_t a, std::size_t b) { return std::hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]); };
  std::vector<std::vector<double>> best(n + 2, std::vector<double>(n + 2, std::numeric_limits<double>::infinity()));
  for (std::size_t a = 0; a < n + 2; ++a) {
    std::vector<std::size_t> others;
    for (std::size_t b = 0; b < n; ++b)
      if (b != a) others.push_back(b);
    std::ranges::sort(others, {}, [&](std::size_t b) { return distance(a, b); });
    for (std::size_t i = 0; i < static_cast<std::size_t>(k); ++i) best[a][others[i]] = best[others[i]][a] = distance(a, others[i]);
  }
  for (std::size_t m = 0; m < n + 2; ++m)
    for (std::size_t a = 0; a < n + 2; ++a)
      for (std::size_t b = 0; b < n + 2; ++b) best[a][b] = std::min(best[a][b], best[a][m] + best[m][b]);
  return best[n][n + 1];
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_path_follows_the_ring_and_not_the_chord) {
  const LatentGraph graph(ring(200, 0, 2 * std::numbers::pi), 4);
  const std::vector<float> right{1, 0}, left{-1, 0};
  const auto path = graph.shortest_path(right, left);
  BOOST_REQUIRE(path);
  BOOST_TEST((*path)[0] == 1);
  BOOST_TEST((*path)[2 * path->shape()[0] - 2] == -1);
  BOOST_TEST(length(*path) == std::numbers::pi, tt::tolerance(0.01));
  for (std::int64_t i = 0; i < path->shape()[0]; ++i) BOOST_TEST(std::hypot((*path)[2 * i], (*path)[2 * i + 1]) == 1, tt::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(the_search_finds_the_shortest_path_on_random_clouds) {
  for (std::uint64_t cloud = 0; cloud < 5; ++cloud) {
    const auto nodes = tensors::Stream(5, "cloud", cloud).normal<float>({60, 2});
    const std::vector<float> from{-2, 0.5f}, to{1.5f, -1};
    const auto path = LatentGraph(nodes, 4).shortest_path(from, to);
    BOOST_REQUIRE(path);
    BOOST_TEST(length(*path) == reference_length(nodes, 4, from, to), tt::tolerance(1e-5));
  }
}

BOOST_AUTO_TEST_CASE(two_islands_are_reported) {
  Array<float> nodes = ring(40, 0, 2 * std::numbers::pi);
  for (std::int64_t i = 0; i < 20; ++i) nodes.mutable_data()[2 * i] += 100;
  const LatentGraph graph(nodes, 3);
  BOOST_TEST(!graph.shortest_path(std::vector<float>{100, 0}, std::vector<float>{0, 0}));
}

BOOST_AUTO_TEST_CASE(edges_are_as_long_as_their_nodes_are_apart) {
  for (double length : LatentGraph(ring(100, 0, 2 * std::numbers::pi), 2).mean_edge_lengths())
    BOOST_TEST(length == 2 * std::sin(std::numbers::pi / 100), tt::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(equal_nodes_and_too_few_nodes_are_no_accident) {
  const LatentGraph graph(Array<float>::zeros({10, 2}), 3);
  BOOST_TEST(graph.mean_edge_lengths().size() == 10u);
  BOOST_CHECK_THROW(LatentGraph(Array<float>::zeros({3, 2}), 3), std::invalid_argument);
}
