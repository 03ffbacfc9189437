// Responses as a connection to an upstream reads them: however the bytes are cut, the same response comes of
// them or none does; it ends, and what has no body has none.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "codec/h1/client.h"
#include "support/sim_world.h"

namespace {

using namespace sluice;

struct Outcome {
  bool whole = false;
  std::vector<int> statuses;
  std::string body;
  std::string trailers;

  bool operator==(const Outcome&) const = default;
};

struct Heads {
  RequestHead request;
  ResponseHead response;
  Arena scratch;
};

Task<void> serve(net::Acceptor& acceptor, std::string_view response, std::size_t piece) {
  auto accepted = co_await acceptor.accept();
  if (!accepted) co_return;
  sim::Peer peer(std::move(*accepted));
  co_await peer.receive_until("\r\n\r\n");
  for (std::size_t at = 0; at < response.size(); at += piece) {
    const bool sent = co_await peer.send(response.substr(at, piece));
    if (!sent) co_return;
  }
}

Task<bool> read_heads(codec::ClientConnection& client, Heads& heads, Outcome& outcome) {
  int status = 100;
  while (status < 200 && status != 101) {
    heads.response.clear();
    const auto read = co_await client.read_head(heads.response, heads.scratch);
    if (!read) co_return false;
    status = heads.response.status;
    outcome.statuses.push_back(status);
  }
  co_return true;
}

Task<bool> read_body(BodySource& body, Outcome& outcome) {
  for (;;) {
    const auto piece = co_await body.read();
    if (!piece) co_return false;
    for (const Slice& slice : piece->slices) outcome.body += slice;
    if (piece->last) break;
  }
  if (const auto* trailers = body.trailers()) {
    outcome.trailers.resize(trailers->wire_size());
    trailers->write_wire(outcome.trailers.data());
  }
  co_return true;
}

Task<void> ask(sim::World& world, http::Method method, Outcome& outcome) {
  auto transport = world.network().connect(sim::at(80), {});
  const auto connected = co_await (*transport)->connected();
  FUZZ_CHECK(connected);
  const auto client = codec::h1::make_client(world.loop(), std::move(*transport));
  const auto heads = std::make_unique<Heads>();
  heads->request.method = method;
  heads->request.method_text = method == http::Method::head ? "HEAD" : "GET";
  heads->request.path = "/";
  heads->request.fields.add("Host", "a");
  BodyPiece nothing;
  nothing.last = true;
  const auto sent = co_await client->send(heads->request, nothing, nullptr, heads->scratch);
  FUZZ_CHECK(sent);
  const bool answered = co_await read_heads(*client, *heads, outcome);
  if (answered && outcome.statuses.back() != 101) outcome.whole = co_await read_body(client->body(), outcome);
  FUZZ_CHECK(!client->reusable() || outcome.whole);
}

Outcome read(std::string_view response, http::Method method, std::size_t piece) {
  sim::World world;
  Outcome outcome;
  const auto acceptor = sim::listen(world.network(), sim::at(80));
  world.spawn(serve(*acceptor, response, piece));
  FUZZ_CHECK(world.run(ask(world, method, outcome)));
  FUZZ_CHECK(world.run_until_idle() && world.running() == 0);
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view response(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto method = (data[0] & 1) != 0 ? http::Method::head : http::Method::get;
  const Outcome whole = read(response, method, response.size() + 1);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1} + data[0] / 2}) {
    const Outcome pieces = read(response, method, piece);
    FUZZ_CHECK(pieces.whole == whole.whole);
    FUZZ_CHECK(!whole.whole || pieces == whole);
  }
  if (!whole.whole) return 0;
  const int status = whole.statuses.back();
  if (method == http::Method::head || status == 204 || status == 304) FUZZ_CHECK(whole.body.empty());
  return 0;
}
