// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/xml.h"

namespace tocsin::explain::detail {
namespace {
using testing::ElementsAre;

TEST(SvgText, IsEscapedOnce) { EXPECT_EQ(xml_text("<a href=\"x\">'&amp;'"), "&lt;a href=&quot;x&quot;&gt;&apos;&amp;amp;&apos;"); }
TEST(SvgText, ShowsWhatXmlForbids) {
  EXPECT_EQ(xml_text(std::string("a\0b\x1b\n", 5)), "a\\x00b\\x1b\\x0a");
  EXPECT_EQ(xml_text("\xff\xe2\x80\xae\xef\xbf\xbf"), "\\xff\\u{202e}\\u{ffff}");
  EXPECT_EQ(xml_text("\u00fc \u20ac"), "\u00fc \u20ac");
}
TEST(SvgText, EndsAtALimit) { EXPECT_EQ(xml_text("a long name", 6), "a long..."); }

TEST(Base64, IsTheOneOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xff\xef\xbe"), "/+++");
}
TEST(SvgNumbers, AreShort) {
  EXPECT_EQ(pixels(12), "12");
  EXPECT_EQ(pixels(-22.5), "-22.5");
  EXPECT_EQ(pixels(100), "100");
  EXPECT_EQ(pixels(-0.001), "0");
  EXPECT_EQ(pixels(1.0 / 3), "0.33");
}
TEST(SvgLines, BreakAtBlanks) {
  EXPECT_THAT(wrapped("aa bb  cc dddddddddddddddd e", text_width("aa bb", 10), 10),
              ElementsAre("aa bb", "cc", "dddddddddddddddd", "e"));
  EXPECT_THAT(wrapped("", 100, 10), ElementsAre());
}
TEST(SvgDocument, IsWellFormedWhateverTheTexts) {
  Svg svg;
  svg.text(1, 2, "</text>\x01 & <g>", {.size = 9, .anchor = "end", .color = "#123456", .bold = true, .turn = 3});
  svg.line(0, 0, 1, 1, kRule, 1, "4 3");
  svg.circle(1, 1, 1, "#ffffff", kInk, 0.5);
  svg.image(0, 0, 1, 1, "png");
  const std::string document = svg.document(10.2, 20, "a & b");
  support::XmlCheck check(document);
  EXPECT_EQ(check.run(), "well-formed");
  EXPECT_THAT(check.texts("text"), ElementsAre("</text>\\x01 & <g>"));
  EXPECT_THAT(check.texts("title"), ElementsAre("a & b"));
  EXPECT_NE(document.find(R"(width="11" height="20" viewBox="0 0 11 20")"), std::string::npos);
}
TEST(XmlCheck, FindsWhatIsNotWellFormed) {
  EXPECT_EQ(support::XmlCheck("<a><b></a>").run(), "offset 9: </a> closes nothing");
  EXPECT_EQ(support::XmlCheck("<a>").run(), "offset 3: <a> is never closed");
  EXPECT_EQ(support::XmlCheck("<a/><b/>").run(), "offset 8: 2 roots");
  EXPECT_EQ(support::XmlCheck("<a>&nbsp;</a>").run(), "offset 3: an unknown entity");
  EXPECT_EQ(support::XmlCheck("<a x=\"1\" x=\"2\"/>").run(), "offset 10: an attribute twice");
  EXPECT_EQ(support::XmlCheck("<a x=1/>").run(), "offset 4: an attribute without a quoted value");
}

}  // namespace
}  // namespace tocsin::explain::detail
