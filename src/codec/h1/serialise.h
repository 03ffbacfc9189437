// Heads written into the memory of an exchange.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "codec/h1/head_writer.h"
#include "http/header_block.h"

namespace sluice::codec::h1 {

/// The few fields that the codec itself adds to a head.
class ExtraFields {
 public:
  void add(std::string_view name, std::string_view value) noexcept { fields_[count_++] = {name, value}; }
  std::span<const ExtraField> view() const noexcept { return {fields_.data(), count_}; }

 private:
  std::array<ExtraField, 4> fields_;
  std::size_t count_ = 0;
};

/// The head as bytes in the arena.
template <class Line>
std::string_view serialise(const Line& line, const http::HeaderBlock& fields,
                           std::span<const ExtraField> extra, Arena& arena) {
  auto size = head_size(line, fields, extra);
  auto* out = static_cast<char*>(arena.allocate(size, 1));
  return {out, write_head({out, size}, line, fields, extra)};
}

}  // namespace sluice::codec::h1
