#include "md5.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace esgap::gap {
namespace {

// floor(2^32 |sin(i + 1)|), of RFC 1321.
std::array<std::uint32_t, 64> constants()
{
  std::array<std::uint32_t, 64> table;
  for (int i = 0; i < 64; ++i) table[i] = static_cast<std::uint32_t>(std::floor(std::fabs(std::sin(i + 1.0)) * 4294967296.0));
  return table;
}

using State = std::array<std::uint32_t, 4>;

void add_block(State &state, const unsigned char *block)
{
  static const std::array<int, 16> SHIFT = {7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
  static const std::array<std::uint32_t, 64> CONSTANT = constants();
  std::array<std::uint32_t, 16> word;
  std::memcpy(word.data(), block, 64);    // little-endian, as every machine LAMMPS plugins run on
  auto [a, b, c, d] = state;
  for (int i = 0; i < 64; ++i) {
    const int round = i / 16;
    const std::uint32_t mix = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
    const int pick = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : (7 * i) % 16;
    const std::uint32_t sum = a + mix + CONSTANT[i] + word[pick];
    const int shift = SHIFT[4 * round + i % 4];
    a = d;
    d = c;
    c = b;
    b += (sum << shift) | (sum >> (32 - shift));
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}    // namespace

std::string md5(const std::string &content)
{
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string padded = content + '\x80';
  while (padded.size() % 64 != 56) padded += '\0';
  const std::uint64_t bits = 8 * static_cast<std::uint64_t>(content.size());
  for (int k = 0; k < 8; ++k) padded += static_cast<char>(bits >> (8 * k));
  for (std::size_t at = 0; at < padded.size(); at += 64) add_block(state, reinterpret_cast<const unsigned char *>(padded.data()) + at);

  char text[33];
  for (int k = 0; k < 16; ++k) std::snprintf(text + 2 * k, 3, "%02x", (state[k / 4] >> (8 * (k % 4))) & 0xff);
  return text;
}

}    // namespace esgap::gap
