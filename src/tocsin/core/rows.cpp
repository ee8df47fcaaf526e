// SPDX-License-Identifier: Apache-2.0
// Views and owner of the [n, d] matrix: slicing moves pointers and offsets, only `assign` and copies touch numbers.
#include "tocsin/core/rows.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace tocsin {
namespace {
constexpr std::size_t kAlignment = 64;

std::size_t size_of(Element element) { return element == Element::float32 ? sizeof(float) : sizeof(double); }
}  // namespace

ConstRows ConstRows::columns(std::size_t begin, std::size_t end) const {
  require(begin <= end && end <= coordinates_, "columns [{}, {}) do not exist: there are {}", begin, end, coordinates_);
  return {rows_, clients_, first_ + begin, end - begin, element_};
}

ConstRows ConstRows::slice(std::size_t begin, std::size_t end) const {
  require(begin <= end && end <= clients_, "rows [{}, {}) do not exist: there are {}", begin, end, clients_);
  return {rows_ + begin, end - begin, first_, coordinates_, element_};
}

std::vector<double> ConstRows::row(std::size_t i) const {
  require(i < clients_, "row {} does not exist: there are {}", i, clients_);
  return visit([&](auto typed) { return std::vector<double>(typed[i].begin(), typed[i].end()); });
}

const void* ConstRows::pointer(std::size_t i) const {
  require(i < clients_, "row {} does not exist: there are {}", i, clients_);
  return static_cast<const std::byte*>(rows_[i]) + first_ * size_of(element_);
}

Rows Rows::columns(std::size_t begin, std::size_t end) const {
  require(begin <= end && end <= coordinates_, "columns [{}, {}) do not exist: there are {}", begin, end, coordinates_);
  return {rows_, clients_, first_ + begin, end - begin, element_};
}

Rows Rows::slice(std::size_t begin, std::size_t end) const {
  require(begin <= end && end <= clients_, "rows [{}, {}) do not exist: there are {}", begin, end, clients_);
  return {rows_ + begin, end - begin, first_, coordinates_, element_};
}

void Rows::assign(std::size_t i, std::span<const double> values) const {
  require(i < clients_, "row {} does not exist: there are {}", i, clients_);
  require(values.size() == coordinates_, "row {} holds {} coordinates, got {}", i, coordinates_, values.size());
  visit([&]<class T>(TypedRows<T> typed) {
    std::transform(values.begin(), values.end(), typed[i].begin(), [](double x) { return static_cast<T>(x); });
  });
}

void Rows::assign(std::size_t i, ConstRows other, std::size_t j) const {
  require(i < clients_, "row {} does not exist: there are {}", i, clients_);
  require(j < other.clients(), "row {} does not exist: there are {}", j, other.clients());
  require(other.coordinates() == coordinates_, "row {} holds {} coordinates, got {}", i, coordinates_, other.coordinates());
  visit([&]<class T>(TypedRows<T> to) {
    other.visit([&](auto from) {
      std::transform(from[j].begin(), from[j].end(), to[i].begin(), [](auto x) { return static_cast<T>(x); });
    });
  });
}

RowList::RowList(ConstRows rows, std::span<const std::size_t> chosen) : coordinates_(rows.coordinates()), element_(rows.element()) {
  pointers_.reserve(chosen.size());
  for (const std::size_t i : chosen) pointers_.push_back(rows.pointer(i));
}

void RowList::append(ConstRows rows, std::size_t i) {
  if (pointers_.empty()) {
    coordinates_ = rows.coordinates();
    element_ = rows.element();
  }
  require(rows.coordinates() == coordinates_, "a row of {} coordinates cannot join rows of {}", rows.coordinates(), coordinates_);
  require(rows.element() == element_, "a row of another element type cannot join a list of rows");
  pointers_.push_back(rows.pointer(i));
}

void Updates::Free::operator()(void* memory) const { ::operator delete(memory, std::align_val_t(kAlignment)); }

Updates::Updates(std::size_t clients, std::size_t coordinates, Element element) : coordinates_(coordinates), element_(element) {
  const std::size_t per_line = kAlignment / size_of(element);
  std::size_t stride = 0, bytes = 0;
  if (__builtin_add_overflow(coordinates, per_line - 1, &stride) ||
      __builtin_mul_overflow(stride / per_line, kAlignment, &stride) || __builtin_mul_overflow(stride, clients, &bytes) ||
      bytes > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()))
    throw std::bad_alloc();
  pointers_.reserve(clients);
  memory_.reset(::operator new(std::max(bytes, kAlignment), std::align_val_t(kAlignment)));
  std::memset(memory_.get(), 0, bytes);  // also touches every page now, so that memory runs out here and not in a later round
  for (std::size_t i = 0; i < clients; ++i) pointers_.push_back(static_cast<std::byte*>(memory_.get()) + i * stride);
}

Updates::Updates(const Updates& other) : Updates(other.clients(), other.coordinates(), other.element()) {
  for (std::size_t i = 0; i < clients(); ++i)
    std::memcpy(const_cast<void*>(pointers_[i]), other.pointers_[i], coordinates_ * size_of(element_));
}

Updates& Updates::operator=(const Updates& other) {
  if (this != &other) *this = Updates(other);
  return *this;
}

}  // namespace tocsin
