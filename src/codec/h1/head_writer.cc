#include "codec/h1/head_writer.h"

#include <cstring>

#include "http/reason.h"

namespace sluice::codec::h1 {
namespace {

constexpr std::string_view version_and_end = " HTTP/1.1\r\n";
constexpr std::string_view version_in_front = "HTTP/1.1 ";

char* put(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// The start line of by far the most responses, ready to be copied.
constexpr std::string_view ok_line = "HTTP/1.1 200 OK\r\n";

bool is_plain_ok(const ResponseHeadOut& line) noexcept { return line.status == 200 && line.phrase.empty(); }

std::string_view phrase_of(const ResponseHeadOut& line) noexcept {
  return line.phrase.empty() ? http::phrase(line.status) : line.phrase;
}

std::size_t line_size(const RequestHeadOut& line) noexcept {
  return line.method.size() + 1 + line.path.size() + (line.has_query ? 1 + line.query.size() : 0) +
         version_and_end.size();
}

std::size_t line_size(const ResponseHeadOut& line) noexcept {
  if (is_plain_ok(line)) return ok_line.size();
  return version_in_front.size() + 4 + phrase_of(line).size() + 2;
}

char* put_line(char* out, const RequestHeadOut& line) noexcept {
  out = put(out, line.method);
  *out++ = ' ';
  out = put(out, line.path);
  if (line.has_query) {
    *out++ = '?';
    out = put(out, line.query);
  }
  return put(out, version_and_end);
}

char* put_line(char* out, const ResponseHeadOut& line) noexcept {
  if (is_plain_ok(line)) return put(out, ok_line);
  out = put(out, version_in_front);
  *out++ = static_cast<char>('0' + line.status / 100 % 10);
  *out++ = static_cast<char>('0' + line.status / 10 % 10);
  *out++ = static_cast<char>('0' + line.status % 10);
  *out++ = ' ';  // kept where the phrase is empty (RFC 9112 4)
  out = put(out, phrase_of(line));
  return put(out, "\r\n");
}

std::size_t extra_size(std::span<const ExtraField> extra) noexcept {
  std::size_t size = 0;
  for (const ExtraField& field : extra) size += field.name.size() + field.value.size() + 4;
  return size;
}

char* put_extra(char* out, std::span<const ExtraField> extra) noexcept {
  for (const ExtraField& field : extra) {
    out = put(out, field.name);
    out = put(out, ": ");
    out = put(out, field.value);
    out = put(out, "\r\n");
  }
  return out;
}

template <class Line>
std::size_t size_of(const Line& line, const http::HeaderBlock& fields,
                    std::span<const ExtraField> extra) noexcept {
  return line_size(line) + fields.wire_size() + extra_size(extra) + 2;
}

template <class Line>
std::size_t write(std::span<char> out, const Line& line, const http::HeaderBlock& fields,
                  std::span<const ExtraField> extra) noexcept {
  const std::size_t size = size_of(line, fields, extra);
  if (out.size() < size) return 0;
  char* end = put_line(out.data(), line);
  end = fields.write_wire(end);
  end = put_extra(end, extra);
  put(end, "\r\n");
  return size;
}

}  // namespace

std::size_t head_size(const RequestHeadOut& line, const http::HeaderBlock& fields,
                      std::span<const ExtraField> extra) {
  return size_of(line, fields, extra);
}

std::size_t head_size(const ResponseHeadOut& line, const http::HeaderBlock& fields,
                      std::span<const ExtraField> extra) {
  return size_of(line, fields, extra);
}

std::size_t write_head(std::span<char> out, const RequestHeadOut& line, const http::HeaderBlock& fields,
                       std::span<const ExtraField> extra) {
  return write(out, line, fields, extra);
}

std::size_t write_head(std::span<char> out, const ResponseHeadOut& line, const http::HeaderBlock& fields,
                       std::span<const ExtraField> extra) {
  return write(out, line, fields, extra);
}

}  // namespace sluice::codec::h1
