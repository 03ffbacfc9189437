#include "telemetry/access_format.h"

#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "telemetry/escape.h"

namespace sluice::telemetry {
namespace {

void append_number(std::uint64_t number, std::string& out) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

/// `width` digits with zeros before.
void append_padded(std::uint64_t number, int width, std::string& out) {
  char digits[20];
  for (int i = width; i-- > 0; number /= 10) digits[i] = static_cast<char>('0' + number % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

/// Milliseconds with three decimals.
void append_ms(Duration duration, std::string& out) {
  const auto us = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count() / 1000);
  append_number(us / 1000, out);
  out += '.';
  append_padded(us % 1000, 3, out);
}

/// Between the braces; keys are literals that need no escape.
class JsonLine {
 public:
  explicit JsonLine(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonLine() { out_ += "}\n"; }

  std::string& key(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += key;
    out_ += "\":";
    return out_;
  }
  void number(std::string_view name, std::uint64_t number) { append_number(number, key(name)); }
  void text(std::string_view name, std::string_view text) {
    key(name) += '"';
    append_json_text(text, out_);
    out_ += '"';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

/// One word of a text line, `-` for none; a blank inside would make two words.
void append_word(std::string_view text, std::string& out) {
  if (text.empty()) out += '-';
  const std::size_t begin = out.size();
  append_ascii_text(text, out);
  for (std::size_t blank = out.find(' ', begin); blank != std::string::npos; blank = out.find(' ', blank))
    out.replace(blank, 1, "\\x20");
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  if (text.empty()) out += '-';
  append_ascii_text(text, out);
  out += '"';
}

void append_request_line(const AccessRecord& record, std::string& out) {
  out += '"';
  append_ascii_text(record.method, out);
  out += ' ';
  append_ascii_text(record.path, out);
  if (!record.query.empty()) {
    out += '?';
    append_ascii_text(record.query, out);
  }
  out += ' ';
  out += http::name(record.version);
  out += '"';
}

}  // namespace

void append_time(WallTime time, std::string& out) {
  using namespace std::chrono;
  const auto ms = floor<milliseconds>(time);
  const auto day = floor<days>(ms);
  const year_month_day date(day);
  const auto of_day = static_cast<std::uint64_t>((ms - day).count());
  append_padded(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  append_padded(of_day / 3'600'000, 2, out);
  out += ':';
  append_padded(of_day / 60'000 % 60, 2, out);
  out += ':';
  append_padded(of_day / 1'000 % 60, 2, out);
  out += '.';
  append_padded(of_day % 1'000, 3, out);
  out += 'Z';
}

void append_json(const AccessRecord& record, std::string& out) {
  JsonLine line(out);
  line.key("time") += '"';
  append_time(record.time, out);
  out += '"';
  line.number("status", static_cast<std::uint64_t>(record.status));
  if (record.reason != http::Reason::none) line.text("reason", http::name(record.reason));
  if (record.grpc_status) line.number("grpc_status", static_cast<std::uint64_t>(*record.grpc_status));
  line.text("protocol", http::name(record.version));
  append_ms(record.duration, line.key("duration_ms"));
  if (record.upstream_duration) append_ms(*record.upstream_duration, line.key("upstream_duration_ms"));
  line.number("bytes_in", record.bytes_in);
  line.number("bytes_out", record.bytes_out);
  line.number("attempts", record.attempts);
  if (!record.tls_version.empty()) line.key("tls_resumed") += record.tls_resumed ? "true" : "false";
  for (const AccessText& text : access_texts)
    if (const std::string_view value = record.*text.member; !value.empty()) line.text(text.key, value);
}

void append_text(const AccessRecord& record, std::string& out) {
  append_word(record.client, out);
  out += " - ";
  append_word(record.consumer, out);
  out += " [";
  append_time(record.time, out);
  out += "] ";
  append_request_line(record, out);
  out += ' ';
  append_number(static_cast<std::uint64_t>(record.status), out);
  out += ' ';
  append_number(record.bytes_out, out);
  out += ' ';
  append_quoted(record.referer, out);
  out += ' ';
  append_quoted(record.user_agent, out);
  out += ' ';
  append_ms(record.duration, out);
  out += ' ';
  if (record.upstream_duration) {
    append_ms(*record.upstream_duration, out);
  } else {
    out += '-';
  }
  for (const std::string_view word : {record.route, record.upstream, record.endpoint}) {
    out += ' ';
    append_word(word, out);
  }
  out += ' ';
  append_number(record.attempts, out);
  out += ' ';
  append_word(record.reason == http::Reason::none ? std::string_view() : http::name(record.reason), out);
  out += ' ';
  append_word(record.request_id, out);
  out += ' ';
  if (record.grpc_status) {
    append_number(static_cast<std::uint64_t>(*record.grpc_status), out);
  } else {
    out += '-';
  }
  out += '\n';
}

}  // namespace sluice::telemetry
