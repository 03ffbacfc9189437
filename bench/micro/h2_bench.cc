// What it costs to look at the frames of HTTP/2 in front of nghttp2.
#include <benchmark/benchmark.h>

#include <string>

#include <nghttp2/nghttp2.h>

#include "codec/h2/frame_allowance.h"
#include "codec/h2/frame_cutter.h"

namespace sluice::codec::h2 {
namespace {

constexpr std::size_t kRead = 64 * 1024;

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string bytes;
  for (int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += {static_cast<char>(type), static_cast<char>(flags)};
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
  return bytes.append(payload);
}

// Frames of this type and length, in reads of 64 KiB: the time is that of one frame.
void cut(benchmark::State& state, std::uint8_t type) {
  const auto one = frame(type, 4, 1, std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  std::string bytes;
  std::int64_t frames = 0;
  while (bytes.size() < 4 * kRead) bytes += one, ++frames;
  FrameCutter cutter(0);
  while (state.KeepRunningBatch(frames)) {
    for (std::size_t at = 0; at < bytes.size(); at += kRead) {
      auto read = std::string_view(bytes).substr(at, kRead);
      while (!read.empty()) {
        const auto part = cutter.next(read);
        benchmark::DoNotOptimize(part.head);
        read.remove_prefix(part.bytes.size());
      }
    }
  }
}
BENCHMARK_CAPTURE(cut, data, NGHTTP2_DATA)->Arg(0)->Arg(100)->Arg(1024)->Arg(16384);
BENCHMARK_CAPTURE(cut, headers, NGHTTP2_HEADERS)->Arg(30)->Arg(200);

void take_allowance(benchmark::State& state) {
  TimePoint now{std::chrono::hours(1)};
  FrameAllowance allowance(now);
  for (auto _ : state) {
    now += std::chrono::milliseconds(1);
    benchmark::DoNotOptimize(allowance.take(now));
  }
}
BENCHMARK(take_allowance);

class Session {
 public:
  Session() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_server_new(&session_, callbacks, nullptr);
    nghttp2_session_callbacks_del(callbacks);
    read(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(NGHTTP2_SETTINGS, 0, 0, ""));
  }
  ~Session() { nghttp2_session_del(session_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read(std::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }

 private:
  nghttp2_session* session_ = nullptr;
};

// A hundred requests in one read, as nghttp2 takes them, whole or frame by frame.
void take_requests(benchmark::State& state, bool frame_by_frame) {
  constexpr std::int64_t kRequests = 100;
  std::string bytes;
  for (std::uint32_t i = 0; i < kRequests; ++i)
    bytes += frame(NGHTTP2_HEADERS, 5, 2 * i + 1,
                   "\x82\x86\x84\x01\x01"
                   "a");
  while (state.KeepRunningBatch(kRequests)) {
    state.PauseTiming();
    Session session;
    FrameCutter cutter(0);
    state.ResumeTiming();
    std::string_view read = bytes;
    while (!read.empty()) {
      const auto part = frame_by_frame ? cutter.next(read).bytes : read;
      session.read(part);
      read.remove_prefix(part.size());
    }
  }
}
BENCHMARK_CAPTURE(take_requests, whole, false);
BENCHMARK_CAPTURE(take_requests, frame_by_frame, true);

}  // namespace
}  // namespace sluice::codec::h2
