// SPDX-License-Identifier: Apache-2.0
// Views of [n, d] and their owner: what is seen, what may be written, what does not exist.
#include "tocsin/core/rows.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <new>

#include "support/rows.h"

namespace tocsin {
namespace {

Updates grid(Element element = Element::float32) { return support::rows({{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}, element); }

class EveryElement : public testing::TestWithParam<Element> {};
INSTANTIATE_TEST_SUITE_P(Rows, EveryElement, testing::Values(Element::float32, Element::float64));

TEST_P(EveryElement, BeginsAtZeroAndAligned) {
  const Updates updates(3, 5, GetParam());
  EXPECT_EQ(updates.clients(), 3u);
  EXPECT_EQ(updates.coordinates(), 5u);
  EXPECT_EQ(updates.element(), GetParam());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(updates.rows().row(i), (std::vector<double>(5, 0.0)));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(updates.rows().pointer(i)) % 64, 0u);
  }
}

TEST_P(EveryElement, SlicesRowsAndColumnsOfTheSameNumbers) {
  const Updates updates = grid(GetParam());
  const ConstRows view = updates.rows().columns(1, 4).slice(1, 3).columns(1, 3);
  EXPECT_EQ(view.clients(), 2u);
  EXPECT_EQ(view.coordinates(), 2u);
  EXPECT_EQ(view.row(0), (std::vector<double>{7, 8}));
  EXPECT_EQ(view.row(1), (std::vector<double>{11, 12}));
  EXPECT_EQ(view.at(1, 0), 11);
  const std::size_t size = GetParam() == Element::float32 ? 4 : 8;
  EXPECT_EQ(view.pointer(0), static_cast<const std::byte*>(updates.rows().pointer(1)) + 2 * size);
}

TEST_P(EveryElement, WritesThroughViews) {
  Updates updates = grid(GetParam());
  updates.rows().slice(1, 2).columns(1, 3).assign(0, std::vector<double>{-6, -7});
  EXPECT_EQ(updates.rows().row(1), (std::vector<double>{5, -6, -7, 8}));
  EXPECT_EQ(updates.rows().row(0), (std::vector<double>{1, 2, 3, 4}));
}

TEST_P(EveryElement, CopiesRowsOfEitherElementType) {
  for (const Element other : {Element::float32, Element::float64}) {
    Updates to(1, 4, GetParam());
    const Updates from = grid(other);
    to.rows().assign(0, from.rows(), 2);
    EXPECT_EQ(to.rows().row(0), (std::vector<double>{9, 10, 11, 12}));
  }
}

TEST_P(EveryElement, ListsChosenRowsWithoutCopying) {
  const Updates updates = grid(GetParam());
  const RowList list(updates.rows().columns(2, 4), std::vector<std::size_t>{2, 0, 2});
  EXPECT_EQ(list.view().clients(), 3u);
  EXPECT_EQ(list.view().row(0), (std::vector<double>{11, 12}));
  EXPECT_EQ(list.view().row(1), (std::vector<double>{3, 4}));
  EXPECT_EQ(list.view().pointer(2), list.view().pointer(0));
}

TEST_P(EveryElement, DeepCopiesTheOwner) {
  Updates first = grid(GetParam());
  Updates second = first;
  second.rows().assign(0, std::vector<double>(4, 0.0));
  EXPECT_EQ(first.rows().row(0), (std::vector<double>{1, 2, 3, 4}));
  first = second;
  EXPECT_EQ(first.rows().row(0), (std::vector<double>(4, 0.0)));
  EXPECT_NE(first.rows().pointer(0), second.rows().pointer(0));
  const void* const memory = second.rows().pointer(0);
  const Updates third = std::move(second);
  EXPECT_EQ(third.rows().pointer(0), memory);
}

TEST(Rows, RoundsToTheirOwnElement) {
  Updates single(1, 1), twice(1, 1, Element::float64);
  single.rows().assign(0, std::vector<double>{0.1});
  twice.rows().assign(0, std::vector<double>{0.1});
  EXPECT_EQ(single.rows().at(0, 0), static_cast<double>(0.1f));
  EXPECT_EQ(twice.rows().at(0, 0), 0.1);
}

TEST(Rows, VisitWithTheirElementType) {
  const Updates single(1, 1), twice(1, 1, Element::float64);
  const auto size = [](auto typed) { return sizeof(typed[0][0]); };
  EXPECT_EQ(single.rows().visit(size), 4u);
  EXPECT_EQ(twice.rows().visit(size), 8u);
}

TEST(RowList, TakesAnotherRowAtTheEnd) {
  const Updates updates = grid(), zero(1, 4);
  RowList list(updates.rows(), std::vector<std::size_t>{1});
  list.append(zero.rows(), 0);
  EXPECT_EQ(list.view().clients(), 2u);
  EXPECT_EQ(list.view().row(1), (std::vector<double>(4, 0.0)));
  RowList fresh;
  fresh.append(grid(Element::float64).rows(), 0);
  EXPECT_EQ(fresh.view().element(), Element::float64);
  EXPECT_EQ(fresh.view().coordinates(), 4u);
}

TEST(MutableRowList, WritesIntoTheChosenRows) {
  Updates updates = grid();
  const MutableRowList list(updates.rows(), std::vector<std::size_t>{2});
  list.view().assign(0, std::vector<double>{0, 0, 0, 1});
  EXPECT_EQ(updates.rows().row(2), (std::vector<double>{0, 0, 0, 1}));
}

TEST(Rows, RefuseWhatDoesNotExist) {
  Updates updates = grid();
  const Rows rows = updates.rows();
  const std::vector<double> two(2);
  using support::error_of;
  EXPECT_EQ(error_of([&] { (void)rows.columns(2, 5); }), "columns [2, 5) do not exist: there are 4");
  EXPECT_EQ(error_of([&] { (void)updates.rows().slice(2, 1); }), "rows [2, 1) do not exist: there are 3");
  EXPECT_EQ(error_of([&] { (void)rows.ConstRows::slice(0, 4); }), "rows [0, 4) do not exist: there are 3");
  EXPECT_EQ(error_of([&] { (void)rows.row(3); }), "row 3 does not exist: there are 3");
  EXPECT_EQ(error_of([&] { (void)rows.pointer(3); }), "row 3 does not exist: there are 3");
  EXPECT_EQ(error_of([&] { rows.assign(0, two); }), "row 0 holds 4 coordinates, got 2");
  EXPECT_EQ(error_of([&] { rows.assign(0, rows.columns(0, 2), 1); }), "row 0 holds 4 coordinates, got 2");
  EXPECT_EQ(error_of([&] { rows.assign(0, rows, 3); }), "row 3 does not exist: there are 3");
  EXPECT_EQ(error_of([&] { RowList(rows, std::vector<std::size_t>{0, 3}); }), "row 3 does not exist: there are 3");
  RowList list(rows, std::vector<std::size_t>{0});
  EXPECT_EQ(error_of([&] { list.append(rows.columns(0, 2), 0); }), "a row of 2 coordinates cannot join rows of 4");
  EXPECT_EQ(error_of([&] { list.append(grid(Element::float64).rows(), 0); }),
            "a row of another element type cannot join a list of rows");
}

TEST(Rows, MayBeEmpty) {
  EXPECT_TRUE(ConstRows().empty());
  EXPECT_EQ(ConstRows().slice(0, 0).clients(), 0u);
  const Updates no_rows(0, 5), no_columns(2, 0);
  EXPECT_TRUE(no_rows.rows().empty());
  EXPECT_EQ(no_rows.rows().coordinates(), 5u);
  EXPECT_EQ(no_columns.rows().row(1), std::vector<double>());
}

TEST(Updates, RefuseASizeBeyondTheAddressSpace) {
  const std::size_t huge = std::size_t{1} << 40;
  EXPECT_THROW(Updates(huge, huge), std::bad_alloc);
  EXPECT_THROW(Updates(1, ~std::size_t{0}), std::bad_alloc);
}

}  // namespace
}  // namespace tocsin
