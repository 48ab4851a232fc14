// MD5 (RFC 1321) of a text, as gap_fit writes it beside its sparse files. A checksum here, not a protection.
#pragma once

#include <string>

namespace esgap::gap {
std::string md5(const std::string &content);    // 32 hexadecimal digits
}
