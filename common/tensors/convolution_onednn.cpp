// Convolutions by oneDNN. It is fast only on its own blocked layouts: operands are brought into the layout that it
// chooses for a geometry, and the result out of it, through buffers of the pool.
#include "common/tensors/convolution_kernels.hpp"

#include <oneapi/dnnl/dnnl.hpp>

#include <omp.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tensors {
namespace {

using dnnl::memory;
using dnnl::prop_kind;

enum class Which : std::int64_t { output, data, weight };

memory::desc described(const memory::dims& extents, memory::format_tag layout) { return {extents, memory::data_type::f32, layout}; }

// One operand of a primitive: as its caller has it (row-major), and as the primitive wants it.
class Operand {
 public:
  Operand(const dnnl::engine& engine, int argument, const memory::desc& wanted, bool is_result)
      : argument_(argument),
        is_result_(is_result),
        plain_(described(wanted.dims(), memory::format_tag::abcd), engine, nullptr),
        wanted_(wanted, engine, nullptr) {
    if (plain_.get_desc() == wanted) return;
    reorder_ = is_result ? dnnl::reorder(wanted_, plain_) : dnnl::reorder(plain_, wanted_);
  }

  int argument() const { return argument_; }

  // The operand for one execution; the caller's array is only written where it is the result.
  memory& enter(const dnnl::stream& stream, const float* caller_data) {
    plain_.set_data_handle(const_cast<float*>(caller_data));
    if (!reorder_) return plain_;
    scratch_ = Array<float>(Shape{static_cast<std::int64_t>(wanted_.get_desc().get_size() / sizeof(float))});
    wanted_.set_data_handle(scratch_.mutable_data());
    if (!is_result_) reorder_->execute(stream, plain_, wanted_);
    return wanted_;
  }
  void leave(const dnnl::stream& stream) {
    if (reorder_ && is_result_) reorder_->execute(stream, wanted_, plain_);
    scratch_ = Array<float>();
  }

 private:
  int argument_;
  bool is_result_;
  memory plain_, wanted_;
  std::optional<dnnl::reorder> reorder_;
  Array<float> scratch_;
};

class Primitive {
 public:
  Primitive(const dnnl::engine& engine, Which which, const Convolution& c) {
    const auto any = [](std::int64_t outer, std::int64_t channels, const Extents& extents) {
      return described({outer, channels, extents[0], extents[1]}, memory::format_tag::any);
    };
    const auto dims = [](const Extents& extents) { return memory::dims{extents[0], extents[1]}; };
    const memory::desc x = any(c.batch, c.n_in, c.image), w = any(c.n_out, c.n_in, c.kernel), y = any(c.batch, c.n_out, c.output);
    const memory::dims stride = dims(c.geometry.stride), lo = dims(c.geometry.pad_lo);
    // The trailing padding that makes the windows end exactly where they do.
    const auto trailing = [&](std::size_t axis) {
      return (c.output[axis] - 1) * c.geometry.stride[axis] + c.kernel[axis] - c.image[axis] - c.geometry.pad_lo[axis];
    };
    const memory::dims hi{trailing(0), trailing(1)};
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);

    constexpr auto direct = dnnl::algorithm::convolution_direct;
    const dnnl::convolution_forward::primitive_desc forward({prop_kind::forward_training, direct, x, w, y, stride, lo, hi}, attributes, engine);
    const auto use = [&](const auto& description, int argument, const memory::desc& wanted, bool is_result = false) {
      scratchpad_ = description.scratchpad_desc();
      operands_.emplace_back(engine, argument, wanted, is_result);
    };
    switch (which) {
      case Which::output:
        use(forward, DNNL_ARG_SRC, forward.src_desc());
        use(forward, DNNL_ARG_WEIGHTS, forward.weights_desc());
        use(forward, DNNL_ARG_DST, forward.dst_desc(), true);
        primitive_ = dnnl::convolution_forward(forward);
        break;
      case Which::data: {
        const dnnl::convolution_backward_data::primitive_desc backward({direct, x, w, y, stride, lo, hi}, attributes, engine, forward);
        use(backward, DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
        use(backward, DNNL_ARG_WEIGHTS, backward.weights_desc());
        use(backward, DNNL_ARG_DIFF_SRC, backward.diff_src_desc(), true);
        primitive_ = dnnl::convolution_backward_data(backward);
        break;
      }
      case Which::weight: {
        const dnnl::convolution_backward_weights::primitive_desc backward({direct, x, w, y, stride, lo, hi}, attributes, engine, forward);
        use(backward, DNNL_ARG_SRC, backward.src_desc());
        use(backward, DNNL_ARG_DIFF_DST, backward.diff_dst_desc());
        use(backward, DNNL_ARG_DIFF_WEIGHTS, backward.diff_weights_desc(), true);
        primitive_ = dnnl::convolution_backward_weights(backward);
        break;
      }
    }
  }

