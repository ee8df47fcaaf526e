// SPDX-License-Identifier: Apache-2.0
// The [n, d] matrix everything revolves around: one row a client, one column a coordinate; a view of it and its owner.
// Simulations store float; files, Python and tests may bring double. The view knows which it is, kernels dispatch once a
// call with `visit`, and a rule is written once and never names the element type. A row list is a list of pointers, so any
// selection of rows (the malicious ones, those not set aside) is a view too and no row is ever copied to select it.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tocsin/core/errors.h"

namespace tocsin {

enum class Element { float32, float64 };

template <class T>
constexpr Element element_of() {
  if constexpr (sizeof(T) == sizeof(float))
    return Element::float32;
  else
    return Element::float64;
}

/// Row pointers with their element type known: what `visit` hands to a kernel. T is (const) float or double.
template <class T>
class TypedRows {
 public:
  TypedRows(const void* const* rows, std::size_t clients, std::size_t first, std::size_t coordinates)
      : rows_(rows), clients_(clients), first_(first), coordinates_(coordinates) {}
  using value_type = T;
  [[nodiscard]] std::size_t clients() const { return clients_; }
  [[nodiscard]] std::size_t coordinates() const { return coordinates_; }
  [[nodiscard]] std::span<T> operator[](std::size_t i) const {
    return {static_cast<T*>(const_cast<void*>(rows_[i])) + first_, coordinates_};
  }

 private:
  const void* const* rows_;
  std::size_t clients_, first_, coordinates_;
};

/// A read-only view of [n, d], float or double. Does not own: the owner must outlive it.
class ConstRows {
 public:
  ConstRows() = default;
  ConstRows(const void* const* rows, std::size_t clients, std::size_t first, std::size_t coordinates, Element element)
      : rows_(rows), clients_(clients), first_(first), coordinates_(coordinates), element_(element) {}

  [[nodiscard]] std::size_t clients() const { return clients_; }          ///< n
  [[nodiscard]] std::size_t coordinates() const { return coordinates_; }  ///< d
  [[nodiscard]] bool empty() const { return clients_ == 0; }
  [[nodiscard]] Element element() const { return element_; }

  /// Calls `use` with TypedRows<const float> or TypedRows<const double>.
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    if (element_ == Element::float32) return use(TypedRows<const float>(rows_, clients_, first_, coordinates_));
    return use(TypedRows<const double>(rows_, clients_, first_, coordinates_));
  }
  /// One element as a double. For tests and small work; kernels use `visit`.
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return visit([&](auto typed) { return static_cast<double>(typed[row][column]); });
  }
  /// Columns [begin, end) of the same rows. Throws std::invalid_argument if they do not exist.
  [[nodiscard]] ConstRows columns(std::size_t begin, std::size_t end) const;
  /// Rows [begin, end). Throws std::invalid_argument if they do not exist.
  [[nodiscard]] ConstRows slice(std::size_t begin, std::size_t end) const;
  /// A row as doubles [d].
  [[nodiscard]] std::vector<double> row(std::size_t i) const;
  /// Where row i begins.
  [[nodiscard]] const void* pointer(std::size_t i) const;

 protected:
  const void* const* rows_ = nullptr;
  std::size_t clients_ = 0, first_ = 0, coordinates_ = 0;
  Element element_ = Element::float32;
};

/// A view of [n, d] that may be written.
class Rows : public ConstRows {
 public:
  using ConstRows::ConstRows;
  /// Calls `use` with TypedRows<float> or TypedRows<double>.
  template <class Use>
  decltype(auto) visit(Use&& use) const {
    if (element_ == Element::float32) return use(TypedRows<float>(rows_, clients_, first_, coordinates_));
    return use(TypedRows<double>(rows_, clients_, first_, coordinates_));
  }
  /// Row i becomes `values` [d], rounded to the rows' own element type.
  void assign(std::size_t i, std::span<const double> values) const;
  /// Row i becomes a copy of row j of `other` (same d; any element type).
  void assign(std::size_t i, ConstRows other, std::size_t j) const;
  [[nodiscard]] Rows columns(std::size_t begin, std::size_t end) const;
  [[nodiscard]] Rows slice(std::size_t begin, std::size_t end) const;
};

/// A chosen list of rows of another matrix: owns the pointers, not the numbers.
class RowList {
 public:
  RowList() = default;
  /// Rows `chosen` of `rows`, in that order. Throws std::invalid_argument if one does not exist.
  RowList(ConstRows rows, std::span<const std::size_t> chosen);
  [[nodiscard]] ConstRows view() const { return {pointers_.data(), pointers_.size(), 0, coordinates_, element_}; }
  /// Another row at the end (same d, same element type): a reference, a zero row.
  void append(ConstRows rows, std::size_t i);

 protected:
  std::vector<const void*> pointers_;
  std::size_t coordinates_ = 0;
  Element element_ = Element::float32;
};

/// As RowList, of rows that may be written.
class MutableRowList : public RowList {
 public:
  MutableRowList(Rows rows, std::span<const std::size_t> chosen) : RowList(rows, chosen) {}
  [[nodiscard]] Rows view() const { return {pointers_.data(), pointers_.size(), 0, coordinates_, element_}; }
};

/// The owner of [n, d], zero at first; rows are 64-byte aligned. Also the owner of single vectors (n = 1).
class Updates {
 public:
  Updates() = default;
  Updates(std::size_t clients, std::size_t coordinates, Element element = Element::float32);
  Updates(const Updates& other);
  Updates& operator=(const Updates& other);
  Updates(Updates&&) noexcept = default;
  Updates& operator=(Updates&&) noexcept = default;
  ~Updates() = default;

  [[nodiscard]] Rows rows() { return {pointers_.data(), pointers_.size(), 0, coordinates_, element_}; }
  [[nodiscard]] ConstRows rows() const { return {pointers_.data(), pointers_.size(), 0, coordinates_, element_}; }
  [[nodiscard]] std::size_t clients() const { return pointers_.size(); }
  [[nodiscard]] std::size_t coordinates() const { return coordinates_; }
  [[nodiscard]] Element element() const { return element_; }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  std::vector<const void*> pointers_;
  std::size_t coordinates_ = 0;
  Element element_ = Element::float32;
};

}  // namespace tocsin
