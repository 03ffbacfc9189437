#include "response_reader.h"

#include <strings.h>

#include "head.h"

namespace sluice::bench {

void ResponseReader::reset(std::optional<std::size_t> expected) {
  expected_ = expected;
  head_.clear();
  body_size_ = body_left_ = 0;
  in_body_ = closes_ = false;
}

std::optional<Fault> ResponseReader::take(std::string_view bytes) {
  if (!in_body_) {
    if (head_.empty() && Head::find(bytes)) return take_head(bytes);
    head_.append(bytes);
    const std::string received = head_;
    return Head::find(received) ? take_head(received) : std::nullopt;
  }
  if (bytes.size() > body_left_) return Fault::length;
  body_left_ -= bytes.size();
  return std::nullopt;
}

std::optional<Fault> ResponseReader::take_head(std::string_view bytes) {
  const Head head = *Head::find(bytes);
  if (head.status() != 200) return Fault::status;
  const auto length = head.content_length();
  if (!length || (expected_ && *length != *expected_)) return Fault::length;
  const std::string_view connection = head.field("connection");
  closes_ = connection.size() == 5 && strncasecmp(connection.data(), "close", 5) == 0;
  in_body_ = true;
  body_size_ = body_left_ = *length;
  return take(bytes.substr(head.size()));
}

}  // namespace sluice::bench