  void execute(const dnnl::engine& engine, const dnnl::stream& stream, const float* a, const float* b, float* result) {
    Array<float> scratch(Shape{static_cast<std::int64_t>(scratchpad_.get_size() / sizeof(float)) + 1});
    const float* callers[] = {a, b, result};
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SCRATCHPAD, memory(scratchpad_, engine, scratch.mutable_data())}};
    for (std::size_t i = 0; i < operands_.size(); ++i) arguments[operands_[i].argument()] = operands_[i].enter(stream, callers[i]);
    primitive_.execute(stream, arguments);
    for (Operand& operand : operands_) operand.leave(stream);
  }

 private:
  dnnl::primitive primitive_;
  memory::desc scratchpad_;
  std::vector<Operand> operands_;
};

// Everything that belongs to one thread, as the pool does.
class Library {
 public:
  void run(Which which, const Convolution& c, const float* a, const float* b, float* result) {
    const auto& g = c.geometry;
    const Key key{static_cast<std::int64_t>(which), omp_get_max_threads(), c.batch, c.n_in, c.n_out, c.image[0], c.image[1], c.kernel[0], c.kernel[1],
                  g.stride[0], g.stride[1], g.pad_lo[0], g.pad_lo[1], g.pad_hi[0], g.pad_hi[1]};
    auto found = primitives_.find(key);
    if (found == primitives_.end()) found = primitives_.emplace(key, Primitive(engine_, which, c)).first;
    found->second.execute(engine_, stream_, a, b, result);
  }

 private:
  using Key = std::array<std::int64_t, 15>;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::map<Key, Primitive> primitives_;
};

void run(Which which, const Convolution& c, const float* a, const float* b, float* result) {
  thread_local Library library;
  library.run(which, c, a, b, result);
}

// A convolution to one channel with stride 1 is the transposed convolution of one channel by the flipped kernel: what
// oneDNN computes for sixteen channels then becomes what it, or the kernel beside it, computes for one.
bool has_one_channel_dual(const Convolution& c) {
  const auto fits = [&](std::size_t axis) {
    const auto& g = c.geometry;
    return g.stride[axis] == 1 && g.pad_lo[axis] < c.kernel[axis] && g.pad_hi[axis] < c.kernel[axis];
  };
  return c.n_out == 1 && c.n_in > 1 && fits(0) && fits(1);
}

Convolution dual(const Convolution& c) {
  Convolution d{.batch = c.batch, .n_in = 1, .n_out = c.n_in, .image = c.output, .kernel = c.kernel, .output = c.image, .geometry = {}};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    d.geometry.pad_lo[axis] = c.kernel[axis] - 1 - c.geometry.pad_lo[axis];
    d.geometry.pad_hi[axis] = c.kernel[axis] - 1 - c.geometry.pad_hi[axis];
  }
  return d;
}

// Each channel's kernel turned by half a circle; [1, n, kernel] and [n, 1, kernel] are the same elements.
void flip(const Convolution& c, const float* from, float* to) {
  for (std::int64_t channel = 0; channel < c.n_in; ++channel)
    std::reverse_copy(from + channel * c.kernel_size(), from + (channel + 1) * c.kernel_size(), to + channel * c.kernel_size());
}

Array<float> flipped(const Convolution& c, const float* w) {
  Array<float> result(Shape{c.n_in * c.kernel_size()});
  flip(c, w, result.mutable_data());
  return result;
}

}  // namespace

void conv(const Convolution& c, const float* x, const float* w, float* y) {
  if (has_one_channel_dual(c)) return conv_data(dual(c), x, flipped(c, w).data(), y);
  run(Which::output, c, x, w, y);
}

void conv_data(const Convolution& c, const float* y, const float* w, float* x) {
  if (has_one_channel_dual(c)) return conv(dual(c), y, flipped(c, w).data(), x);
  if (c.n_in == 1) return conv_data_to_one_channel(c, y, w, x);
  run(Which::data, c, y, w, x);
}

void conv_weight(const Convolution& c, const float* x, const float* y, float* w) {
  if (!has_one_channel_dual(c)) return run(Which::weight, c, x, y, w);
  Array<float> turned(Shape{c.n_in * c.kernel_size()});
  conv_weight(dual(c), y, x, turned.mutable_data());
  flip(c, turned.data(), w);
}

}  // namespace tensors
