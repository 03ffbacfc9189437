#include "conf/constraints.h"

#include <utility>

namespace sluice::conf {

std::string Constraints::range() const {
  if (low && high) return low->text + " to " + high->text;
  if (low) return "at least " + low->text;
  return high ? "at most " + high->text : "";
}

std::string Constraints::items() const {
  const auto named = [](std::uint32_t n) { return std::to_string(n) + (n == 1 ? " item" : " items"); };
  if (fewest && most && *fewest == *most) return named(*most);
  if (fewest.value_or(0) > 0 && most) return std::to_string(*fewest) + " to " + named(*most);
  if (most) return "at most " + named(*most);
  return fewest ? "at least " + named(*fewest) : "";
}

Option required() { return {.required = true, .apply = nullptr}; }

Option not_empty() {
  return matching("a text that is not empty", "[\\s\\S]",
                  [](std::string_view text) { return !text.empty(); });
}

Option count(std::uint32_t fewest, std::optional<std::uint32_t> most) {
  return {.required = false, .apply = [=](Constraints& c) { c.fewest = fewest, c.most = most; }};
}

Option or_word(std::string word) {
  return {.required = false, .apply = [word = std::move(word)](Constraints& c) { c.word = word; }};
}

Option matching(std::string wanted, std::string pattern, std::function<bool(std::string_view)> accepts,
                std::function<std::string(std::string_view)> advice) {
  return {.required = false, .apply = [=](Constraints& c) {
            c.wanted = wanted;
            c.pattern = pattern;
            c.accepts = accepts;
            c.advice = advice;
          }};
}

Option sound(std::string what, std::function<std::string(std::string_view)> fault) {
  return {.required = false, .apply = [=](Constraints& c) {
            c.sound = what;
            c.fault = fault;
          }};
}

Option path() {
  return {.required = false, .apply = [](Constraints& c) {
            c.wanted = "a path";
            c.pattern = "^[^\\u0000]+$";
            c.accepts = [](std::string_view text) { return !text.empty(); };
            c.sound = "a path";
            c.fault = [](std::string_view text) -> std::string {
              return text.find('\0') == text.npos ? "" : "a path has no NUL";
            };
          }};
}

Option hidden_keys(std::function<bool(std::string_view)> hidden) {
  return {.required = false, .apply = [=](Constraints& c) { c.hidden_key = hidden; }};
}

Option kinds(std::string category) {
  return {.required = false,
          .apply = [category = std::move(category)](Constraints& c) { c.category = category; }};
}

}  // namespace sluice::conf
