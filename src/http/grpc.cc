#include "http/grpc.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/chars.h"
#include "http/comma_list.h"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view native_type = "application/grpc";
constexpr std::string_view web_type = "application/grpc-web";
constexpr std::string_view web_text_type = "application/grpc-web-text";

constexpr std::array<std::string_view, static_cast<std::size_t>(GrpcStatus::count_)> status_names{
    "ok",        "cancelled",       "unknown",           "invalid_argument",   "deadline_exceeded",
    "not_found", "already_exists",  "permission_denied", "resource_exhausted", "failed_precondition",
    "aborted",   "out_of_range",    "unimplemented",     "internal",           "unavailable",
    "data_loss", "unauthenticated",
};

constexpr std::uint64_t most_of_8_digits = 99'999'999;

struct Unit {
  char letter;
  Duration length;
};
constexpr std::array<Unit, 6> units{{{'n', 1ns}, {'u', 1us}, {'m', 1ms}, {'S', 1s}, {'M', 1min}, {'H', 1h}}};

bool is_type(std::string_view content_type, std::string_view type) noexcept {
  if (!equal_ignore_case(content_type.substr(0, type.size()), type)) return false;
  if (content_type.size() == type.size()) return true;
  const char next = content_type[type.size()];
  return next == '+' || next == ';' || next == ' ' || next == '\t';
}

constexpr bool is_plain(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != '%'; }

}  // namespace

GrpcForm grpc_form(std::string_view content_type) noexcept {
  if (is_type(content_type, native_type)) return GrpcForm::native;
  if (is_type(content_type, web_type)) return GrpcForm::web;
  if (is_type(content_type, web_text_type)) return GrpcForm::web_text;
  return GrpcForm::none;
}

GrpcForm grpc_response_form(const HeaderBlock& request) noexcept {
  const auto content_type = request.find(FieldName::content_type);
  if (!content_type) return GrpcForm::none;
  const auto sent = grpc_form(*content_type);
  if (sent != GrpcForm::web && sent != GrpcForm::web_text) return sent;
  auto wanted = sent;
  for_each_item(request, FieldName::accept, [&](std::string_view type) {
    const auto form = grpc_form(type);
    if (form == GrpcForm::web || form == GrpcForm::web_text) wanted = form;
  });
  return wanted;
}

std::string_view grpc_content_type(GrpcForm form) noexcept {
  switch (form) {
    case GrpcForm::native:
      return native_type;
    case GrpcForm::web:
      return web_type;
    case GrpcForm::web_text:
      return web_text_type;
    case GrpcForm::none:
      break;
  }
  return {};
}

std::string_view grpc_suffix(std::string_view content_type) noexcept {
  return content_type.substr(grpc_content_type(grpc_form(content_type)).size());
}

std::string_view name(GrpcStatus status) noexcept { return status_names[static_cast<std::size_t>(status)]; }

std::optional<GrpcStatus> grpc_status_of(std::string_view name) noexcept {
  const auto* const at = std::find(status_names.begin(), status_names.end(), name);
  if (at == status_names.end()) return std::nullopt;
  return static_cast<GrpcStatus>(at - status_names.begin());
}

// As gRPC maps HTTP statuses (http-grpc-status-mapping.md), but for what the reason knows better.
GrpcStatus grpc_status(Reason reason) noexcept {
  switch (reason) {
    // Nothing of the call was done: no time limit of its own has passed.
    case Reason::upstream_connect_timeout:
    case Reason::upstream_unresolved_timeout:
    case Reason::only_if_cached:
      return GrpcStatus::unavailable;
    case Reason::upstream_malformed:
    case Reason::upstream_ambiguous_framing:
    case Reason::upstream_invalid_chunk:
    case Reason::upstream_transfer_coding:
    case Reason::upstream_no_upgrade:
    case Reason::upstream_unexpected_upgrade:
    case Reason::upstream_too_many_interim:
    case Reason::loop_detected:
      return GrpcStatus::internal;
    case Reason::upstream_head_too_large:
    case Reason::upstream_body_too_large:
    case Reason::upstream_pending_full:
    case Reason::pending_timeout:
    case Reason::overloaded:
    case Reason::memory_pressure:
    case Reason::connection_limit:
    case Reason::no_descriptors:
      return GrpcStatus::resource_exhausted;
    default:
      break;
  }
  switch (status(reason)) {
    case 400:
    case 500:
      return GrpcStatus::internal;
    case 401:
      return GrpcStatus::unauthenticated;
    case 403:
      return GrpcStatus::permission_denied;
    case 404:
    case 405:
    case 501:
      return GrpcStatus::unimplemented;
    case 408:
    case 504:
      return GrpcStatus::deadline_exceeded;
    case 413:
    case 414:
    case 429:
    case 431:
      return GrpcStatus::resource_exhausted;
    case 499:
      return GrpcStatus::cancelled;
    case 502:
    case 503:
      return GrpcStatus::unavailable;
    default:
      return GrpcStatus::unknown;
  }
}

std::optional<GrpcStatus> grpc_status(const HeaderBlock& fields) noexcept {
  const auto text = fields.find(FieldName::grpc_status);
  if (!text) return std::nullopt;
  unsigned code = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), code);
  const bool known = parsed.ec == std::errc{} && parsed.ptr == text->data() + text->size() &&
                     code < static_cast<unsigned>(GrpcStatus::count_);
  return known ? static_cast<GrpcStatus>(code) : GrpcStatus::unknown;
}

void write_grpc_message(TextWriter& out, std::string_view message) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : message) {
    if (is_plain(c)) {
      out.put(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.put('%').put(digits[byte >> 4]).put(digits[byte & 15]);
  }
}

std::optional<Duration> parse_grpc_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto unit = std::find_if(units.begin(), units.end(), [&](Unit u) { return u.letter == text.back(); });
  if (unit == units.end()) return std::nullopt;
  std::uint32_t count = 0;
  const auto* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return count > longest_grpc_timeout / unit->length ? longest_grpc_timeout : count * unit->length;
}

std::string_view format_grpc_timeout(Duration time, std::span<char, 9> out) noexcept {
  const auto unit = std::find_if(units.begin(), units.end() - 1, [&](Unit u) {
    return time / u.length <= static_cast<std::int64_t>(most_of_8_digits);
  });
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(time / unit->length, 1));
  auto* end = std::to_chars(out.data(), out.data() + out.size(), std::min(count, most_of_8_digits)).ptr;
  *end++ = unit->letter;
  return {out.data(), static_cast<std::size_t>(end - out.data())};
}

}  // namespace sluice::http
