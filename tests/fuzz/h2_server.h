// A server of HTTP/2 for fuzzers: whatever it takes for a request is one unambiguous request when it is
// written down in HTTP/1.1; it all ends, and nothing is left behind.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "check.h"
#include "codec/h1/head_parser.h"
#include "codec/h2/server.h"
#include "http/hop_by_hop.h"
#include "support/sim_world.h"

namespace sluice::fuzz {

using codec::h2::ServerConnection;
using codec::h2::ServerStream;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// As an upstream of HTTP/1.1 would get it.
inline std::string in_http_1(RequestHead& head) {
  http::remove_hop_by_hop(head.fields, http::Direction::request);
  std::string text(head.method_text);
  text.append(" ").append(head.path);
  if (head.has_query) text.append("?").append(head.query);
  text += " HTTP/1.1\r\n";
  std::string fields(head.fields.wire_size(), '\0');
  head.fields.write_wire(fields.data());
  return text + fields + "\r\n";
}

inline void check_head(RequestHead& head) {
  if (head.method == http::Method::connect) return;  // refused by the gateway, whatever it says
  const auto size = head.fields.size();
  const auto text = in_http_1(head);
  http::HeaderBlock fields;
  const auto parsed = codec::h1::parse_request_head(
      text, {.start_line = 1 << 20, .head_bytes = 1 << 20, .fields = 10'000}, fields);
  FUZZ_CHECK(parsed.status == codec::h1::ParseStatus::complete);
  FUZZ_CHECK(parsed.consumed == text.size());
  FUZZ_CHECK(parsed.line.method_text == head.method_text);
  FUZZ_CHECK(fields.size() == head.fields.size() && fields.size() <= size);
}

class Served final : public ServerStream {
 public:
  explicit Served(net::Loop& loop) : ServerStream(loop) {}
  RequestHead request;
  ResponseHead response;
  Arena arena;
};

class Server final : public codec::h2::StreamHandler {
 public:
  explicit Server(net::Loop& loop) : loop_(loop) {}

  Task<void> run(net::Acceptor& acceptor) {
    auto accepted = co_await acceptor.accept();
    if (!accepted) co_return;
    ServerConnection connection(loop_, std::move(*accepted), limits_, *this);
    connection_ = &connection;
    co_await connection.run({});
    co_await tasks_.join();
  }

 private:
  ServerStream* on_stream(std::int32_t id) override {
    auto* stream = new Served(loop_);
    stream->begin(*connection_, id, stream->request, stream->arena);
    return stream;
  }
  void on_dropped(ServerStream& stream) noexcept override { delete static_cast<Served*>(&stream); }
  void on_request(ServerStream& stream, const http::Refusal& refusal) override {
    tasks_.spawn(serve(std::unique_ptr<Served>(static_cast<Served*>(&stream)), refusal));
  }

  Task<void> serve(std::unique_ptr<Served> stream, http::Refusal refusal) {
    if (!refusal) check_head(stream->request);
    std::uint64_t bytes = 0;
    for (bool last = false; !last;) {
      const auto piece = co_await stream->read();
      if (!piece) break;
      bytes += piece->bytes;
      last = piece->last;
      const auto& body = stream->request.body;
      const bool has_length = body.kind == http::BodyLength::Kind::length && !refusal;
      FUZZ_CHECK(!last || !has_length || bytes == body.length);
    }
    stream->response.status = refusal ? 400 : 200;
    stream->response.body = {.kind = http::BodyLength::Kind::length, .length = 4};
    stream->start(stream->response);
    const Slice body = "done";
    const BodyPiece whole{.slices = {&body, 1}, .bytes = 4, .last = true};
    (void)co_await stream->write(whole, nullptr);
    stream->end();
  }

  net::Loop& loop_;
  codec::h2::ServerLimits limits_;
  ServerConnection* connection_ = nullptr;
  TaskGroup tasks_;
};

inline Task<void> visit(sim::World& world, std::string_view frames, std::size_t piece) {
  auto peer = co_await sim::connect(world.network(), sim::at(80));
  FUZZ_CHECK(peer);
  bool sent = co_await peer->send(kPreface);
  for (std::size_t at = 0; sent && at < frames.size(); at += piece)
    sent = co_await peer->send(frames.substr(at, piece));
  peer->transport().shutdown_write();
  co_await peer->receive();
}

/// Serves a client that sends the preface and these bytes, so many at a time.
inline void serve_frames(std::string_view frames, std::size_t piece) {
  sim::World world;
  const auto acceptor = sim::listen(world.network(), sim::at(80));
  Server server(world.loop());
  world.spawn(server.run(*acceptor));
  FUZZ_CHECK(world.run(visit(world, frames, piece)));
  FUZZ_CHECK(world.run_until_idle() && world.running() == 0);
}

}  // namespace sluice::fuzz
