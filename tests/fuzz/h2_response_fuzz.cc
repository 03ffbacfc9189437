// Responses in HTTP/2 as a connection to an upstream reads them: whatever is taken for a response is an
// unambiguous one when it is written down in HTTP/1.1; it all ends, and nothing is left behind.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "check.h"
#include "codec/h1/head_parser.h"
#include "codec/h2/client.h"
#include "http/hop_by_hop.h"
#include "support/sim_world.h"

namespace {

using namespace sluice;
using codec::h2::ClientConnection;
using codec::h2::ClientStream;

struct Nobody final : ClientConnection::Owner {
  void on_room() noexcept override {}
};

Task<void> serve(net::Acceptor& acceptor, std::string_view frames, std::size_t piece) {
  auto accepted = co_await acceptor.accept();
  if (!accepted) co_return;
  sim::Peer peer(std::move(*accepted));
  co_await peer.receive_until("SM\r\n\r\n");
  bool sent = true;
  for (std::size_t at = 0; sent && at < frames.size(); at += piece)
    sent = co_await peer.send(frames.substr(at, piece));
  peer.transport().shutdown_write();
  co_await peer.receive();
}

void check_head(ResponseHead& head) {
  FUZZ_CHECK(head.status >= 100 && head.status <= 599);
  http::remove_hop_by_hop(head.fields, http::Direction::response);
  std::string text = "HTTP/1.1 200 OK\r\n";
  std::string fields(head.fields.wire_size(), '\0');
  head.fields.write_wire(fields.data());
  text += fields + "\r\n";
  http::HeaderBlock parsed_fields;
  const auto parsed =
      codec::h1::parse_response_head(text, {.head_bytes = 1 << 20, .fields = 10'000}, parsed_fields);
  FUZZ_CHECK(parsed.status == codec::h1::ParseStatus::complete && parsed.consumed == text.size());
  FUZZ_CHECK(parsed_fields.size() == head.fields.size());
}

struct Heads {
  RequestHead request;
  ResponseHead response;
  Arena scratch;
};

Task<void> read_response(ClientStream& stream, Heads& heads) {
  while (heads.response.status < 200) {
    heads.response.clear();
    const auto read = co_await stream.read_head(heads.response, heads.scratch);
    if (!read) co_return;
    check_head(heads.response);
  }
  std::uint64_t bytes = 0;
  for (bool last = false; !last;) {
    const auto piece = co_await stream.body().read();
    if (!piece) co_return;
    bytes += piece->bytes;
    last = piece->last;
  }
  const auto& body = heads.response.body;
  FUZZ_CHECK(body.kind != http::BodyLength::Kind::length || bytes == body.length);
}

Task<void> exchange(ClientConnection& connection, bool with_body) {
  const auto heads = std::make_unique<Heads>();
  heads->request.method = with_body ? http::Method::post : http::Method::get;
  heads->request.method_text = with_body ? "POST" : "GET";
  heads->request.path = "/";
  heads->request.body = {.kind = with_body ? http::BodyLength::Kind::chunked : http::BodyLength::Kind::none};
  heads->request.fields.add("Host", "a");
  auto& stream = connection.open();
  const Slice text = "body";
  const BodyPiece whole{.slices = {&text, with_body ? 1u : 0u}, .bytes = with_body ? 4u : 0u, .last = true};
  const auto sent = co_await stream.send(heads->request, whole, nullptr, heads->scratch);
  (void)sent;  // an answer may have come before
  co_await read_response(stream, *heads);
  stream.end();
}

Task<void> ask(sim::World& world) {
  auto transport = world.network().connect(sim::at(80), {});
  const auto connected = co_await (*transport)->connected();
  FUZZ_CHECK(connected);
  Nobody nobody;
  ClientConnection connection(world.loop(), std::move(*transport), {}, nobody);
  Child running, other;
  running.start(connection.run());
  other.start(exchange(connection, true));
  co_await exchange(connection, false);
  co_await other.join();
  connection.retire();
  co_await running.join();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view frames(reinterpret_cast<const char*>(data) + 1, size - 1);
  sim::World world;
  const auto acceptor = sim::listen(world.network(), sim::at(80));
  world.spawn(serve(*acceptor, frames, 1 + data[0] * std::size_t{16}));
  FUZZ_CHECK(world.run(ask(world)));
  FUZZ_CHECK(world.run_until_idle() && world.running() == 0);
  return 0;
}
