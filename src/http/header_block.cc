#include "http/header_block.h"

#include <algorithm>
#include <cstring>

namespace sluice::http {
namespace {

char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

HeaderBlock::HeaderBlock() noexcept {}  // NOLINT(cppcoreguidelines-pro-type-member-init): see the header
HeaderBlock::~HeaderBlock() = default;

void HeaderBlock::clear() noexcept {
  used_ = count_ = live_ = live_bytes_ = 0;
  known_[0] = known_[1] = 0;
}

void HeaderBlock::shrink() noexcept {
  clear();
  heap_bytes_.reset();
  heap_entries_.reset();
  heap_tokens_.reset();
  bytes_ = inline_bytes_;
  entries_ = inline_entries_;
  tokens_ = inline_tokens_;
  byte_capacity_ = inline_bytes;
  entry_capacity_ = inline_fields;
}

void HeaderBlock::add(std::string_view name, std::string_view value) {
  const FieldName token = field_name(name);
  if (token == FieldName::other && !is_token(name)) return;
  blank_controls(append(token, name, value));
}

void HeaderBlock::add(FieldName name, std::string_view value) {
  if (canonical(name).empty()) return;
  blank_controls(append(name, canonical(name), value));
}

void HeaderBlock::add(FieldName token, std::string_view name, std::string_view value) {
  append(token, name, value);
}

void HeaderBlock::set(std::string_view name, std::string_view value) {
  const FieldName token = field_name(name);
  if (token != FieldName::other) return has(token) ? set(token, value) : add(name, value);
  const std::size_t first = find_slot(name, 0);
  if (first == count_) return add(name, value);
  for (std::size_t slot = find_slot(name, first + 1); slot < count_; slot = find_slot(name, slot + 1))
    remove_at(slot);
  replace_value(first, value);
}

void HeaderBlock::set(FieldName name, std::string_view value) {
  if (!has(name)) return add(name, value);
  const std::size_t first = find_slot(name, 0);
  for (std::size_t slot = find_slot(name, first + 1); slot < count_; slot = find_slot(name, slot + 1))
    remove_at(slot);
  mark_known(name);  // remove_at() of a later one may have taken the bit
  replace_value(first, value);
}

std::size_t HeaderBlock::remove(std::string_view name) noexcept {
  const FieldName token = field_name(name);
  if (token != FieldName::other) return remove(token);
  std::size_t removed = 0;
  for (std::size_t slot = find_slot(name, 0); slot < count_; slot = find_slot(name, slot + 1)) {
    remove_at(slot);
    ++removed;
  }
  return removed;
}

std::size_t HeaderBlock::remove_present(FieldName name) noexcept {
  std::size_t removed = 0;
  for (std::size_t slot = find_slot(name, 0); slot < count_; slot = find_slot(name, slot + 1)) {
    remove_at(slot);
    ++removed;
  }
  return removed;
}

std::optional<std::string_view> HeaderBlock::find(std::string_view name) const noexcept {
  const FieldName token = field_name(name);
  if (token != FieldName::other) return find(token);
  const std::size_t slot = find_slot(name, 0);
  if (slot == count_) return std::nullopt;
  return at(slot).value;
}

std::size_t HeaderBlock::count(FieldName name) const noexcept {
  if (!has(name)) return 0;
  return static_cast<std::size_t>(std::count(tokens_, tokens_ + count_, static_cast<std::uint8_t>(name)));
}

void HeaderBlock::remove_at(std::size_t slot) noexcept {
  const auto token = static_cast<FieldName>(tokens_[slot]);
  if (token == FieldName::removed) return;
  tokens_[slot] = dead;
  live_ -= 1;
  live_bytes_ -= entries_[slot].name_size + entries_[slot].value_size;
  if (token == FieldName::other || find_slot(token, 0) < count_) return;
  const auto bit = static_cast<unsigned>(token);
  known_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64));
}

void HeaderBlock::assign(const HeaderBlock& other) {
  if (this == &other) return;
  clear();
  for (const Field& field : other) append(field.token, field.name, field.value);
}

char* HeaderBlock::write_wire(char* out) const noexcept {
  // Nothing was removed, moved or spaced in its own way: the bytes are the wire form of all.
  const auto in_wire_form = [](const Entry& entry) { return entry.in_wire_form != 0; };
  if (used_ == wire_size() && std::all_of(entries_, entries_ + count_, in_wire_form))
    return put(out, {bytes_, used_});
  std::size_t slot = 0;
  while (slot < count_) {
    if (!is_live(slot)) {
      ++slot;
      continue;
    }
    const Entry& first = entries_[slot];
    if (first.in_wire_form == 0) {
      std::memcpy(out, bytes_ + first.name_offset, first.name_size);
      out += first.name_size;
      *out++ = ':';
      *out++ = ' ';
      std::memcpy(out, bytes_ + first.value_offset, first.value_size);
      out += first.value_size;
      *out++ = '\r';
      *out++ = '\n';
      ++slot;
      continue;
    }
    std::size_t end = first.value_offset + first.value_size + 2;
    for (++slot; slot < count_ && is_live(slot) && entries_[slot].in_wire_form != 0 &&
                 entries_[slot].name_offset == end;
         ++slot) {
      end = entries_[slot].value_offset + entries_[slot].value_size + 2;
    }
    std::memcpy(out, bytes_ + first.name_offset, end - first.name_offset);
    out += end - first.name_offset;
  }
  return out;
}

