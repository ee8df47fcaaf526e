// SPDX-License-Identifier: Apache-2.0
// Sorting networks over columns: a vector holds one row's values of several columns, a comparator is a minimum and a maximum.
#include "tocsin/kernels/sorting.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tocsin/kernels/sorting.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tocsin::kernels::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Bits of a float to an integer of the same order, and back: the magnitude bits of negative values are turned over.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V OrderKey(D d, V bits) {
  return hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), hn::Set(d, hwy::LimitsMax<hn::TFromD<D>>())));
}

/// keys[i * 64 + c] of the tile; columns beyond `count` become 0.
template <class T, class Key>
void LoadKeys(TypedRows<const T> rows, std::size_t begin, std::size_t count, Key* HWY_RESTRICT keys) {
  const hn::CappedTag<T, kSortedColumns> d;
  const hn::RebindToSigned<decltype(d)> di;
  const std::size_t lanes = hn::Lanes(d);
  HWY_ALIGN T padded[HWY_MAX_BYTES / sizeof(T)];
  for (std::size_t i = 0; i < rows.clients(); ++i, keys += kSortedColumns) {
    const T* row = rows[i].data() + begin;
    std::size_t c = 0;
    for (; c + lanes <= count; c += lanes) hn::StoreU(OrderKey(di, hn::BitCast(di, hn::LoadU(d, row + c))), di, keys + c);
    if (c == count) continue;
    std::memset(padded, 0, sizeof padded);
    std::memcpy(padded, row + c, (count - c) * sizeof(T));
    hn::StoreU(OrderKey(di, hn::BitCast(di, hn::Load(d, padded))), di, keys + c);
  }
}

/// Keys of the wanted positions back to values.
template <class T, class Key>
HWY_INLINE void StoreValues(const Network& network, const Key* keys, std::size_t count, T* HWY_RESTRICT out) {
  const hn::CappedTag<T, kSortedColumns> d;
  const hn::RebindToSigned<decltype(d)> di;
  for (std::size_t p = network.first(); p <= network.last(); ++p, out += kSortedColumns)
    for (std::size_t c = 0; c < count; c += hn::Lanes(d))
      hn::StoreU(hn::BitCast(d, OrderKey(di, hn::LoadU(di, keys + p * kSortedColumns + c))), d, out + c);
}

template <class T, class Key>
void SortedTile(const Network& network, TypedRows<const T> rows, std::size_t begin, std::size_t count, Key* HWY_RESTRICT keys,
                T* HWY_RESTRICT out) {
  const hn::CappedTag<Key, kSortedColumns> d;
  LoadKeys(rows, begin, count, keys);
  for (const Comparator& comparator : network.comparators()) {
    Key* low = keys + comparator.low * kSortedColumns;
    Key* high = keys + comparator.high * kSortedColumns;
    for (std::size_t c = 0; c < count; c += hn::Lanes(d)) {
      const auto a = hn::LoadU(d, low + c), b = hn::LoadU(d, high + c);
      hn::StoreU(hn::Min(a, b), d, low + c);
      hn::StoreU(hn::Max(a, b), d, high + c);
    }
  }
  StoreValues(network, keys, count, out);
}

template <class T, class Key>
void SortedTileWithRows(const Network& network, TypedRows<const T> rows, std::size_t begin, std::size_t count,
                        Key* HWY_RESTRICT keys, T* HWY_RESTRICT out, Key* HWY_RESTRICT owners) {
  const hn::CappedTag<Key, kSortedColumns> d;
  LoadKeys(rows, begin, count, keys);
  for (std::size_t i = 0; i < rows.clients(); ++i)
    for (std::size_t c = 0; c < count; c += hn::Lanes(d))
      hn::StoreU(hn::Set(d, static_cast<Key>(i)), d, owners + i * kSortedColumns + c);
  for (const Comparator& comparator : network.comparators()) {
    const std::size_t low = comparator.low * kSortedColumns, high = comparator.high * kSortedColumns;
    for (std::size_t c = 0; c < count; c += hn::Lanes(d)) {
      const auto a = hn::LoadU(d, keys + low + c), b = hn::LoadU(d, keys + high + c);
      const auto owner_a = hn::LoadU(d, owners + low + c), owner_b = hn::LoadU(d, owners + high + c);
      const auto swap = hn::Gt(a, b);
      hn::StoreU(hn::IfThenElse(swap, b, a), d, keys + low + c);
      hn::StoreU(hn::IfThenElse(swap, a, b), d, keys + high + c);
      hn::StoreU(hn::IfThenElse(swap, owner_b, owner_a), d, owners + low + c);
      hn::StoreU(hn::IfThenElse(swap, owner_a, owner_b), d, owners + high + c);
    }
  }
  StoreValues(network, keys, count, out);
}

