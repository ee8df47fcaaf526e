// SPDX-License-Identifier: Apache-2.0
// The list of a family, and the options of an entry by asking its `make`.
#include "tocsin/core/registry.h"

#include <gtest/gtest.h>

#include <array>

namespace tocsin {
namespace {

struct Thing {
  struct Facts {
    bool loud = false;
  };
  std::size_t keep = 0;
};

constexpr Entry<Thing> kFirst{
    .name = "first", .summary = "one", .paper = "none", .facts = {.loud = true}, .make = [](Options& options) {
      auto thing = std::make_unique<Thing>();
      thing->keep = options.count("keep", {.fallback = 3, .at_least = 1, .help = "how many"});
      return thing;
    }};
constexpr Entry<Thing> kSecond{.name = "second", .summary = "two", .paper = "none", .make = [](Options& options) {
                                 (void)options.text("path", {.fallback = {}, .help = "where"});
                                 return std::make_unique<Thing>();
                               }};
constexpr std::array<const Entry<Thing>*, 2> kEntries{&kFirst, &kSecond};

TEST(Registry, ListsEntriesInOrderAndFindsThem) {
  const Registry<Thing> things{kEntries};
  EXPECT_EQ(things.size(), 2u);
  EXPECT_EQ(things.names(), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(things.find("second"), &kSecond);
  EXPECT_EQ(things.find("Second"), nullptr);
  EXPECT_TRUE(things.find("first")->facts.loud);
  std::vector<std::string_view> seen;
  for (const Entry<Thing>* entry : things) seen.push_back(entry->name);
  EXPECT_EQ(seen, (std::vector<std::string_view>{"first", "second"}));
}

TEST(Registry, AsksAnEntryForItsOptions) {
  const std::vector<OptionDoc> docs = options_of(kFirst);
  ASSERT_EQ(docs.size(), 1u);
  EXPECT_EQ(docs[0].key, "keep");
  EXPECT_EQ(docs[0].type, "count");
  EXPECT_EQ(docs[0].fallback, "3");
  EXPECT_EQ(docs[0].range, ">= 1");
  EXPECT_EQ(docs[0].help, "how many");
  EXPECT_EQ(options_of(kSecond)[0].fallback, "");  // required, and asking for it is no fault
}

TEST(Status, HasAWord) {
  EXPECT_EQ(text(Status::verified), "verified");
  EXPECT_EQ(text(Status::reproduces_paper), "reproduces_paper");
  EXPECT_EQ(text(Status::lightly_tested), "lightly_tested");
  EXPECT_EQ(text(Status::known_problem), "known_problem");
}

}  // namespace
}  // namespace tocsin
