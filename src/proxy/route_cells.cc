#include "proxy/route_cells.h"

namespace sluice::proxy {
namespace {

std::uint64_t of_owner(std::uint64_t hash, std::uint32_t owner) noexcept {
  hash = (hash ^ (owner + 1)) * 0xD6E8FEB86659FD93u;
  return hash ^ (hash >> 32);
}

}  // namespace

PathHashes::PathHashes(std::string_view path) noexcept : path_(path) {
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = path.find('/', begin + 1);
    if (end == std::string_view::npos) end = path.size();
    whole_ = hash_step(whole_, path.substr(begin, end - begin));
    if (depth_ < most) prefixes_[depth_++] = {whole_, static_cast<std::uint32_t>(end)};
    begin = end;
  }
}

void CellTable::insert(std::uint64_t hash, std::uint32_t owner, std::string_view key, std::uint32_t value) {
  if (2 * (count_ + 1) > cells_.size()) {
    std::vector<Cell> old(cells_.empty() ? 16 : 2 * cells_.size());
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.value != none) place(cell);
    }
  }
  place({.hash = of_owner(hash, owner),
         .owner = owner,
         .value = value,
         .key_offset = static_cast<std::uint32_t>(keys_.size()),
         .key_size = static_cast<std::uint32_t>(key.size())});
  keys_ += key;
  ++count_;
}

std::uint32_t CellTable::find(std::uint64_t hash, std::uint32_t owner, std::string_view key) const noexcept {
  if (cells_.empty()) return none;
  hash = of_owner(hash, owner);
  const std::size_t mask = cells_.size() - 1;
  for (std::size_t i = hash & mask; cells_[i].value != none; i = (i + 1) & mask) {
    const Cell& cell = cells_[i];
    if (cell.hash != hash || cell.owner != owner) continue;
    if (std::string_view(keys_.data() + cell.key_offset, cell.key_size) == key) return cell.value;
  }
  return none;
}

void CellTable::place(const Cell& cell) noexcept {
  const std::size_t mask = cells_.size() - 1;
  std::size_t i = cell.hash & mask;
  while (cells_[i].value != none) i = (i + 1) & mask;
  cells_[i] = cell;
}

}  // namespace sluice::proxy
