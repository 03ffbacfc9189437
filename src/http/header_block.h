// The fields of one message head, or of one trailer section, in flat storage.
//
//      bytes_    Host: example.com\r\n Accept: */*\r\n x-a: 1\r\n ... grows here ->
//      entries_  [{name,value,offsets}] [ ... ] [ ... ]          16 bytes each
//      tokens_   [host] [accept] [other]                          1 byte each
//      known_    one bit a known name that is present
//
// Finding a known field is a bit test, then a scan over tokens_; an unknown name is compared by
// length, then bytes, case-insensitively. The spelling of the sender is kept. Removal marks an entry
// dead (token `removed`); iteration skips it. Names and values lie in wire form, so that neighbours
// that were not touched are written out by one copy. Nothing allocates up to 4 KiB of names and
// values and 64 fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
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

  /// Forgets all fields and gives grown storage back.
  void shrink() noexcept;

  /// Appends a field; name and value are copied, and may lie in this block. Views handed out before
  /// become invalid only if the storage grows past 4 KiB, so callers must not hold views across add().
  /// A name that is not a token (RFC 9110 5.6.2) is not added; control characters in the value become
  /// spaces (RFC 9110 5.5), so that no value can end its line.
  void add(std::string_view name, std::string_view value);
  void add(FieldName name, std::string_view value);

  /// The same with the token known by the caller (the parser), who keeps the sender's spelling and
  /// has checked name and value.
  void add(FieldName token, std::string_view name, std::string_view value);

  /// Replaces every field of that name by one, in the place of the first; appends when there is none.
  void set(std::string_view name, std::string_view value);
  void set(FieldName name, std::string_view value);

  /// Removes every field of that name; returns how many there were.
  std::size_t remove(std::string_view name) noexcept;
  std::size_t remove(FieldName name) noexcept { return has(name) ? remove_present(name) : 0; }

  /// Removes every field for which `condemned(const Field&)` holds; returns how many there were.
  template <class Predicate>
  std::size_t remove_if(Predicate condemned);

  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  std::optional<std::string_view> find(FieldName name) const noexcept {
    if (!has(name)) return std::nullopt;
    return at(find_slot(name, 0)).value;
  }
  bool has(FieldName name) const noexcept;
  bool has(std::string_view name) const noexcept { return find(name).has_value(); }
  std::size_t count(FieldName name) const noexcept;

  /// Calls `each(std::string_view value)` for every field of a known name, in order of arrival.
  template <class Each>
  void for_each(FieldName name, Each each) const;

  /// Live fields, in order of arrival. Removing while iterating is allowed, adding is not.
  class const_iterator;
  const_iterator begin() const noexcept;
  const_iterator end() const noexcept;
  std::size_t size() const noexcept { return live_; }  ///< Live fields.
  bool empty() const noexcept { return size() == 0; }
  std::size_t bytes() const noexcept {
    return live_bytes_;
  }  ///< Names and values of live fields, without separators.

  /// Entries by index, dead ones included: 0 to slots() - 1.
  std::size_t slots() const noexcept { return count_; }
  bool is_live(std::size_t slot) const noexcept { return tokens_[slot] != dead; }
  Field at(std::size_t slot) const noexcept;
  void remove_at(std::size_t slot) noexcept;

  /// Makes this block hold the live fields of another.
  void assign(const HeaderBlock& other);

  /// Size of the live fields as "Name: value\r\n" lines, without the empty line that ends them.
  std::size_t wire_size() const noexcept { return live_bytes_ + 4 * std::size_t{live_}; }

  /// Writes wire_size() bytes at `out` and returns their end.
  char* write_wire(char* out) const noexcept;

  /// For the parser, which checks every byte: note() names the fields of a section by their offsets
  /// from its first byte, then adopt() copies its lines at once. Between the two nothing else may be
  /// called but clear().
  struct Line {
    FieldName token;
    std::uint32_t name_offset;
    std::uint32_t name_size;
    std::uint32_t value_offset;
    std::uint32_t value_size;
    bool in_wire_form;  ///< One space after the colon, CRLF right behind the value.
  };
  void note(const Line& line) {
    if (count_ == entry_capacity_) reserve_entry();
    entries_[count_] = {used_ + line.name_offset, used_ + line.value_offset, line.value_size,
                        line.name_size & 0x7fffffffu, line.in_wire_form ? 1u : 0u};
    tokens_[count_] = static_cast<std::uint8_t>(line.token);
    count_ += 1;
    live_ += 1;
    live_bytes_ += line.name_size + line.value_size;
    mark_known(line.token);
  }
  void adopt(std::string_view lines);

 private:
  static constexpr std::size_t inline_fields = 64;
  static constexpr std::size_t inline_bytes = 4096 + 4 * inline_fields;
  static constexpr std::uint8_t dead = static_cast<std::uint8_t>(FieldName::removed);

  struct Entry {
    std::uint32_t name_offset;
    std::uint32_t value_offset;
    std::uint32_t value_size;
    std::uint32_t name_size : 31;
    std::uint32_t in_wire_form : 1;  // "name: value\r\n" lies at name_offset
  };
  static_assert(sizeof(Entry) == 16);

  std::size_t append(FieldName token, std::string_view name, std::string_view value);
  std::size_t remove_present(FieldName name) noexcept;
  void replace_value(std::size_t slot, std::string_view value);
  void blank_controls(std::size_t slot) noexcept;
  std::size_t find_slot(FieldName name, std::size_t from) const noexcept;
  std::size_t find_slot(std::string_view name, std::size_t from) const noexcept;
  std::unique_ptr<char[]> grow_bytes(std::size_t more);
  void reserve_entry();
  void mark_known(FieldName token) noexcept;

  char* bytes_ = inline_bytes_;
  Entry* entries_ = inline_entries_;
  std::uint8_t* tokens_ = inline_tokens_;
  std::uint32_t used_ = 0;
  std::uint32_t byte_capacity_ = inline_bytes;
  std::uint32_t count_ = 0;
  std::uint32_t entry_capacity_ = inline_fields;
  std::uint32_t live_ = 0;
  std::uint32_t live_bytes_ = 0;
  std::uint64_t known_[2] = {0, 0};
  std::unique_ptr<char[]> heap_bytes_;
  std::unique_ptr<Entry[]> heap_entries_;
  std::unique_ptr<std::uint8_t[]> heap_tokens_;
  // Left unset: clearing them would cost more than parsing a head.
  std::uint8_t inline_tokens_[inline_fields];
  Entry inline_entries_[inline_fields];
  char inline_bytes_[inline_bytes];
};

