#include "common/datasets/byte_source.hpp"

#include "common/tensors/errors.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace datasets {
namespace {

using tensors::Exit;
using tensors::fail;

// The path, if opening it cannot wait for ever, as a pipe's does.
const std::filesystem::path& regular_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    fail(Exit::data, "{}: cannot be read: {}", path.string(), error ? error.message() : "it is no regular file");
  return path;
}

constexpr int gzip_window_bits = 15 + 16;  // zlib: the largest window, gzip framing only

}  // namespace

struct ByteSource::State {
  explicit State(const std::filesystem::path& path) : file(regular_file(path)), in(file, std::ios::binary) {
    if (!in) fail(Exit::data, "{}: cannot be read; may you read it?", path.string());
    refill();
    gzip = stream.avail_in >= 2 && input[0] == 0x1f && input[1] == 0x8b;
    if (gzip && inflateInit2(&stream, gzip_window_bits) != Z_OK) throw std::runtime_error("zlib: inflateInit2 failed");
  }
  State(const State&) = delete;
  ~State() {
    if (gzip) inflateEnd(&stream);
  }

  void refill() {
    in.read(reinterpret_cast<char*>(input.data()), static_cast<std::streamsize>(input.size()));
    if (in.bad()) fail(Exit::data, "{}: reading failed; is the disk in order?", file.string());
    stream.next_in = input.data();
    stream.avail_in = static_cast<uInt>(in.gcount());
  }

  // Moves what the input has, or the output wants, whichever is less.
  void copy() {
    const uInt count = std::min(stream.avail_in, stream.avail_out);
    std::copy_n(stream.next_in, count, stream.next_out);
    stream.next_in += count, stream.avail_in -= count;
    stream.next_out += count, stream.avail_out -= count;
  }

  void uncompress() {
    if (member_ended) inflateReset(&stream);
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END)
      fail(Exit::data, "{}: the gzip stream is damaged ({}); run ./reproduce data", file.string(),
           stream.msg ? stream.msg : "no reason given");
    member_ended = result == Z_STREAM_END;
  }

  std::filesystem::path file;
  std::ifstream in;
  std::array<Bytef, 1 << 15> input;
  z_stream stream{};
  bool gzip = false;
  bool member_ended = false;  // the last gzip member is complete, its checksum was right
};

ByteSource::ByteSource(const std::filesystem::path& file) : state_(std::make_unique<State>(file)) {}
ByteSource::~ByteSource() = default;

std::size_t ByteSource::read(std::span<std::byte> target) {
  constexpr std::size_t chunk = 1 << 20;  // zlib counts in 32 bits
  std::size_t done = 0;
  z_stream& stream = state_->stream;
  while (done < target.size()) {
    if (stream.avail_in == 0) state_->refill();
    if (stream.avail_in == 0) {
      if (state_->gzip && !state_->member_ended)
        fail(Exit::data, "{}: ends in the middle of its gzip stream; run ./reproduce data", state_->file.string());
      break;
    }
    const std::size_t wanted = std::min(chunk, target.size() - done);
    stream.next_out = reinterpret_cast<Bytef*>(target.data() + done);
    stream.avail_out = static_cast<uInt>(wanted);
    state_->gzip ? state_->uncompress() : state_->copy();
    done += wanted - stream.avail_out;
  }
  return done;
}

}  // namespace datasets
