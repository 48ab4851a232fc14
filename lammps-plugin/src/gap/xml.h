// A small strict reader of XML, enough for what gap_fit writes: elements, attributes, text, comments, CDATA.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace esgap::gap {

struct XmlElement {
  std::string name, text;    // text: all character data directly inside
  int line = 0;              // where it starts in the file
  std::map<std::string, std::string> attributes;
  std::vector<XmlElement> children;

  /// The first child of that name, or nullptr.
  const XmlElement *child(const std::string &name) const;
};

/// The root element of a file. Throws std::runtime_error "FILE:LINE: what" when it is not well-formed.
XmlElement read_xml(const std::string &file);

}    // namespace esgap::gap
