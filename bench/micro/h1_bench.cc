// What the HTTP/1.1 parser, the target and the head writer cost: a request of a browser-like client
// with 8 fields, and a chunked body.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>

#include "codec/h1/chunked.h"
#include "codec/h1/head_parser.h"
#include "codec/h1/head_writer.h"
#include "http/framing.h"
#include "http/hop_by_hop.h"
#include "http/host.h"
#include "http/target.h"

namespace {

using namespace sluice;
using codec::h1::ParseStatus;

const std::string request =
    "GET /orders/1234567/items?page=2&size=50 HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "X-Tenant: 0f8fad5b-d9cb-469f-a165-70867728950e\r\n"
    "Cookie: session=eyJhbGciOiJIUzI1NiJ9.abcdefghijklmnopqrstuvwxyz\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

const std::string response =
    "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "
    "application/json\r\n"
    "Content-Length: 1024\r\nConnection: keep-alive\r\nETag: \"5e1-1024\"\r\nVary: Accept-Encoding\r\n"
    "Cache-Control: max-age=60\r\n\r\n";

void parse_request(benchmark::State& state) {
  http::HeaderBlock fields;
  for (auto _ : state) {
    const auto result = codec::h1::parse_request_head(request, {}, fields);
    if (result.status != ParseStatus::complete) state.SkipWithError("refused");
    benchmark::DoNotOptimize(result.line.target.data());
  }
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
  http::HeaderBlock fields;
  for (auto _ : state) {
    const auto result = codec::h1::parse_response_head(response, {}, fields);
    if (result.status != ParseStatus::complete) state.SkipWithError("refused");
    benchmark::DoNotOptimize(result.line.status);
  }
}
BENCHMARK(parse_response);

void request_byte_by_byte(benchmark::State& state) {
  http::HeaderBlock fields;
  codec::h1::HeadParser parser({});
  for (auto _ : state) {
    for (std::size_t n = 1; n <= request.size(); ++n) {
      benchmark::DoNotOptimize(parser.parse_request(std::string_view(request).substr(0, n), fields).status);
    }
    parser.reset();
  }
}
BENCHMARK(request_byte_by_byte);

// All that a request head goes through on its way: parse, Host, target, framing, hop-by-hop, write.
void request_through(benchmark::State& state) {
  http::HeaderBlock fields;
  Arena arena;
  std::array<char, 4096> out;
  const std::array<codec::h1::ExtraField, 3> extra = {{{"Via", "1.1 sluice"},
                                                       {"X-Forwarded-For", "192.0.2.1"},
                                                       {"X-Request-Id", "0123456789abcdef0123456789abcdef"}}};
  for (auto _ : state) {
    const auto head = codec::h1::parse_request_head(request, {}, fields);
    const auto host = http::check_host(fields, head.line.version);
    const auto target = http::normalise_target(head.line.target, head.line.method, arena).target;
    const auto framing = http::request_body_length(head.line.version, fields);
    http::remove_hop_by_hop(fields, http::Direction::request);
    benchmark::DoNotOptimize(host.authority.host.data());
    benchmark::DoNotOptimize(framing.body.kind);
    const codec::h1::RequestHeadOut line{head.line.method_text, target.path, target.query, target.has_query};
    benchmark::DoNotOptimize(codec::h1::write_head(out, line, fields, extra));
    arena.reset();
  }
}
BENCHMARK(request_through);

void write_request(benchmark::State& state) {
  http::HeaderBlock fields;
  codec::h1::parse_request_head(request, {}, fields);
  fields.remove(http::FieldName::connection);
  std::array<char, 4096> out;
  for (auto _ : state)
    benchmark::DoNotOptimize(codec::h1::write_head(out, codec::h1::RequestHeadOut{"GET", "/orders"}, fields));
}
BENCHMARK(write_request);

void normalise_target(benchmark::State& state, const std::string& raw) {
  Arena arena;
  for (auto _ : state) {
    benchmark::DoNotOptimize(http::normalise_target(raw, http::Method::get, arena).target.path.data());
    arena.reset();
  }
}
BENCHMARK_CAPTURE(normalise_target, normal, std::string("/orders/1234567/items?page=2&size=50"));
BENCHMARK_CAPTURE(normalise_target, dots, std::string("/orders/./x/../1234567/%7eitems?page=2&size=50"));

void clear_block(benchmark::State& state) {
  for (auto _ : state) {
    http::HeaderBlock fields;
    benchmark::DoNotOptimize(&fields);
  }
}
BENCHMARK(clear_block);

// Bytes a second of a body in chunks of the given size.
void decode_chunks(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::string body;
  while (body.size() < 65536) {
    body += codec::h1::ChunkSizeLine(size).view();
    body += std::string(size, 'x') + "\r\n";
  }
  body += codec::h1::last_chunk;
  const auto decoder = std::make_unique<codec::h1::ChunkedDecoder>(codec::h1::ChunkedDecoder::Peer::client);
  for (auto _ : state) {
    decoder->reset(codec::h1::ChunkedDecoder::Peer::client);
    std::string_view rest = body;
    while (!decoder->done()) rest.remove_prefix(decoder->feed(rest).consumed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * body.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(1024)->Arg(16384);

}  // namespace
