#include "telemetry/allocations.h"

#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "telemetry/access_log.h"
#include "telemetry/records.h"
#include "telemetry/shard.h"

namespace {
thread_local std::size_t count = 0;

void* counted(std::size_t size, std::size_t alignment) {
  ++count;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* memory =
      alignment <= alignof(std::max_align_t) ? std::malloc(size) : std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new[](std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace sluice::telemetry {

std::size_t allocations() noexcept { return count; }

namespace {

using namespace std::chrono_literals;

TEST(Allocations, are_none_for_a_request_whose_outcome_the_route_has_seen) {
  Shard shard(0);
  RouteMetrics& route = shard.route("orders");
  const RequestSample sample{.method = http::Method::get, .status = 200, .total = 3ms, .upstream = 2ms};
  route.record(sample);
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) route.record(sample);
  EXPECT_EQ(allocations(), before);
}

TEST(Allocations, are_none_for_an_access_record) {
  AccessLog log({.output = "/dev/null"}, 1);
  const AccessRecord record = usual_record();
  const std::size_t before = allocations();
  for (int i = 0; i < 100; ++i) log.port(0).write(record);
  EXPECT_EQ(allocations(), before);
}

TEST(Allocations, are_none_for_connections) {
  Shard shard(0);
  ListenerMetrics& listener = shard.listener("public");
  UpstreamMetrics& upstream = shard.upstream("app");
  const std::size_t before = allocations();
  listener.opened();
  listener.ended(ConnectionEnd::finished);
  upstream.attempt_failed(Fault::reset);
  EXPECT_EQ(allocations(), before);
}

}  // namespace
}  // namespace sluice::telemetry
