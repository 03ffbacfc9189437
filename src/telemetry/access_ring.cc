#include "telemetry/access_ring.h"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace sluice::telemetry {
namespace {

constexpr std::string_view ellipsis = "...";
constexpr std::size_t alignment = 8;

constexpr std::size_t aligned(std::size_t n) noexcept { return (n + alignment - 1) / alignment * alignment; }

/// How much of a text that is too long is kept before the ellipsis: no half UTF-8 character.
std::size_t cut(std::string_view text, std::size_t limit) noexcept {
  std::size_t keep = limit - ellipsis.size();
  const std::size_t least = keep - 3;
  while (keep > least && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  return keep;
}

}  // namespace

struct AccessRing::Head {
  std::uint32_t size;  // Of the whole record, a multiple of 8; 0 is a skip mark.
  std::uint16_t status;
  std::uint16_t attempts;
  WallTime time;
  std::int64_t duration_ns;
  std::int64_t upstream_ns;  // -1: no upstream was asked.
  std::uint64_t bytes_in;
  std::uint64_t bytes_out;
  http::Reason reason;
  std::optional<http::GrpcStatus> grpc_status;
  http::Version version;
  bool tls_resumed;
  std::uint16_t lengths[access_text_count];
};

AccessRing::AccessRing(std::size_t capacity)
    : capacity_(capacity), bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {
  static_assert(std::is_trivially_copyable_v<Head> && alignof(Head) <= alignment);
  static_assert(sizeof(Head) + [] {
    std::size_t sum = 0;
    for (const AccessText& text : access_texts) sum += text.limit;
    return sum;
  }() <= 8 * 1024);
  if (capacity < 16 * 1024 || !std::has_single_bit(capacity))
    throw std::invalid_argument("the access log's ring takes a power of two of at least 16 KiB");
}

bool AccessRing::push(const AccessRecord& record) noexcept {
  Head head{.size = 0,
            .status = static_cast<std::uint16_t>(record.status),
            .attempts = record.attempts,
            .time = record.time,
            .duration_ns = record.duration.count(),
            .upstream_ns = record.upstream_duration ? record.upstream_duration->count() : -1,
            .bytes_in = record.bytes_in,
            .bytes_out = record.bytes_out,
            .reason = record.reason,
            .grpc_status = record.grpc_status,
            .version = record.version,
            .tls_resumed = record.tls_resumed,
            .lengths = {}};
  std::size_t size = sizeof(Head);
  for (std::size_t i = 0; i < access_text_count; ++i) {
    const std::size_t wanted = (record.*access_texts[i].member).size(), limit = access_texts[i].limit;
    const std::size_t length =
        wanted <= limit ? wanted : cut(record.*access_texts[i].member, limit) + ellipsis.size();
    head.lengths[i] = static_cast<std::uint16_t>(length);
    size += length;
  }
  head.size = static_cast<std::uint32_t>(aligned(size));
  std::byte* at = claim(head.size);
  if (at == nullptr) return false;

  std::memcpy(at, &head, sizeof(Head));
  at += sizeof(Head);
  for (std::size_t i = 0; i < access_text_count; ++i) {
    const std::string_view text = record.*access_texts[i].member;
    std::size_t length = head.lengths[i];
    if (length == 0) continue;
    if (length != text.size()) {
      length -= ellipsis.size();
      std::memcpy(at + length, ellipsis.data(), ellipsis.size());
    }
    std::memcpy(at, text.data(), length);
    at += head.lengths[i];
  }
  head_.store(claimed_, std::memory_order_release);
  return true;
}

std::byte* AccessRing::claim(std::size_t size) noexcept {
  std::uint64_t head = head_.load(std::memory_order_relaxed);
  const std::size_t offset = head & (capacity_ - 1);
  const std::size_t skipped = offset + size > capacity_ ? capacity_ - offset : 0;
  if (head + skipped + size - seen_tail_ > capacity_) {
    seen_tail_ = tail_.load(std::memory_order_acquire);
    if (head + skipped + size - seen_tail_ > capacity_) return nullptr;
  }
  if (skipped != 0) std::memset(&bytes_[offset], 0, sizeof(std::uint32_t));
  head += skipped;
  claimed_ = head + size;
  return &bytes_[head & (capacity_ - 1)];
}

bool AccessRing::half_full() noexcept {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  if (head - seen_tail_ < capacity_ / 2) return false;
  seen_tail_ = tail_.load(std::memory_order_acquire);
  return head - seen_tail_ >= capacity_ / 2;
}

bool AccessRing::front(AccessRecord& record) noexcept {
  std::uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == seen_head_) seen_head_ = head_.load(std::memory_order_acquire);
  if (tail == seen_head_) return false;
  std::uint32_t size = 0;
  std::memcpy(&size, &bytes_[tail & (capacity_ - 1)], sizeof size);
  // A skip mark is only ever published together with the record behind it.
  if (size == 0) tail += capacity_ - (tail & (capacity_ - 1));

  const std::byte* at = &bytes_[tail & (capacity_ - 1)];
  Head head;
  std::memcpy(&head, at, sizeof head);
  front_end_ = tail + head.size;
  record.time = head.time;
  record.duration = Duration(head.duration_ns);
  record.upstream_duration.reset();
  if (head.upstream_ns >= 0) record.upstream_duration = Duration(head.upstream_ns);
  record.bytes_in = head.bytes_in;
  record.bytes_out = head.bytes_out;
  record.status = head.status;
  record.reason = head.reason;
  record.grpc_status = head.grpc_status;
  record.version = head.version;
  record.attempts = head.attempts;
  record.tls_resumed = head.tls_resumed;
  const char* text = reinterpret_cast<const char*>(at + sizeof(Head));
  for (std::size_t i = 0; i < access_text_count; text += head.lengths[i], ++i)
    record.*access_texts[i].member = std::string_view(text, head.lengths[i]);
  return true;
}

void AccessRing::pop() noexcept { tail_.store(front_end_, std::memory_order_release); }

}  // namespace sluice::telemetry