class HeaderBlock::const_iterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = Field;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Field;

  const_iterator() = default;
  Field operator*() const noexcept { return block_->at(slot_); }
  const_iterator& operator++() noexcept {
    ++slot_;
    skip_dead();
    return *this;
  }
  const_iterator operator++(int) noexcept {
    const_iterator before = *this;
    ++*this;
    return before;
  }
  std::size_t slot() const noexcept { return slot_; }
  friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept {
    return a.slot_ == b.slot_;
  }

 private:
  friend class HeaderBlock;
  const_iterator(const HeaderBlock* block, std::size_t slot) noexcept : block_(block), slot_(slot) {
    skip_dead();
  }
  void skip_dead() noexcept {
    while (slot_ < block_->slots() && !block_->is_live(slot_)) ++slot_;
  }

  const HeaderBlock* block_ = nullptr;
  std::size_t slot_ = 0;
};

inline HeaderBlock::const_iterator HeaderBlock::begin() const noexcept { return {this, 0}; }
inline HeaderBlock::const_iterator HeaderBlock::end() const noexcept { return {this, count_}; }

inline HeaderBlock::Field HeaderBlock::at(std::size_t slot) const noexcept {
  const Entry& e = entries_[slot];
  return {static_cast<FieldName>(tokens_[slot]),
          {bytes_ + e.name_offset, e.name_size},
          {bytes_ + e.value_offset, e.value_size}};
}

inline bool HeaderBlock::has(FieldName name) const noexcept {
  const auto bit = static_cast<unsigned>(name);
  // `other` has a bit too, which says nothing: fields of unknown names are told apart by their text.
  return bit != 0 && bit < 128 && (known_[bit / 64] >> (bit % 64) & 1) != 0;
}

inline void HeaderBlock::mark_known(FieldName token) noexcept {
  const auto bit = static_cast<unsigned>(token);
  known_[bit / 64] |= std::uint64_t{1} << (bit % 64);
}

template <class Predicate>
std::size_t HeaderBlock::remove_if(Predicate condemned) {
  std::size_t removed = 0;
  for (std::size_t slot = 0; slot < count_; ++slot) {
    if (!is_live(slot) || !condemned(at(slot))) continue;
    remove_at(slot);
    ++removed;
  }
  return removed;
}

template <class Each>
void HeaderBlock::for_each(FieldName name, Each each) const {
  if (!has(name)) return;
  for (std::size_t slot = find_slot(name, 0); slot < count_; slot = find_slot(name, slot + 1))
    each(at(slot).value);
}

}  // namespace sluice::http
