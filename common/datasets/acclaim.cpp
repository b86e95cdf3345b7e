#include "common/datasets/acclaim.hpp"

#include "common/datasets/byte_source.hpp"
#include "common/tensors/errors.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numbers>
#include <string_view>
#include <system_error>

namespace datasets {
namespace {

using Path = std::filesystem::path;
using Matrix = std::array<Vec3, 3>;

constexpr std::array<std::string_view, 6> dof_names{"rx", "ry", "rz", "tx", "ty", "tz"};

// A file as lines of words; lines may end in CRLF.
class Lines {
 public:
  explicit Lines(const Path& file) : file_(file) {
    ByteSource(file).for_each_block(
        [&](std::span<const std::byte> block) { text_.append(reinterpret_cast<const char*>(block.data()), block.size()); });
  }

  // The words of the next line that has any and is no comment; false at the end.
  bool next() {
    words_.clear();
    while (words_.empty() && at_ < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      split(std::string_view(text_).substr(at_, end - at_));
      at_ = end + 1;
      ++line_;
    }
    return !words_.empty();
  }

  const std::vector<std::string_view>& words() const { return words_; }
  std::string_view key() const { return words_.front(); }

  template <class... Args>
  [[noreturn]] void malformed(fmt::format_string<Args...> what, Args&&... args) const {
    tensors::fail(tensors::Exit::data, "{}:{}: {}; run ./reproduce data", file_.string(), line_, fmt::format(what, std::forward<Args>(args)...));
  }

  double number(std::size_t word, std::string_view joint) const {
    if (word >= words_.size()) malformed("joint {}: a number is missing", joint);
    const std::string_view text = words_[word];
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // Out of range may mean too small, such as 1e-320: that is near enough to 0. Too large is infinite here, and refused.
    if (error == std::errc::result_out_of_range) value = std::strtod(std::string(text).c_str(), nullptr);
    if ((error != std::errc() && error != std::errc::result_out_of_range) || end != text.data() + text.size() || !std::isfinite(value))
      malformed("joint {}: \"{}\" is no number", joint, text);
    return value;
  }

 private:
  void split(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    for (std::size_t at = line.find_first_not_of(blanks); at != std::string_view::npos && line[at] != '#'; at = line.find_first_not_of(blanks, at)) {
      const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
      words_.push_back(line.substr(at, end - at));
      at = end;
    }
  }