template <class T>
void CountOwners(TypedRows<const T> rows, std::size_t begin, std::size_t count, const T* HWY_RESTRICT wanted,
                 std::span<const unsigned char> counts, std::uint64_t* HWY_RESTRICT owners) {
  const hn::CappedTag<T, kSortedColumns> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + lanes <= count; c += lanes) {
    const auto value = hn::LoadU(d, wanted + c);
    auto found = hn::Ne(value, value);  // none yet: values are finite
    for (std::size_t i = 0; i < rows.clients() && !hn::AllTrue(d, found); ++i) {
      if (counts[i] == 0) continue;
      const auto equal = hn::Eq(value, hn::LoadU(d, rows[i].data() + begin + c));
      owners[i] += hn::CountTrue(d, hn::AndNot(found, equal));
      found = hn::Or(found, equal);
    }
  }
  for (; c < count; ++c)
    for (std::size_t i = 0; i < rows.clients(); ++i)
      if (counts[i] != 0 && rows[i][begin + c] == wanted[c]) {
        ++owners[i];
        break;
      }
}

void SortedFloat(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count, std::int32_t* keys,
                 float* out) {
  SortedTile<float, std::int32_t>(network, rows, begin, count, keys, out);
}
void SortedRowsFloat(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count, std::int32_t* keys,
                     float* out, std::int32_t* owners) {
  SortedTileWithRows<float, std::int32_t>(network, rows, begin, count, keys, out, owners);
}
void OwnersFloat(TypedRows<const float> rows, std::size_t begin, std::size_t count, const float* wanted,
                 std::span<const unsigned char> counts, std::uint64_t* owners) {
  CountOwners<float>(rows, begin, count, wanted, counts, owners);
}
void SortedDouble(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count, std::int64_t* keys,
                  double* out) {
  SortedTile<double, std::int64_t>(network, rows, begin, count, keys, out);
}
void SortedRowsDouble(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count,
                      std::int64_t* keys, double* out, std::int64_t* owners) {
  SortedTileWithRows<double, std::int64_t>(network, rows, begin, count, keys, out, owners);
}
void OwnersDouble(TypedRows<const double> rows, std::size_t begin, std::size_t count, const double* wanted,
                  std::span<const unsigned char> counts, std::uint64_t* owners) {
  CountOwners<double>(rows, begin, count, wanted, counts, owners);
}

}  // namespace HWY_NAMESPACE
}  // namespace tocsin::kernels::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tocsin::kernels::detail {
HWY_EXPORT(SortedFloat);
HWY_EXPORT(SortedDouble);
HWY_EXPORT(SortedRowsFloat);
HWY_EXPORT(SortedRowsDouble);
HWY_EXPORT(OwnersFloat);
HWY_EXPORT(OwnersDouble);

Network::Network(std::size_t wires, std::size_t first, std::size_t last) : wires_(wires), first_(first), last_(last) {
  std::size_t top = 1;
  while (top * 2 < wires) top *= 2;
  for (std::size_t p = wires < 2 ? 0 : top; p > 0; p /= 2)
    for (std::size_t q = top, r = 0, step = p; step > 0; step = q > p ? q - p : 0, q /= 2, r = p) {
      for (std::size_t i = 0; i + step < wires; ++i)
        if ((i & p) == r) comparators_.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + step)});
    }

  std::vector<bool> wanted(wires, false);
  for (std::size_t position = first; position <= last; ++position) wanted[position] = true;
  std::vector<Comparator> kept;
  for (auto comparator = comparators_.rbegin(); comparator != comparators_.rend(); ++comparator) {
    if (!wanted[comparator->low] && !wanted[comparator->high]) continue;
    wanted[comparator->low] = wanted[comparator->high] = true;
    kept.push_back(*comparator);
  }
  comparators_.assign(kept.rbegin(), kept.rend());
}

void sorted_tile(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count, std::int32_t* scratch,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(SortedFloat)(network, rows, begin, count, scratch, out);
}
void sorted_tile(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count, std::int64_t* scratch,
                 double* out) {
  HWY_DYNAMIC_DISPATCH(SortedDouble)(network, rows, begin, count, scratch, out);
}
void sorted_tile_with_rows(const Network& network, TypedRows<const float> rows, std::size_t begin, std::size_t count,
                           std::int32_t* scratch, float* out, std::int32_t* owners) {
  HWY_DYNAMIC_DISPATCH(SortedRowsFloat)(network, rows, begin, count, scratch, out, owners);
}
void sorted_tile_with_rows(const Network& network, TypedRows<const double> rows, std::size_t begin, std::size_t count,
                           std::int64_t* scratch, double* out, std::int64_t* owners) {
  HWY_DYNAMIC_DISPATCH(SortedRowsDouble)(network, rows, begin, count, scratch, out, owners);
}
void count_owners(TypedRows<const float> rows, std::size_t begin, std::size_t count, const float* wanted,
                  std::span<const unsigned char> counts, std::uint64_t* owners) {
  HWY_DYNAMIC_DISPATCH(OwnersFloat)(rows, begin, count, wanted, counts, owners);
}
void count_owners(TypedRows<const double> rows, std::size_t begin, std::size_t count, const double* wanted,
                  std::span<const unsigned char> counts, std::uint64_t* owners) {
  HWY_DYNAMIC_DISPATCH(OwnersDouble)(rows, begin, count, wanted, counts, owners);
}

}  // namespace tocsin::kernels::detail
#endif  // HWY_ONCE
