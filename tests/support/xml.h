// SPDX-License-Identifier: Apache-2.0
// Whether a text is well-formed XML of the plain kind that we write: one root, tags balanced, attributes quoted and each once,
// known entities. And the texts between the tags.
#pragma once
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::support {

/// The first fault with its offset; "well-formed" if there is none.
class XmlCheck {
 public:
  explicit XmlCheck(std::string_view text) : text_(text) {}

  std::string run() {
    if (text_.substr(0, 5) == "<?xml") at_ = text_.find("?>") + 2;
    while (fault_.empty() && at_ < text_.size()) text_[at_] == '<' ? tag() : content();
    if (fault_.empty() && !open_.empty()) fail("<" + open_.back() + "> is never closed");
    if (fault_.empty() && roots_ != 1) fail(std::to_string(roots_) + " roots");
    return fault_.empty() ? "well-formed" : fault_;
  }
  /// What stands in elements of this name, entities resolved.
  [[nodiscard]] std::vector<std::string> texts(const std::string& element) const {
    std::vector<std::string> found;
    for (const auto& [name, text] : texts_)
      if (name == element) found.push_back(text);
    return found;
  }

 private:
  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = "offset " + std::to_string(at_) + ": " + what;
  }
  std::string name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == ':' || text_[at_] == '-'))
      ++at_;
    if (at_ == from) fail("a name is missing");
    return std::string(text_.substr(from, at_ - from));
  }
  bool take(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }
  std::string resolved(std::string_view raw) {
    std::string result;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (static_cast<unsigned char>(raw[i]) < 0x20 && raw[i] != '\n') fail("a control character");
      if (raw[i] == '<') fail("a bare <");
      if (raw[i] != '&') {
        result += raw[i];
        continue;
      }
      const std::string_view rest = raw.substr(i);
      bool known = false;
      for (const auto& [entity, character] :
           {std::pair<std::string_view, char>{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}})
        if (!known && rest.substr(0, entity.size()) == entity) {
          known = true;
          result += character;
          i += entity.size() - 1;
        }
      if (!known) fail("an unknown entity");
    }
    return result;
  }
  void content() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string text = resolved(text_.substr(at_, end - at_));
    if (open_.empty() && text.find_first_not_of(" \n") != std::string::npos) fail("text outside of the root");
    if (!open_.empty() && text.find_first_not_of(" \n") != std::string::npos) texts_.emplace_back(open_.back(), text);
    at_ = end;
  }
  void tag() {
    ++at_;
    if (take("/")) {
      const std::string closed = name();
      if (open_.empty() || open_.back() != closed) return fail("</" + closed + "> closes nothing");
      open_.pop_back();
      if (!take(">")) fail("'>' is missing");
      return;
    }
    const std::string element = name();
    if (open_.empty()) ++roots_;
    std::set<std::string> seen;
    while (fault_.empty() && take(" ")) {
      if (!seen.insert(name()).second) fail("an attribute twice");
      if (!take("=\"")) return fail("an attribute without a quoted value");
      const std::size_t end = text_.find('"', at_);
      if (end == std::string_view::npos) return fail("a quote is not closed");
      resolved(text_.substr(at_, end - at_));
      at_ = end + 1;
    }
    if (take("/>")) return;
    open_.push_back(element);
    if (!take(">")) fail("'>' is missing");
  }

  std::string_view text_;
  std::size_t at_ = 0, roots_ = 0;
  std::string fault_;
  std::vector<std::string> open_;
  std::vector<std::pair<std::string, std::string>> texts_;
};

}  // namespace tocsin::support
