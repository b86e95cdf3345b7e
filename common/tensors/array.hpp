// Array<T>: a dense row-major array over a pooled, reference-counted buffer.
//
// Copying an Array shares its buffer. Operations never write into their arguments, so sharing is safe; the two
// exceptions say so in their names: `mutable_data` (only for a sole owner) and `data_for_update` (parameters).
#pragma once

#include "common/tensors/pool.hpp"
#include "common/tensors/shape.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace tensors {

template <class T>
class Array {
 public:
  Array() : shape_{0} {}  // no elements

  // Uninitialised elements.
  explicit Array(const Shape& shape)
      : shape_(shape),
        buffer_(acquire_buffer(bytes_for(shape, sizeof(T)))),
        data_(static_cast<T*>(buffer_->elements())) {}

  Array(const Shape& shape, std::initializer_list<T> elements) : Array(shape) { fill_from(elements.begin(), elements.size()); }
  Array(const Shape& shape, std::span<const T> elements) : Array(shape) { fill_from(elements.data(), elements.size()); }

  static Array full(const Shape& shape, T value) {
    Array result(shape);
    std::fill_n(result.data_, result.size(), value);
    return result;
  }
  static Array zeros(const Shape& shape) { return full(shape, T(0)); }
  static Array scalar(T value) { return full(Shape{}, value); }

  Array(const Array& other) : shape_(other.shape_), buffer_(other.buffer_), data_(other.data_) {
    if (buffer_) ++buffer_->owners;
  }
  Array(Array&& other) noexcept
      : shape_(other.shape_), buffer_(std::exchange(other.buffer_, nullptr)), data_(std::exchange(other.data_, nullptr)) {
    other.shape_ = Shape{0};
  }
  Array& operator=(Array other) noexcept {
    std::swap(shape_, other.shape_);
    std::swap(buffer_, other.buffer_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Array() {
    if (buffer_ && --buffer_->owners == 0) release_buffer(buffer_);
  }

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return buffer_ ? shape_.size() : 0; }
  const T* data() const { return data_; }
  std::span<const T> elements() const { return {data_, static_cast<std::size_t>(size())}; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size(); }
  T operator[](std::int64_t flat_index) const { return data_[flat_index]; }

  // The only element of an array of size 1.
  T item() const {
    require(size() == 1, "item: the array has shape {}, not one element", shape_);
    return *data_;
  }

  bool sole_owner() const { return buffer_ && buffer_->owners == 1; }

  // For writing while no other array shares the elements.
  T* mutable_data() {
    require(size() == 0 || sole_owner(), "mutable_data: the elements are shared by {} arrays", buffer_ ? buffer_->owners : 0);
    return data_;
  }

  // For parameters: writes through, and every array that shares the elements sees it.
  T* data_for_update() const { return data_; }

  // The same elements under another shape of equal size.
  Array reshaped(const Shape& shape) const {
    require(shape.size() == size(), "reshape: {} has not the size of {}", shape, shape_);
    Array result = *this;
    result.shape_ = shape;
    return result;
  }

  // `shape.size()` elements from flat position `offset` on, sharing the buffer.
  Array window(std::int64_t offset, const Shape& shape) const {
    require(offset >= 0 && offset + shape.size() <= size(), "window: {} elements at {} of {}", shape.size(), offset, size());
    Array result = *this;
    result.shape_ = shape;
    result.data_ += offset;
    return result;
  }

  Array copy() const { return buffer_ ? Array(shape_, elements()) : Array(); }

 private:
  void fill_from(const T* source, std::size_t count) {
    require(static_cast<std::int64_t>(count) == shape_.size(), "array: {} elements for shape {}", count, shape_);
    std::copy_n(source, count, data_);
  }

  Shape shape_;
  Buffer* buffer_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace tensors