  Path file_;
  std::string text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0;
  std::vector<std::string_view> words_;
};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

int dof_of(const Lines& lines, std::string_view word, std::string_view joint) {
  const auto found = std::ranges::find(dof_names, lower(word));
  if (found == dof_names.end()) lines.malformed("joint {}: \"{}\" is no degree of freedom", joint, word);
  return static_cast<int>(found - dof_names.begin());
}

Vec3 vector_of(const Lines& lines, std::string_view joint) { return {lines.number(1, joint), lines.number(2, joint), lines.number(3, joint)}; }

void require_xyz(const Lines& lines, std::size_t word, std::string_view joint) {
  if (word >= lines.words().size() || lower(lines.words()[word]) != "xyz") lines.malformed("joint {}: its axis is not of the order XYZ", joint);
}

void read_root(Lines& lines, Bone& root) {
  while (lines.next() && !lines.key().starts_with(':')) {
    if (lines.key() == "order")
      for (std::size_t i = 1; i < lines.words().size(); ++i) root.dof.push_back(dof_of(lines, lines.words()[i], "root"));
    if (lines.key() == "axis") require_xyz(lines, 1, "root");
    if (lines.key() == "orientation") root.axis = vector_of(lines, "root");
  }
}

// One bone, after its "begin".
Bone read_bone(Lines& lines) {
  Bone bone;
  Vec3 direction{};
  double length = 0;
  while (true) {
    if (!lines.next()) lines.malformed("joint {}: the file ends within it", bone.name);
    const auto& words = lines.words();
    if (words[0] == "end") break;
    if (words[0] == "name" && words.size() > 1) bone.name = words[1];
    if (words[0] == "direction") direction = vector_of(lines, bone.name);
    if (words[0] == "length") length = lines.number(1, bone.name);
    if (words[0] == "axis") {
      bone.axis = vector_of(lines, bone.name);
      require_xyz(lines, 4, bone.name);
    }
    if (words[0] == "dof")
      for (std::size_t i = 1; i < words.size(); ++i) {
        bone.dof.push_back(dof_of(lines, words[i], bone.name));
        if (bone.dof.back() > 2) lines.malformed("joint {}: only the root moves", bone.name);
      }
  }
  if (bone.name.empty()) lines.malformed("a joint without a name");
  for (std::size_t i = 0; i < 3; ++i) bone.offset[i] = length * direction[i];
  return bone;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      for (std::size_t k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) t[i][j] = a[j][i];
  return t;
}

// Rotations about x, then y, then z, by degrees.
Matrix rotation(const Vec3& degrees) {
  Matrix result{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double angle = degrees[axis] * std::numbers::pi / 180;
    const std::size_t a = (axis + 1) % 3, b = (axis + 2) % 3;
    Matrix turn{};
    turn[axis][axis] = 1;
    turn[a][a] = turn[b][b] = std::cos(angle);
    turn[b][a] = std::sin(angle);
    turn[a][b] = -turn[b][a];
    result = product(turn, result);
  }
  return result;
}

}  // namespace

std::vector<std::string> Skeleton::channels() const {
  std::vector<std::string> names;
  for (const Bone& bone : bones)
    for (const int dof : bone.dof) names.push_back(bone.name + "." + std::string(dof_names[static_cast<std::size_t>(dof)]));
  return names;
}

Skeleton read_asf(const Path& file) {
  Lines lines(file);
  std::map<std::string, Bone, std::less<>> known;
  known["root"].name = "root";
  std::vector<Bone> ordered;
  std::map<std::string, std::size_t, std::less<>> places;
  const auto place = [&](std::string_view name, std::size_t parent) {
    const auto found = known.find(name);
    if (found == known.end()) lines.malformed("joint {}: stands in the hierarchy and has no bone", name);
    if (!places.emplace(name, ordered.size()).second) lines.malformed("joint {}: stands in the hierarchy twice", name);
    ordered.push_back(found->second);
    ordered.back().parent = parent;
  };
  std::string section;
  bool more = lines.next();
  while (more) {
    if (lines.key().starts_with(':')) section = lines.key();
    if (section == ":root") {
      read_root(lines, known["root"]);  // ends at the next section
      section.clear();
      more = !lines.words().empty();
      continue;
    }
    if (section == ":bonedata" && lines.key() == "begin") {
      Bone bone = read_bone(lines);
      if (!known.emplace(bone.name, bone).second) lines.malformed("joint {}: is described twice", bone.name);
    } else if (section == ":hierarchy" && lines.key() != "begin" && lines.key() != "end" && !lines.key().starts_with(':')) {
      if (places.empty()) place("root", 0);
      const auto parent = places.find(lines.key());
      if (parent == places.end()) lines.malformed("joint {}: stands in the hierarchy before its parent", lines.key());
      for (std::size_t i = 1; i < lines.words().size(); ++i) place(lines.words()[i], parent->second);
    }
    more = lines.next();
  }
  if (ordered.size() < 2) lines.malformed("the skeleton has no hierarchy");
  return {ordered};
}

Motion read_amc(const Path& file, const Skeleton& skeleton) {
  Lines lines(file);
  const std::size_t n_channels = skeleton.channels().size();
  std::map<std::string, std::pair<std::size_t, std::size_t>, std::less<>> where;  // joint -> bone, first channel
  std::size_t first = 0;
  for (std::size_t i = 0; i < skeleton.bones.size(); first += skeleton.bones[i++].dof.size())
    if (!skeleton.bones[i].dof.empty()) where[skeleton.bones[i].name] = {i, first};

  Motion motion;
  std::vector<bool> seen(skeleton.bones.size());
  const auto end_frame = [&] {
    for (const auto& [joint, place] : where)
      if (motion.n_frames > 0 && !seen[place.first]) lines.malformed("joint {}: is missing in frame {}", joint, motion.n_frames);
  };
  while (lines.next()) {
    const auto& words = lines.words();
    if (lines.key().starts_with(':')) continue;
    if (words.size() == 1 && std::ranges::all_of(lines.key(), [](unsigned char c) { return std::isdigit(c); })) {
      end_frame();
      seen.assign(seen.size(), false);
      ++motion.n_frames;
      if (lines.key() != std::to_string(motion.n_frames)) lines.malformed("frame {} stands where frame {} should", lines.key(), motion.n_frames);
      motion.values.resize(motion.values.size() + n_channels);
      continue;
    }
    const auto found = where.find(lines.key());
    if (found == where.end()) lines.malformed("joint {}: the skeleton has none that moves of this name", lines.key());
    const auto [bone, channel] = found->second;
    const std::size_t n = skeleton.bones[bone].dof.size();
    if (motion.n_frames == 0) lines.malformed("joint {}: stands before the first frame", lines.key());
    if (seen[bone]) lines.malformed("joint {}: is given twice in frame {}", lines.key(), motion.n_frames);
    if (words.size() != n + 1) lines.malformed("joint {}: has {} values, not {}", lines.key(), words.size() - 1, n);
    for (std::size_t i = 0; i < n; ++i) motion.values[motion.values.size() - n_channels + channel + i] = lines.number(i + 1, lines.key());
    seen[bone] = true;
  }
  if (motion.n_frames == 0) lines.malformed("the motion has no frame");
  end_frame();
  return motion;
}

std::vector<Vec3> joint_positions(const Skeleton& skeleton, std::span<const double> frame) {
  std::vector<Vec3> ends(skeleton.bones.size());
  std::vector<Matrix> turned(skeleton.bones.size());
  std::size_t channel = 0;
  for (std::size_t i = 0; i < skeleton.bones.size(); ++i) {
    const Bone& bone = skeleton.bones[i];
    Vec3 angles{}, place{};
    for (const int dof : bone.dof) {
      tensors::require(channel < frame.size(), "joint positions: the frame has {} values only", frame.size());
      (dof < 3 ? angles : place)[static_cast<std::size_t>(dof % 3)] = frame[channel++];
    }
    // A bone turns in axes of its own.
    const Matrix axis = rotation(bone.axis), local = product(product(axis, rotation(angles)), transposed(axis));
    turned[i] = i == 0 ? local : product(turned[bone.parent], local);
    for (std::size_t a = 0; a < 3; ++a) {
      ends[i][a] = i == 0 ? place[a] : ends[bone.parent][a];
      for (std::size_t b = 0; b < 3; ++b) ends[i][a] += turned[i][a][b] * bone.offset[b];
    }
  }
  tensors::require(channel == frame.size(), "joint positions: the frame has {} values, the skeleton {}", frame.size(), channel);
  return ends;
}

}  // namespace datasets
