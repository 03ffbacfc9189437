#include "codec/h1/head_parser_fields.h"

#include "codec/h1/head_parser_scan.h"

namespace sluice::codec::h1 {
namespace {

using http::FieldName;
using http::HeaderBlock;
using http::Reason;
using http::Refusal;

SectionResult refused(Reason reason, std::string_view detail) {
  return {ParseStatus::refused, nullptr, {reason, detail}};
}

// What was found where a name should have gone on to its colon.
std::string_view describe_name_fault(const char* start, const char* p) noexcept {
  if (*p == ':') return "empty field name";
  if (*p == ' ' || *p == '\t') {
    return p == start ? "line folding or whitespace in front of a field"
                      : "whitespace in or behind a field name";
  }
  if (*p == '\r') return "field line without a colon";
  if (static_cast<unsigned char>(*p) < 0x20 || *p == 0x7f) return describe_fault(*p);
  return "invalid character in a field name";
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

const char* skip_ows(const char* p, const char* end) noexcept {
  while (p != end && is_blank(*p)) ++p;
  return p;
}

struct Name {
  FieldName token = FieldName::other;
  const char* end = nullptr;
  const char* colon = nullptr;  // null: not a name
};

inline Name read_name(const char* p, const char* end, bool trims) noexcept {
  const char* colon = find_colon(p, end);
  const char* name_end = colon;
  if (colon == end) return {};
  while (trims && name_end != p && is_blank(name_end[-1])) --name_end;
  if (name_end == p) return {};
  const std::string_view name(p, static_cast<std::size_t>(name_end - p));
  const FieldName token = http::field_name(name);
  // A known name equals its canonical spelling, so only the others are checked byte by byte.
  if (token == FieldName::other && find_non_token(p, name_end) != name_end) return {};
  return {token, name_end, colon};
}

// Why there is no name at `p`: it is broken, or its end has not come yet.
SectionResult name_missing(const char* p, const char* end, const SectionRules& rules) noexcept {
  const Reason malformed = rules.malformed;
  const char* stop = find_non_token(p, end);
  if (rules.trims_names && stop != p && skip_ows(stop, end) == end) return {};
  if (stop == end) return {};
  if (*stop == '\r' && end - stop == 1) return {};
  if (*stop == '\r' && stop[1] != '\n') return refused(malformed, describe_fault('\r'));
  return refused(malformed, describe_name_fault(p, stop));
}

// Notes the field line at `p` and returns the start of the next; null where there is not a whole and
// sound one, and line_missing() says why.
const char* take_line(const char* base, const char* p, const char* end, bool trims_names,
                      HeaderBlock& fields) {
  const Name name = read_name(p, end, trims_names);
  if (name.colon == nullptr) return nullptr;
  const char* value = skip_ows(name.colon + 1, end);
  const char* stop = find_control(value, end);
  if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return nullptr;
  const char* value_end = stop;
  while (value_end != value && is_blank(value_end[-1])) --value_end;
  const auto offset = [base](const char* at) { return static_cast<std::uint32_t>(at - base); };
  fields.note({name.token, offset(p), static_cast<std::uint32_t>(name.end - p), offset(value),
               static_cast<std::uint32_t>(value_end - value),
               name.end == name.colon && value == name.colon + 2 && value[-1] == ' ' && value_end == stop});
  return stop + 2;
}

// Never complete.
SectionResult line_missing(const char* p, const char* end, const SectionRules& rules) noexcept {
  const Name name = read_name(p, end, rules.trims_names);
  if (name.colon == nullptr) return name_missing(p, end, rules);
  const char* stop = find_control(skip_ows(name.colon + 1, end), end);
  if (stop == end) return {};
  if (*stop != '\r') return refused(rules.malformed, describe_fault(*stop));
  return expect_crlf(stop, end, rules.malformed);
}

}  // namespace

std::string_view describe_fault(char c) noexcept {
  switch (c) {
    case '\r':
      return "bare CR";
    case '\n':
      return "bare LF";
    case '\0':
      return "NUL";
    default:
      return "control character";
  }
}

SectionResult expect_crlf(const char* p, const char* end, Reason malformed) noexcept {
  if (end - p < 2) return {};
  if (p[1] != '\n') return refused(malformed, describe_fault('\r'));
  return {ParseStatus::complete, p + 2, {}};
}

SectionResult parse_field_section(std::string_view bytes, const SectionRules& rules, HeaderBlock& fields) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* p = base;
  SectionResult result;
  for (std::size_t count = 0; p != end; ++count) {
    if (*p == '\r') {
      result = expect_crlf(p, end, rules.malformed);
      if (result.status == ParseStatus::complete) {
        fields.adopt({base, static_cast<std::size_t>(p - base)});
        return result;
      }
      break;
    }
    if (count == rules.max_fields) {
      result = refused(rules.too_large, "too many fields");
      break;
    }
    const char* const next = take_line(base, p, end, rules.trims_names, fields);
    if (next == nullptr) {
      result = line_missing(p, end, rules);
      break;
    }
    p = next;
  }
  fields.clear();
  return result;
}

void SectionScan::reset(bool in_head) noexcept {
  seen_ = 0;
  place_ = in_head ? Place::before : Place::line_start;
  in_first_line_ = true;
  empty_lines_ = 0;
}

bool SectionScan::ready(std::string_view bytes) noexcept {
  const char* p = bytes.data() + seen_;
  const char* const end = bytes.data() + bytes.size();
  seen_ = bytes.size();
  while (p != end) {
    const char c = *p++;
    switch (place_) {
      case Place::before_cr:
      case Place::line_cr:
      case Place::end_cr:
        if (c != '\n' || place_ == Place::end_cr) return true;
        if (place_ == Place::line_cr) in_first_line_ = false;
        place_ = place_ == Place::before_cr ? Place::before : Place::line_start;
        break;
      case Place::before:
      case Place::line_start:
      case Place::line:
        if (c == '\r') {
          if (place_ == Place::before && empty_lines_++ == max_empty_lines) return true;
          place_ = place_ == Place::before ? Place::before_cr
                   : place_ == Place::line ? Place::line_cr
                                           : Place::end_cr;
        } else if (!http::is(c, http::field_vchar)) {
          return true;
        } else {
          place_ = Place::line;
          p = find_control(p, end);
        }
        break;
    }
  }
  return false;
}

}  // namespace sluice::codec::h1
