// SPDX-License-Identifier: Apache-2.0
#include "tocsin/explain/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tocsin/core/errors.h"
#include "tocsin/core/utf8.h"

namespace tocsin::explain::detail {
namespace {
constexpr double kTitleSize = 16, kTitleLeading = 22, kCaptionSize = 12, kCaptionLeading = 17;
constexpr double kLongestLine = 860;  // of a caption: longer ones are hard to follow

/// Width of a character in units of the font size: DejaVu Sans by classes, rounded up; other fonts in use are narrower.
double advance(std::uint32_t code) {
  const auto among = [code](std::string_view set) {
    return code < 0x80 && set.find(static_cast<char>(code)) != std::string_view::npos;
  };
  if (among(" ijl.,:;|!'`I")) return 0.33;
  if (among("frt()[]-/\\\"")) return 0.42;
  if (among("csz_")) return 0.54;
  if (among("mwMW%@=+<>~#")) return 0.95;
  if (code >= 'A' && code <= 'Z') return 0.72;
  return code < 0x2000 ? 0.64 : 1.0;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}
}  // namespace

std::string xml_text(std::string_view text, std::size_t limit) {
  std::string result = replaced(printable(text, limit), "&", "&amp;");
  result = replaced(replaced(result, "<", "&lt;"), ">", "&gt;");
  result = replaced(replaced(result, "\"", "&quot;"), "'", "&apos;");
  return replaced(replaced(result, "\xef\xbf\xbe", "\\u{fffe}"), "\xef\xbf\xbf", "\\u{ffff}");  // XML 1.0 has no such characters
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) result += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return result;
}

std::string pixels(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

double text_width(std::string_view text, double size) {
  double ems = 0;
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = decode_utf8(text, code);
    ems += length == 0 ? 4 * advance('x') : advance(code);  // a broken byte shows as \xff
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return ems * size;
}

double widest(const std::vector<std::string>& texts, double size) {
  double result = 0;
  for (const std::string& text : texts) result = std::max(result, text_width(text, size));
  return result;
}

std::vector<std::string> wrapped(std::string_view paragraph, double width, double size) {
  std::vector<std::string> lines;
  std::string line;
  while (!paragraph.empty()) {
    const std::size_t end = std::min(paragraph.find(' '), paragraph.size());
    const std::string word(paragraph.substr(0, end));
    paragraph.remove_prefix(std::min(end + 1, paragraph.size()));
    if (word.empty()) continue;
    if (!line.empty() && text_width(line + " " + word, size) > width) lines.push_back(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  body_ += fmt::format(R"(<text x="{}" y="{}" font-size="{}")", pixels(x), pixels(y), pixels(style.size));
  if (style.anchor != "start") body_ += fmt::format(R"( text-anchor="{}")", style.anchor);
  if (style.color != kInk) body_ += fmt::format(R"( fill="{}")", style.color);
  if (style.bold) body_ += R"( font-weight="bold")";
  if (style.turn != 0) body_ += fmt::format(" transform=\"rotate({} {} {})\"", pixels(style.turn), pixels(x), pixels(y));
  body_ += ">" + xml_text(text, style.limit) + "</text>\n";
}

double Svg::lines(double x, double y, const std::vector<std::string>& lines, double leading, const TextStyle& style) {
  for (const std::string& line : lines) {
    text(x, y, line, style);
    y += leading;
  }
  return y;
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view color, double width, std::string_view dashes) {
  body_ += fmt::format(R"(<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}")", pixels(x1), pixels(y1), pixels(x2),
                       pixels(y2), color, pixels(width));
  if (!dashes.empty()) body_ += fmt::format(R"( stroke-dasharray="{}")", dashes);
  body_ += "/>\n";
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view fill, std::string_view stroke) {
  body_ += fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}"/>)", pixels(x), pixels(y), pixels(width),
                       pixels(height), fill, stroke);
  body_ += '\n';
}

void Svg::circle(double x, double y, double radius, std::string_view fill, std::string_view stroke, double opacity) {
  body_ +=
      fmt::format(R"(<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}")", pixels(x), pixels(y), pixels(radius), fill, stroke);
  if (opacity != 1) body_ += fmt::format(R"( fill-opacity="{}")", pixels(opacity));
  body_ += "/>\n";
}

void Svg::image(double x, double y, double width, double height, std::string_view png) {
  body_ +=
      fmt::format(R"(<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" xlink:href="data:image/png;base64,)",
                  pixels(x), pixels(y), pixels(width), pixels(height));
  body_ += base64(png) + "\"/>\n";
}

double Svg::heading(std::string_view title, double width) {
  const std::vector<std::string> parts = wrapped(title, width, kTitleSize * 1.1);  // bold is wider
  if (parts.empty()) return 0;
  lines(kMargin, kMargin + kTitleSize * 0.8, parts, kTitleLeading, {.size = kTitleSize, .bold = true});
  return static_cast<double>(parts.size()) * kTitleLeading + 6;
}

double Svg::caption(double y, const std::vector<std::string>& paragraphs, double width) {
  if (paragraphs.empty()) return y + kMargin;
  y += kMargin + kCaptionSize;
  for (const std::string& paragraph : paragraphs)
    y = lines(kMargin, y, wrapped(paragraph, std::min(width, kLongestLine), kCaptionSize), kCaptionLeading, {.size = kCaptionSize});
  return y - kCaptionLeading + kMargin;
}

std::string Svg::document(double width, double height, std::string_view title) const {
  const std::string w = pixels(std::ceil(width)), h = pixels(std::ceil(height));
  std::string result = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  result += R"(<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img")";
  result += fmt::format(R"( width="{0}" height="{1}" viewBox="0 0 {0} {1}")", w, h);
  result += fmt::format(R"( font-family="DejaVu Sans, Liberation Sans, Arial, Helvetica, sans-serif" fill="{}">)", kInk);
  result += fmt::format("\n<title>{}</title>\n", xml_text(title));
  // Viewers that do not know the newer value keep the older one.
  result += "<style>image{image-rendering:optimizeSpeed;image-rendering:pixelated}</style>\n";
  result += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>\n", w, h);
  return result + body_ + "</svg>\n";
}

}  // namespace tocsin::explain::detail