void HeaderBlock::adopt(std::string_view lines) {
  if (lines.size() > byte_capacity_ - used_) grow_bytes(lines.size());
  put(bytes_ + used_, lines);
  used_ += static_cast<std::uint32_t>(lines.size());
}

std::size_t HeaderBlock::append(FieldName token, std::string_view name, std::string_view value) {
  const std::size_t size = name.size() + value.size() + 4;
  if (size > byte_capacity_ - used_) {
    const auto old = grow_bytes(size);  // outlives the copy, because name and value may lie in it
    return append(token, name, value);
  }
  if (count_ == entry_capacity_) reserve_entry();
  char* out = put(bytes_ + used_, name);
  *out++ = ':';
  *out++ = ' ';
  out = put(out, value);
  *out++ = '\r';
  *out++ = '\n';
  const auto name_size = static_cast<std::uint32_t>(name.size());
  const auto value_size = static_cast<std::uint32_t>(value.size());
  entries_[count_] = {used_, used_ + name_size + 2, value_size, name_size & 0x7fffffffu, 1};
  tokens_[count_] = static_cast<std::uint8_t>(token);
  used_ += static_cast<std::uint32_t>(size);
  live_ += 1;
  live_bytes_ += name_size + value_size;
  mark_known(token);
  return count_++;
}

void HeaderBlock::replace_value(std::size_t slot, std::string_view value) {
  Entry& entry = entries_[slot];
  if (entry.in_wire_form != 0 && value.size() <= entry.value_size) {
    char* out = bytes_ + entry.value_offset;
    if (!value.empty()) std::memmove(out, value.data(), value.size());
    live_bytes_ -= entry.value_size - static_cast<std::uint32_t>(value.size());
    entry.value_size = static_cast<std::uint32_t>(value.size());
    out[value.size()] = '\r';
    out[value.size() + 1] = '\n';
  } else {
    // The line goes behind all others, its entry stays where it is.
    const Field before = at(slot);
    append(before.token, before.name, value);
    live_ -= 1;
    live_bytes_ -= static_cast<std::uint32_t>(before.name.size() + before.value.size());
    entries_[slot] = entries_[--count_];
  }
  blank_controls(slot);
}

void HeaderBlock::blank_controls(std::size_t slot) noexcept {
  const Entry& entry = entries_[slot];
  char* value = bytes_ + entry.value_offset;
  if (is_field_value({value, entry.value_size})) return;
  for (char* end = value + entry.value_size; value != end; ++value) {
    if (!is(*value, field_vchar)) *value = ' ';
  }
}

std::size_t HeaderBlock::find_slot(FieldName name, std::size_t from) const noexcept {
  if (from >= count_) return count_;
  const void* hit = std::memchr(tokens_ + from, static_cast<int>(name), count_ - from);
  return hit == nullptr ? count_ : static_cast<std::size_t>(static_cast<const std::uint8_t*>(hit) - tokens_);
}

std::size_t HeaderBlock::find_slot(std::string_view name, std::size_t from) const noexcept {
  for (std::size_t slot = from; slot < count_; ++slot) {
    if (tokens_[slot] != 0 || entries_[slot].name_size != name.size()) continue;
    if (equal_ignore_case(at(slot).name, name)) return slot;
  }
  return count_;
}

// Returns the storage that was replaced, for the caller to keep until its copy is done.
std::unique_ptr<char[]> HeaderBlock::grow_bytes(std::size_t more) {
  const std::size_t capacity = std::max<std::size_t>(2 * std::size_t{byte_capacity_}, used_ + more);
  std::unique_ptr<char[]> grown(new char[capacity]);
  std::memcpy(grown.get(), bytes_, used_);
  bytes_ = grown.get();
  byte_capacity_ = static_cast<std::uint32_t>(capacity);
  heap_bytes_.swap(grown);
  return grown;
}

void HeaderBlock::reserve_entry() {
  const std::size_t capacity = 2 * std::size_t{entry_capacity_};
  std::unique_ptr<Entry[]> entries(new Entry[capacity]);
  std::unique_ptr<std::uint8_t[]> tokens(new std::uint8_t[capacity]);
  std::copy_n(entries_, count_, entries.get());
  std::copy_n(tokens_, count_, tokens.get());
  heap_entries_ = std::move(entries);
  heap_tokens_ = std::move(tokens);
  entries_ = heap_entries_.get();
  tokens_ = heap_tokens_.get();
  entry_capacity_ = static_cast<std::uint32_t>(capacity);
}

}  // namespace sluice::http
