// Human motion: features and back, postures, movements, the separation of motions, the VampPrior.
#include "common/autodiff/check_gradients.hpp"
#include "common/nn/parameters.hpp"
#include "paper_vhp/motion_settings.hpp"
#include "paper_vhp/movement.hpp"
#include "paper_vhp/separation.hpp"
#include "paper_vhp/stick_figure.hpp"
#include "paper_vhp/training.hpp"
#include "paper_vhp/vamp_prior.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <set>

using namespace vhp;
using tensors::Array;
using tensors::Shape;
namespace tt = boost::test_tools;

namespace {

// The recordings where they are at hand; elsewhere the puppet.
datasets::CmuMocap source() {
  const char* named = std::getenv("PAPER_DATA");
  if (named && std::filesystem::exists(std::filesystem::path(named) / "cmu_mocap/02.asf")) return datasets::cmu_mocap(std::nullopt);
  unsetenv("PAPER_DATA");
  return datasets::cmu_mocap(std::nullopt);
}

const MotionData& motions() {
  static const MotionData data = motion_data(source(), 253, Scaling::Kind::half_turn);
  return data;
}

double apart(const datasets::Vec3& a, const datasets::Vec3& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }

Array<float> rows(const std::vector<std::array<float, 2>>& points) {
  Array<float> result({static_cast<std::int64_t>(points.size()), 2});
  for (std::size_t i = 0; i < points.size(); ++i) std::ranges::copy(points[i], result.mutable_data() + 2 * i);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(features)

BOOST_AUTO_TEST_CASE(fifty_channels_are_left_without_root_fingers_and_thumbs) {
  const MotionData& data = motions();
  BOOST_TEST(data.features.size() == 50u);
  BOOST_TEST(std::set(data.features.begin(), data.features.end()).size() == 50u);
  BOOST_TEST(data.joints.size() == 24u);
  const auto channels = data.source.skeleton.channels();
  std::size_t n_of_joints = 0;
  for (const Joint& joint : data.joints)
    for (const std::size_t feature : joint.features) {
      BOOST_TEST(data.features[feature].starts_with(joint.name + "."));
      ++n_of_joints;
    }
  BOOST_TEST(n_of_joints == 50u);
  for (std::size_t i = 0; i < 50; ++i) {
    BOOST_TEST(channels[data.places[i]] == data.features[i]);
    for (const char* left_out : {"root.", "lfingers.", "rfingers.", "lthumb.", "rthumb."}) BOOST_TEST(!data.features[i].starts_with(left_out));
  }
}

BOOST_AUTO_TEST_CASE(features_are_the_recorded_angles_of_frames_at_equal_distances) {
  const MotionData& data = motions();
  std::int64_t n_all = 0;
  for (const auto& recording : data.source.recordings) n_all += recording.motion.n_frames;
  const std::vector<double> degrees = data.scaling.degrees({data.x.data(), static_cast<std::size_t>(data.x.size())});
  std::set<std::size_t> seen(data.motion.begin(), data.motion.end());
  BOOST_TEST(seen.size() == 5u);
  double before = -1;
  for (std::int64_t i = 0; i < data.n(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    double earlier = 0;  // frames of the recordings before
    for (std::size_t m = 0; m < data.motion[at]; ++m) earlier += static_cast<double>(data.source.recordings[m].motion.n_frames);
    const double frame = data.seconds[at] * 120;
    const double distance = earlier + frame - before;
    if (i > 0) BOOST_TEST(std::abs(distance - static_cast<double>(n_all) / 253) < 1 + 1e-6);
    before = earlier + frame;
    const auto& values = data.source.recordings[data.motion[at]].motion.values;
    for (std::size_t c = 0; c < 50; ++c) {
      const double recorded = values[static_cast<std::size_t>(std::lround(frame)) * 62 + data.places[c]];
      BOOST_REQUIRE(std::abs(degrees[50 * at + c] - recorded) < 1e-4);
    }
  }
}

BOOST_AUTO_TEST_CASE(scaling_has_the_unit_the_range_or_the_deviation_that_it_should_and_comes_back) {
  // Three frames of a moving channel and one that stands still.
  const std::vector<double> degrees{-10, 7, 20, 7, 50, 7};
  const Scaling half_turn = Scaling::fit(Scaling::Kind::half_turn, degrees, 2), range = Scaling::fit(Scaling::Kind::range, degrees, 2),
                deviation = Scaling::fit(Scaling::Kind::deviation, degrees, 2);
  const std::vector<float> turns{-10 / 180.f, 7 / 180.f, 20 / 180.f, 7 / 180.f, 50 / 180.f, 7 / 180.f};
  BOOST_TEST(half_turn.features(degrees) == turns, tt::per_element());
  const std::vector<float> unit = range.features(degrees), standard = deviation.features(degrees);
  const std::vector<float> expected{0, 0, 0.5f, 0, 1, 0};
  BOOST_TEST(unit == expected, tt::per_element());
  for (const std::size_t still : {1u, 3u, 5u}) BOOST_TEST(standard[still] == 0);
  BOOST_TEST(standard[0] == -std::sqrt(1.5), tt::tolerance(1e-6));
  BOOST_TEST(standard[4] == std::sqrt(1.5), tt::tolerance(1e-6));
  for (const Scaling* scaling : {&half_turn, &range, &deviation}) {
    const std::vector<double> back = scaling->degrees(scaling->features(degrees));
    for (std::size_t i = 0; i < degrees.size(); ++i) BOOST_TEST(back[i] == degrees[i], tt::tolerance(1e-6));
  }
  BOOST_CHECK_THROW(Scaling::fit(Scaling::Kind::range, degrees, 4), std::invalid_argument);
  BOOST_CHECK_THROW(motion_data(source(), 1'000'000, Scaling::Kind::range), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kinematics)

BOOST_AUTO_TEST_CASE(bones_keep_their_length_in_every_frame) {
  const MotionData& data = motions();
  const auto& bones = data.source.skeleton.bones;
  const std::vector<double> degrees = data.scaling.degrees({data.x.data(), static_cast<std::size_t>(data.x.size())});
  for (std::size_t frame = 0; frame < 253; frame += 21) {
    const auto ends = pose(data, std::span(degrees).subspan(50 * frame, 50));
    for (std::size_t bone = 1; bone < bones.size(); ++bone)
      BOOST_TEST(apart(ends[bone], ends[bones[bone].parent]) == std::hypot(bones[bone].offset[0], bones[bone].offset[1], bones[bone].offset[2]),
                 tt::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(without_angles_the_pose_is_the_skeleton_s_own) {
  const MotionData& data = motions();
  const auto& bones = data.source.skeleton.bones;
  const auto ends = pose(data, std::vector<double>(50, 0.0));
  std::vector<datasets::Vec3> expected(bones.size());
  for (std::size_t bone = 1; bone < bones.size(); ++bone)
    for (std::size_t axis = 0; axis < 3; ++axis) expected[bone][axis] = expected[bones[bone].parent][axis] + bones[bone].offset[axis];
  for (std::size_t bone = 0; bone < bones.size(); ++bone) BOOST_TEST(apart(ends[bone], expected[bone]) < 1e-9);
  BOOST_CHECK_THROW(pose(data, std::vector<double>(49, 0.0)), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_knee_bends_the_shin_and_leaves_the_thigh) {
  // By hand: what of the shin is at right angles to the knee's axis, of length l, comes to lie l sqrt(2) from where it was
  // when bent by 90 degrees. The recordings' shin is all of it; the puppet's axes are the world's.
  const MotionData& data = motions();
  const auto& bones = data.source.skeleton.bones;
  const auto place = [&](const char* name) {
    return static_cast<std::size_t>(std::ranges::find(bones, name, &datasets::Bone::name) - bones.begin());
  };
  std::vector<double> bent(50, 0.0);
  bent[static_cast<std::size_t>(std::ranges::find(data.features, "ltibia.rx") - data.features.begin())] = 90;
  const auto straight = pose(data, std::vector<double>(50, 0.0)), knee = pose(data, bent);
  BOOST_TEST(apart(straight[place("lfemur")], knee[place("lfemur")]) < 1e-9);
  BOOST_TEST(apart(straight[place("rtoes")], knee[place("rtoes")]) < 1e-9);
  const auto& shin = bones[place("ltibia")].offset;
  const double l = std::hypot(data.source.stand_in ? 0 : shin[0], shin[1], shin[2]);
  BOOST_TEST(apart(straight[place("ltibia")], knee[place("ltibia")]) == std::sqrt(2.0) * l, tt::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(a_stick_figure_is_drawn_where_its_bones_are) {
  const Bones bones{{0, 0, 0}, {false, false, true}};
  const auto images = draw_stick_figures({{{0, 0}, {0, 10}, {5, 0}}}, bones);
  const auto at = [&](std::int64_t y, std::int64_t x) { return int{images.pixels[static_cast<std::size_t>(y * images.width + x)]}; };
  BOOST_TEST((images.n == 1 && images.height == 104 && images.width == 84));
  BOOST_TEST(at(30, 42) < 20);               // up from the root
  BOOST_TEST(at(60, 42) > 250);              // nothing below it
  BOOST_TEST((at(44, 54) > 100 && at(44, 54) < 200));  // the left bone is lighter
  BOOST_CHECK_THROW(draw_stick_figures({{{0, 0}}}, bones), std::invalid_argument);
  const std::vector<datasets::Vec3> joints{{0, 3, 0}, {1, 0, 0}, {0, 0, 1}};
  const auto points = projected(joints);
  BOOST_TEST(points[0][1] == 3);
  BOOST_TEST(points[1][0] * points[1][0] + points[2][0] * points[2][0] == 1, tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(movements)

BOOST_AUTO_TEST_CASE(a_resampled_path_keeps_its_ends_and_has_equal_steps) {
  const Array<float> corner = rows({{0, 0}, {3, 0}, {3, 0}, {3, 1}});  // a node may stand twice
  const Array<float> path = resampled(corner, 9);
  BOOST_TEST(path.shape()[0] == 9);
  BOOST_TEST((path[0] == 0 && path[1] == 0 && path[16] == 3 && path[17] == 1));
  for (std::int64_t i = 1; i < 9; ++i)
    BOOST_TEST(std::abs(path[2 * i] - path[2 * i - 2]) + std::abs(path[2 * i + 1] - path[2 * i - 1]) == 0.5f, tt::tolerance(1e-6f));
  const Array<float> point = resampled(rows({{2, 1}, {2, 1}}), 4);
  for (std::int64_t i = 0; i < 4; ++i) BOOST_TEST((point[2 * i] == 2 && point[2 * i + 1] == 1));
  BOOST_CHECK_THROW(resampled(rows({{2, 1}}), 4), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_straight_line_is_smooth_and_a_parabola_has_its_second_difference) {
  const std::vector<Joint> joints{{"line", {0, 1}}, {"parabola", {2}}};
  std::vector<double> movement;
  for (int t = 0; t < 20; ++t)
    for (const double angle : {3.0 * t, 5 - 0.5 * t, 0.25 * t * t}) movement.push_back(angle);
  const Smoothness s = smoothness(movement, joints);
  BOOST_TEST(std::abs(s.per_joint[0]) < 1e-12);
  BOOST_TEST(s.per_joint[1] == 0.5, tt::tolerance(1e-12));
  const double last = 0.25 * (19 * 19 - 18 * 18);
  BOOST_TEST(s.largest_step == std::sqrt((9 + 0.25 + last * last) / 3), tt::tolerance(1e-12));
  BOOST_CHECK_THROW(smoothness(std::span(movement).first(6), joints), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_joint_s_smoothness_is_the_root_mean_square_over_its_angles) {
  const std::vector<Joint> joints{{"both", {0, 1}}};
  const std::vector<double> movement{0, 0, 1, 2, 0, 0};  // second differences -2 and -4
  BOOST_TEST(smoothness(movement, joints).per_joint[0] == std::sqrt(10.0), tt::tolerance(1e-12));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(separations)

// n frames of each of three motions, a second apart, posteriors of deviation 1 around the motion's place.
FrameCodes three_motions(std::int64_t n, double between) {
  Array<float> mean({3 * n, 2});
  FrameCodes codes{{}, {}, {}};
  Stream stream(3, "codes");
  const Array<float> noise = stream.normal<float>({3 * n, 2});
  for (std::int64_t i = 0; i < 3 * n; ++i) {
    mean.mutable_data()[2 * i] = 0.1f * noise[2 * i] + static_cast<float>(between * static_cast<double>(i / n));
    mean.mutable_data()[2 * i + 1] = 0.1f * noise[2 * i + 1];
    codes.motion.push_back(static_cast<std::size_t>(i / n));
    codes.seconds.push_back(static_cast<double>(i % n));
  }
  codes.q = {Var<float>(mean), Var<float>(Array<float>::zeros({3 * n, 2}))};
  return codes;
}
Array<float> one_draw(const FrameCodes& codes) { return codes.q.sample(Var<float>(Stream(5, "draw").normal<float>(codes.q.mean.shape()))).value(); }

BOOST_AUTO_TEST_CASE(far_apart_is_separate_and_one_place_is_chance) {
  const FrameCodes far = three_motions(100, 50), same = three_motions(100, 0);
  const Separation separate = separation(far, one_draw(far), Stream(1, "deals"));
  BOOST_TEST(separate.overlap_accuracy == 1);
  BOOST_TEST(separate.neighbour_accuracy == 1);
  BOOST_TEST(separate.chance == 1.0 / 3, tt::tolerance(0.2));
  const Separation mixed = separation(same, one_draw(same), Stream(1, "deals"));
  BOOST_TEST(std::abs(mixed.overlap_accuracy - 1.0 / 3) < 0.12);  // four standard deviations of 300 answers
  BOOST_TEST(std::abs(mixed.chance - 1.0 / 3) < 6 * mixed.chance_sd / std::sqrt(20.0));
}

BOOST_AUTO_TEST_CASE(between_the_two_it_is_the_error_of_normals_that_overlap) {
  // Two neighbours at distance b: right below or above b/2. Of three in a row: Phi(b/2) at the ends, 2 Phi(b/2) - 1 in the middle.
  const double b = 2;
  const FrameCodes codes = three_motions(1500, b);
  const double phi = 0.5 * std::erfc(-b / 2 / std::sqrt(2.0)), expected = (2 * phi + 2 * phi - 1) / 3;
  BOOST_TEST(std::abs(separation(codes, one_draw(codes), Stream(1, "deals"), 2).overlap_accuracy - expected) < 0.03);
}

BOOST_AUTO_TEST_CASE(a_frame_s_own_moment_does_not_vouch_for_it) {
  // Pairs of frames 0.1 s apart at the same place, one pair of motion 0 and one of motion 1 at each of ten places.
  FrameCodes codes{{}, {}, {}};
  std::vector<std::array<float, 2>> places;
  for (int place = 0; place < 10; ++place)
    for (const std::size_t motion : {0u, 1u})
      for (const double later : {0.0, 0.1}) {
        places.push_back({static_cast<float>(10 * place) + (motion ? 0.5f : 0), 0});
        codes.motion.push_back(motion);
        codes.seconds.push_back(place + later);
      }
  const Array<float> mean = rows(places);
  codes.q = {Var<float>(mean), Var<float>(Array<float>::full(mean.shape(), -3))};
  const Separation s = separation(codes, mean, Stream(1, "deals"));
  BOOST_TEST(s.neighbour_accuracy == 0);
  BOOST_TEST(s.overlap_accuracy == 0);
}

BOOST_AUTO_TEST_CASE(the_aggregated_posterior_is_the_mixture_of_the_posteriors) {
  const Array<float> mean = rows({{0, 0}, {1, -2}}), log_scale = rows({{0, 0.5f}, {-0.3f, 0.2f}}), z = rows({{0.4f, 0.1f}});
  const FrameCodes codes{{Var<float>(mean), Var<float>(log_scale)}, {0, 1}, {0, 0}};
  double density = 0;
  for (std::int64_t j = 0; j < 2; ++j) {
    double factor = 0.5;
    for (std::int64_t axis = 0; axis < 2; ++axis) {
      const double s = std::exp(static_cast<double>(log_scale[2 * j + axis]));
      factor *= std::exp(-0.5 * std::pow((z[axis] - mean[2 * j + axis]) / s, 2)) / (s * std::sqrt(2 * std::numbers::pi));
    }
    density += factor;
  }
  BOOST_TEST(log_aggregated_posterior(codes, z)[0] == std::log(density), tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(vamp_prior)

constexpr std::int64_t n_x = 6, d = 2, batch = 4;
using Small = Vhp<FirstLayer<double>, VampPrior<double>>;

Var<double> normal(const Shape& shape, const char* purpose) { return Var<double>(Stream(1, purpose).normal<double>(shape)); }
// Biases as random as weights: with zeros a unit whose inputs are all silent would sit on ReLU's kink.
Small small(std::int64_t P) {
  Small model{FirstLayer<double>(n_x, d, Widths{5, 4}, 0.3, Stream(1, "first")), {normal({P, n_x}, "u")}};
  Stream stream(7, "biases");
  const auto shaken = [&](const Var<double>& variable) { return variable + Var<double>(stream.normal<double>(variable.shape())) * 0.3; };
  autodiff::for_each_var(model.first, [&](Var<double>& variable) { variable = shaken(variable); });
  return model;
}

BOOST_AUTO_TEST_CASE(one_pseudo_input_equal_to_x_gives_the_posterior_itself) {
  Small model = small(1);
  const Var<double> x = normal({1, n_x}, "x"), epsilon = normal({1, d}, "z");
  model.second.u = x;
  const Normal<double> q = model.first.q(x);
  const Var<double> z = q.sample(epsilon);
  BOOST_TEST(log_vamp_prior(model, z).value()[0] == q.log_prob(z).value()[0], tt::tolerance(1e-12));
  BOOST_TEST(std::abs(terms(model, x, Noise<double>{epsilon, {}}, PriorBound::importance_weighted).divergence.value()[0]) < 1e-12);
}

BOOST_AUTO_TEST_CASE(it_is_the_uniform_mixture_of_its_components) {
  const Small model = small(3);
  const Var<double> z = normal({batch, d}, "z");
  const Var<double> mixture = log_vamp_prior(model, z);
  for (std::int64_t i = 0; i < batch; ++i) {
    double density = 0;
    for (std::int64_t k = 0; k < 3; ++k)
      density += std::exp(model.first.q(slice(model.second.u, 0, k, 1)).log_prob(slice(z, 0, i, 1)).item()) / 3;
    BOOST_TEST(mixture.value()[i] == std::log(density), tt::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(the_objective_agrees_with_differences_in_every_block) {
  const Var<double> x = normal({batch, n_x}, "x");
  const Noise<double> epsilon{normal({batch, d}, "z"), normal({1, batch, d}, "zeta")};
  for (const double beta : {0.1, 1.0}) {
    const auto check = autodiff::check_gradients(
        [&](const Small& m) { return lagrangian(terms(m, x, epsilon, PriorBound::importance_weighted), beta); }, small(3), 1);
    BOOST_TEST(check.passed(), check.where);
  }
}

BOOST_AUTO_TEST_CASE(a_step_moves_the_pseudo_inputs_too) {
  Small model = small(3);
  const Array<double> before = model.second.u.value().copy();
  const ScheduleSettings warm_up{.method = Method::warm_up, .warm_up_steps = 2};
  Trainer<double, FirstLayer<double>, VampPrior<double>> trainer(model, warm_up, PriorBound::importance_weighted, 1e-2);
  const Var<double> x = normal({batch, n_x}, "x");
  double first = 0, last = 0;
  for (int t = 0; t < 60; ++t) {
    const StepValues values = trainer.step(x, Noise<double>{normal({batch, d}, "z"), {}});
    if (t == 2) first = values.divergence - values.log_likelihood;
    last = values.divergence - values.log_likelihood;
  }
  BOOST_TEST(trainer.schedule().beta == 1);
  BOOST_TEST(last < first);
  for (std::int64_t i = 0; i < before.size(); ++i) BOOST_TEST(model.second.u.value()[i] != before[i]);
}

BOOST_AUTO_TEST_CASE(draws_have_the_mixture_s_mean_and_variance) {
  Vhp<FirstLayer<float>, VampPrior<float>> model{FirstLayer<float>(n_x, d, Widths{5, 4}, 0.3, Stream(1, "first")),
                                                 {Var<float>(Stream(1, "u").normal<float>({3, n_x}))}};
  const Normal<float> components = model.first.q(model.second.u);
  constexpr std::int64_t n = 40'000;
  const Array<float> draws = sample_prior(model, n, Stream(9, "draws"));
  for (std::int64_t axis = 0; axis < d; ++axis) {
    double mean = 0, second = 0;
    for (std::int64_t k = 0; k < 3; ++k) {
      const double m = components.mean.value()[2 * k + axis], s = std::exp(components.log_scale.value()[2 * k + axis]);
      mean += m / 3;
      second += (m * m + s * s) / 3;
    }
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += draws[2 * i + axis] / double{n}, squares += std::pow(draws[2 * i + axis], 2) / double{n};
    const double variance = second - mean * mean;
    BOOST_TEST(std::abs(sum - mean) < 5 * std::sqrt(variance / n));
    BOOST_TEST(squares - sum * sum == variance, tt::tolerance(0.05));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(impossible_settings_are_refused_in_a_line) {
  for (const experiments::Profile profile : {experiments::Profile::smoke, experiments::Profile::quick, experiments::Profile::paper})
    for (const experiments::Cell& cell : motion_cells(profile)) BOOST_CHECK_NO_THROW(check_motion_settings(cell.settings));
  const auto refused = [](const char* name, const experiments::Value& value, const std::string& message) {
    experiments::Settings settings = motion_cells(experiments::Profile::paper).front().settings;
    settings.set(name, value);
    BOOST_CHECK_EXCEPTION(
        (check_motion_settings(settings), scaling_of(settings)), tensors::Failure, [&](const tensors::Failure& failure) {
          return failure.status() == tensors::Exit::usage && std::string(failure.what()).find(message) != std::string::npos;
        });
  };
  refused("method", std::string("geco"), "method \"geco\" is none of vhp, vampprior, iwae");
  refused("scaling", std::string("none"), "scaling \"none\" is none of half_turn, range, deviation");
  refused("n_frames", std::int64_t{6000}, "n_frames = 6000 is outside 60..5088");
  refused("path_points", std::int64_t{2}, "path_points = 2 is outside 3..100000");
  refused("kappa", 0.0, "kappa = 0 is not above 0");
  refused("alpha", 1.0, "alpha = 1 is not in [0, 1)");
  refused("beta_0", -0.1, "beta_0 = -0.1 is not in (0, 1]");
  refused("warm_up_epochs", std::int64_t{-1}, "warm_up_epochs = -1 is below 0");
}
