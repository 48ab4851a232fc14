#include "xml.h"

#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace esgap::gap {
namespace {

class Reader {
 public:
  Reader(std::string file, std::string text) : file(std::move(file)), text(std::move(text)) {}

  XmlElement document()
  {
    if (starts("\xEF\xBB\xBF")) at = 3;    // a byte order mark, which some editors leave
    skip_misc();
    XmlElement root = element();
    skip_misc();
    if (at < text.size()) fail("text after the root element");
    return root;
  }

 private:
  [[noreturn]] void fail(const std::string &what) const { throw std::runtime_error(file + ":" + std::to_string(line) + ": " + what); }

  bool starts(const char *word) const { return text.compare(at, std::char_traits<char>::length(word), word) == 0; }

  void advance(std::size_t to)
  {
    for (; at < to; ++at) line += text[at] == '\n';
  }

  void skip_space()
  {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) advance(at + 1);
  }

  // Skips from the opening mark at hand past the closing one; returns what stands between.
  std::string enclosed(std::size_t opening, const char *closing, const char *what)
  {
    const std::size_t end = text.find(closing, at + opening);
    if (end == std::string::npos) fail(std::string(what) + " is not closed");
    std::string inside = text.substr(at + opening, end - at - opening);
    advance(end + std::char_traits<char>::length(closing));
    return inside;
  }

  void skip_misc()
  {
    for (skip_space();; skip_space()) {
      if (starts("<?")) enclosed(2, "?>", "a declaration");
      else if (starts("<!--")) enclosed(4, "-->", "a comment");
      else return;
    }
  }

  std::string name()
  {
    const std::size_t start = at;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || std::string("_-.:").find(text[at]) != std::string::npos)) ++at;
    if (at == start) fail("a name was expected");
    return text.substr(start, at - start);
  }

  XmlElement element()
  {
    XmlElement e;
    if (at >= text.size() || text[at] != '<') fail("an element was expected");
    e.line = line;
    ++at;
    e.name = name();
    for (skip_space(); at < text.size() && text[at] != '>' && text[at] != '/'; skip_space()) {
      const std::string key = name();
      skip_space();
      if (at + 1 >= text.size() || text[at] != '=') fail("attribute " + key + " has no value");
      advance(at + 1);
      skip_space();
      const char quote = at < text.size() ? text[at] : ' ';
      if (quote != '"' && quote != '\'') fail("the value of attribute " + key + " is not quoted");
      e.attributes[key] = enclosed(1, quote == '"' ? "\"" : "'", "an attribute");
    }
    if (starts("/>")) {
      at += 2;
      return e;
    }
    if (at >= text.size()) fail("the file ends inside <" + e.name + ">");
    ++at;
    content(e);
    return e;
  }

  void content(XmlElement &e)
  {
    while (true) {
      const std::size_t mark = text.find('<', at);
      if (mark == std::string::npos) fail("the file ends inside <" + e.name + "> of line " + std::to_string(e.line));
      e.text += text.substr(at, mark - at);
      advance(mark);
      if (starts("<!--")) enclosed(4, "-->", "a comment");
      else if (starts("<![CDATA[")) e.text += enclosed(9, "]]>", "a CDATA section");
      else if (starts("</")) {
        at += 2;
        const std::string closing = name();
        if (closing != e.name) fail("</" + closing + "> closes <" + e.name + "> of line " + std::to_string(e.line));
        skip_space();
        if (at >= text.size() || text[at] != '>') fail("</" + closing + " is not closed");
        ++at;
        return;
      } else {
        e.children.push_back(element());
      }
    }
  }

  std::string file, text;
  std::size_t at = 0;
  int line = 1;
};

}    // namespace

const XmlElement *XmlElement::child(const std::string &wanted) const
{
  for (const auto &e : children)
    if (e.name == wanted) return &e;
  return nullptr;
}

XmlElement read_xml(const std::string &file)
{
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file + ": cannot be opened");
  std::ostringstream content;
  content << in.rdbuf();
  return Reader(file, content.str()).document();
}

}    // namespace esgap::gap
