#include "http/date.h"

#include <chrono>
#include <cstring>

#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr std::string_view day_names = "SunMonTueWedThuFriSat";
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr UnixSeconds seconds_a_day = 86400;

char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put2(char* out, unsigned number) noexcept {
  *out++ = static_cast<char>('0' + number / 10 % 10);
  *out++ = static_cast<char>('0' + number % 10);
  return out;
}

struct Fields {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

// Takes what it reads off the front; once something did not fit, nothing does any more.
class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  Reader& skip(std::string_view expected) noexcept {
    if (text_.starts_with(expected)) {
      text_.remove_prefix(expected.size());
    } else {
      good_ = false;
    }
    return *this;
  }

  template <class Number>
  Reader& number(std::size_t size, Number& out) noexcept {
    if (text_.size() < size || !all_are(text_.substr(0, size), digit)) {
      good_ = false;
      return *this;
    }
    out = 0;
    for (char c : text_.substr(0, size)) out = out * 10 + static_cast<Number>(c - '0');
    text_.remove_prefix(size);
    return *this;
  }

  Reader& month(unsigned& out) noexcept {
    const std::size_t at = text_.size() < 3 ? std::string_view::npos : month_names.find(text_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) {
      good_ = false;
      return *this;
    }
    out = static_cast<unsigned>(at / 3) + 1;
    text_.remove_prefix(3);
    return *this;
  }

  Reader& time(Fields& out) noexcept {
    return number(2, out.hour).skip(":").number(2, out.minute).skip(":").number(2, out.second);
  }

  bool padded() noexcept { return text_.starts_with(" "); }
  bool done() const noexcept { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

std::optional<UnixSeconds> seconds_of(const Fields& f) noexcept {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{f.year}, chrono::month{f.month}, chrono::day{f.day}};
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  const UnixSeconds days = chrono::sys_days{date}.time_since_epoch().count();
  return days * seconds_a_day + f.hour * 3600 + f.minute * 60 + f.second;
}

int year_of(UnixSeconds time) noexcept {
  const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(std::chrono::seconds{time})};
  return static_cast<int>(std::chrono::year_month_day{day}.year());
}

// "06 Nov 1994 08:49:37 GMT"
std::optional<UnixSeconds> parse_imf(std::string_view text) noexcept {
  Fields f;
  Reader reader(text);
  reader.number(2, f.day).skip(" ").month(f.month).skip(" ").number(4, f.year).skip(" ").time(f).skip(" GMT");
  return reader.done() ? seconds_of(f) : std::nullopt;
}

// "06-Nov-94 08:49:37 GMT"
std::optional<UnixSeconds> parse_rfc850(std::string_view text, UnixSeconds now) noexcept {
  Fields f;
  Reader reader(text);
  reader.number(2, f.day).skip("-").month(f.month).skip("-").number(2, f.year).skip(" ").time(f).skip(" GMT");
  if (!reader.done()) return std::nullopt;
  const int this_year = year_of(now);
  f.year += this_year / 100 * 100;
  if (f.year > this_year + 50) f.year -= 100;
  return seconds_of(f);
}

// "Nov  6 08:49:37 1994"
std::optional<UnixSeconds> parse_asctime(std::string_view text) noexcept {
  Fields f;
  Reader reader(text);
  reader.month(f.month).skip(" ");
  if (reader.padded()) {
    reader.skip(" ").number(1, f.day);
  } else {
    reader.number(2, f.day);
  }
  reader.skip(" ").time(f).skip(" ").number(4, f.year);
  return reader.done() ? seconds_of(f) : std::nullopt;
}

}  // namespace

char* write_date(char* out, UnixSeconds time) noexcept {
  namespace chrono = std::chrono;
  const chrono::sys_days day{chrono::floor<chrono::days>(chrono::seconds{time})};
  const chrono::year_month_day date{day};
  const auto second = static_cast<unsigned>(time - day.time_since_epoch().count() * seconds_a_day);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  out = put(out, day_names.substr(3 * chrono::weekday{day}.c_encoding(), 3));
  out = put2(put(out, ", "), static_cast<unsigned>(date.day()));
  *out++ = ' ';
  out = put(out, month_names.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3));
  *out++ = ' ';
  out = put2(put2(out, year / 100), year % 100);
  *out++ = ' ';
  out = put2(out, second / 3600);
  *out++ = ':';
  out = put2(out, second / 60 % 60);
  *out++ = ':';
  out = put2(out, second % 60);
  return put(out, " GMT");
}

std::optional<UnixSeconds> parse_date(std::string_view text, UnixSeconds now) noexcept {
  const std::size_t comma = text.find(", ");
  if (comma != std::string_view::npos && comma >= 3) {
    const std::string_view rest = text.substr(comma + 2);
    return comma == 3 ? parse_imf(rest) : parse_rfc850(rest, now);
  }
  if (text.size() > 4 && text[3] == ' ') return parse_asctime(text.substr(4));
  return std::nullopt;
}

}  // namespace sluice::http
