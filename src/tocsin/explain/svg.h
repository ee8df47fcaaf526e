// SPDX-License-Identifier: Apache-2.0
// The parts of an SVG document that the figures share: escaped texts, shapes, embedded images, lines broken at a width. Fonts are
// the viewer's, so widths are estimates, on the generous side.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::explain::detail {

inline constexpr double kMargin = 20;  ///< pixels around a figure
inline constexpr std::string_view kInk = "#222222", kFaint = "#666666", kRule = "#c4c4c4";

/// Text for XML: markup escaped, control and bidi characters and broken UTF-8 made visible; at most `limit` characters, then "...".
std::string xml_text(std::string_view text, std::size_t limit = 4096);
std::string base64(std::string_view bytes);
/// At most two decimals, none that are zero: "12.5".
std::string pixels(double value);

/// Width in pixels of a text in `size` pixels, by classes of characters of a wide font.
double text_width(std::string_view text, double size);
/// The largest width of several.
double widest(const std::vector<std::string>& texts, double size);
/// Lines of at most `width` pixels, broken at blanks; a word alone may be longer.
std::vector<std::string> wrapped(std::string_view paragraph, double width, double size);

struct TextStyle {
  double size = 12;  ///< pixels
  std::string_view anchor = "start";
  std::string_view color = kInk;
  bool bold = false;
  double turn = 0;           ///< degrees, clockwise, about the anchor
  std::size_t limit = 4096;  ///< characters
};

/// A document that grows; y counts downwards.
class Svg {
 public:
  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  /// Lines one below the other, `leading` pixels apart, the first with its baseline at y. Returns the baseline after the last.
  double lines(double x, double y, const std::vector<std::string>& lines, double leading, const TextStyle& style = {});
  void line(double x1, double y1, double x2, double y2, std::string_view color, double width = 1, std::string_view dashes = "");
  void rectangle(double x, double y, double width, double height, std::string_view fill, std::string_view stroke = "none");
  void circle(double x, double y, double radius, std::string_view fill, std::string_view stroke, double opacity = 1);
  /// A PNG file, each of its pixels a sharp square.
  void image(double x, double y, double width, double height, std::string_view png);
  /// A heading above everything, wrapped at `width`. Returns the height that it takes with the room below.
  double heading(std::string_view title, double width);
  /// Paragraphs from y on, wrapped at `width`. Returns where the figure ends.
  double caption(double y, const std::vector<std::string>& paragraphs, double width);
  /// The document, on white.
  [[nodiscard]] std::string document(double width, double height, std::string_view title) const;

 private:
  std::string body_;
};

}  // namespace tocsin::explain::detail
