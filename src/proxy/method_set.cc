#include "proxy/method_set.h"

#include <algorithm>

namespace sluice::proxy {
namespace {

constexpr unsigned kFirstWord = 16;  // bits below are those of http::Method
constexpr std::size_t kMostWords = 16;
static_assert(static_cast<unsigned>(http::Method::query) < kFirstWord);

constexpr MethodSet bit_of(unsigned index) { return MethodSet{1} << index; }
constexpr MethodSet bit_of(http::Method method) { return bit_of(static_cast<unsigned>(method)); }

}  // namespace

MethodSet MethodTable::add(std::string_view method) {
  const http::Method known = http::method(method);
  if (known == http::Method::get) return bit_of(known) | bit_of(http::Method::head);
  if (known != http::Method::other) return bit_of(known);
  const auto word = std::find(words_.begin(), words_.end(), method);
  const auto index = static_cast<std::size_t>(word - words_.begin());
  if (index == kMostWords) return 0;
  if (word == words_.end()) words_.emplace_back(method);
  return bit_of(kFirstWord + static_cast<unsigned>(index));
}

MethodSet MethodTable::bit(const RequestHead& request) const noexcept {
  if (request.method != http::Method::other) return bit_of(request.method);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i] == request.method_text) return bit_of(kFirstWord + static_cast<unsigned>(i));
  }
  return 0;
}

std::string_view MethodTable::text(MethodSet methods, Arena& arena) const {
  std::string_view list;
  const auto append = [&](std::string_view name) {
    list = list.empty() ? name : arena.concat(list, ", ", name);
  };
  for (unsigned i = 1; i < kFirstWord; ++i) {
    if ((methods & bit_of(i)) != 0) append(http::name(static_cast<http::Method>(i)));
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if ((methods & bit_of(kFirstWord + static_cast<unsigned>(i))) != 0) append(words_[i]);
  }
  return list;
}

}  // namespace sluice::proxy
