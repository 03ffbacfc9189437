// The fields of one message head, or of one trailer section, in flat storage.
//
//      bytes_    | Host | example.com | Accept | */* | x-a | 1 | ... grows here ->|
//      entries_  [{name,value,offsets}] [ ... ] [ ... ]          16 bytes each
//      tokens_   [host] [accept] [other]                          1 byte each
//
// Finding a known field is a scan over tokens_; an unknown name is compared by length, then bytes,
// case-insensitively. The spelling of the sender is kept. Removal marks an entry dead (token
// `removed`); iteration skips it. Nothing allocates up to 4 KiB of names and values and 64 fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "http/token.h"

namespace sluice::http {

class HeaderBlock {
 public:
  struct Field {
    FieldName token;  ///< FieldName::other where the name is not a known one.
    std::string_view name;
    std::string_view value;
  };

  HeaderBlock() noexcept;
  ~HeaderBlock();
  HeaderBlock(const HeaderBlock&) = delete;
  HeaderBlock& operator=(const HeaderBlock&) = delete;

  /// Forgets all fields; keeps grown storage for the next message.
  void clear() noexcept;

  /// Appends a field; name and value are copied. Views handed out before become invalid only if
  /// the storage grows past 4 KiB, so callers must not hold views across add().
  void add(std::string_view name, std::string_view value);
  void add(FieldName name, std::string_view value);

  /// The same with the token known by the caller (the parser), who keeps the sender's spelling.
  void add(FieldName token, std::string_view name, std::string_view value);

  /// Replaces every field of that name by one; appends when there is none.
  void set(std::string_view name, std::string_view value);
  void set(FieldName name, std::string_view value);

  /// Removes every field of that name; returns how many there were.
  std::size_t remove(std::string_view name) noexcept;
  std::size_t remove(FieldName name) noexcept;

  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::optional<std::string_view> find(FieldName name) const noexcept;
  bool has(FieldName name) const noexcept;
  std::size_t count(FieldName name) const noexcept;

  /// Live fields, in order of arrival.
  class const_iterator;
  const_iterator begin() const noexcept;
  const_iterator end() const noexcept;
  std::size_t size() const noexcept;   ///< Live fields.
  bool empty() const noexcept { return size() == 0; }
  std::size_t bytes() const noexcept;  ///< Names and values of live fields, without separators.
};

}  // namespace sluice::http
