#include "proxy/gateway.h"

#include "http/forwarded.h"
#include "proxy/download.h"
#include "proxy/last_hop.h"
#include "proxy/message.h"

namespace sluice::proxy {

namespace {

// What follows such a request may not be meant as another one.
Step refuse_for_good(LiveExchange& live, const http::Refusal& refusal) {
  live.client->close_after();
  return live.exchange.refuse(refusal.reason, refusal.detail);
}

// Its connection holds memory too.
Step shed(LiveExchange& live) {
  refuse_for_good(live, {http::Reason::memory_pressure, {}});
  live.exchange.response.fields.set(http::FieldName::retry_after, "1");
  return Step::reply;
}

// The client would take it for the tunnel that it has asked for.
bool misleads(const LiveExchange& live) {
  return live.exchange.response.status / 100 == 2 && live.client->success_is_switch();
}

}  // namespace

std::shared_ptr<const Generation> Gateway::nothing() {
  return std::make_shared<const Generation>(Generation{std::make_shared<const RouteTable>(), {}, nullptr});
}

Task<void> Gateway::serve(LiveExchange& live, codec::ServerStream& client, const ListenerSettings& listener,
                          http::Refusal refusal) {
  auto& exchange = live.exchange;
  live.begin(client);
  live.memory = parts_.memory;
  live.refusal_page = generation_->refusal;
  live.max_body = listener.max_body;
  exchange.listener = listener.name;
  Step step = begin(live, refusal);
  if (step == Step::wait) step = co_await live.route->chain.decide(exchange, live.progress);
  if (step == Step::next && live.route->targets.empty()) step = exchange.refuse(http::Reason::misconfigured);
  bool upstream = step == Step::next && live.is_wanted() && co_await forwarder_.forward(live);
  if (live.is_wanted()) {
    respond(live, upstream);
    if (misleads(live)) {
      if (upstream) co_await give_up_upstream(live);
      exchange.refuse(upstream ? http::Reason::upstream_no_upgrade : http::Reason::upgrade_refused);
      respond_with_refusal(live);
      upstream = false;
    }
    bool begun = false;
    if (upstream && !exchange.has_reply()) {
      begun = co_await send_upstream_response(live);
    } else {
      // A hook has put another body in the place of the upstream's.
      if (upstream) co_await give_up_upstream(live);
      begun = co_await send_reply(live);
    }
    if (!begun) {
      respond_with_refusal(live);
      co_await send_reply(live);
    }
  } else {
    if (exchange.reason == http::Reason::none) exchange.refuse(live.given_up);
    // Nobody is sent a status; the log has that of the reason, for a gRPC call too.
    exchange.response.status = http::status(exchange.reason);
    exchange.grpc_status.reset();
  }
  finish(live);
}

void Gateway::refuse_connection(Exchange& exchange, http::Reason why) {
  identify(exchange, parts_.rng);
  exchange.refuse(why);
  exchange.response.fields.set(http::FieldName::retry_after, "1");
  if (const auto& refusal = generation_->refusal) refusal->on_response(exchange);
  complete_response(exchange, dates_);
}

// Up to the verdict of the chain.
Step Gateway::begin(LiveExchange& live, const http::Refusal& refusal) {
  auto& exchange = live.exchange;
  exchange.times.started = exchange.now();
  live.path = exchange.request.path;
  // Before any hook, so that none believes what is not to be believed, and what one sets stays.
  if (!exchange.client.trusted_peer) http::remove_claims(exchange.request.fields);
  exchange.grpc = http::grpc_response_form(exchange.request.fields);
  identify(exchange, parts_.rng);
  parts_.shard.exchanges_in_flight.add();
  Step step = refusal ? exchange.refuse(refusal.reason, refusal.detail) : find_route(live);
  if (step != Step::next) return step;
  if (live.memory_is_short()) return shed(live);
  if (exchange.grpc != http::GrpcForm::none && !live.call_deadline.begin())
    return exchange.refuse(http::Reason::invalid_grpc_timeout);
  end_hop(live, parts_.rng);
  live.route->chain.begin(exchange);
  return live.route->chain.advance(exchange, live.progress);
}

Step Gateway::find_route(LiveExchange& live) {
  auto& exchange = live.exchange;
  if (exchange.request.method == http::Method::connect)
    return refuse_for_good(live, {http::Reason::upgrade_refused, {}});
  if (is_last_hop(exchange.request)) return answer_as_last_hop(exchange);
  const auto& generation = *generation_;
  auto result = generation.table->match(exchange.request);
  bool slash_allowed = result && generation.routes[result.route]->settings.allow_encoded_slash;
  if (exchange.request.has_encoded_slash && !slash_allowed) {
    return refuse_for_good(live, {http::Reason::invalid_target, "encoded slash or backslash in the path"});
  }
  if (!result) {
    exchange.refuse(result.refusal);
    if (result.refusal == http::Reason::method_not_allowed) {
      exchange.response.fields.set(http::FieldName::allow, generation.table->allow(result, exchange.arena()));
    }
    return Step::reply;
  }
  live.route = generation.routes[result.route];
  exchange.route = live.route->settings.name;
  exchange.path_rest = result.path_rest;
  if (live.route->settings.max_body) live.max_body = *live.route->settings.max_body;
  auto& body = exchange.request.body;
  if (live.max_body != 0 && body.kind == http::BodyLength::Kind::length && body.length > live.max_body) {
    return exchange.refuse(http::Reason::body_too_large);
  }
  return Step::next;
}

// The head of the response, through the hooks.
void Gateway::respond(LiveExchange& live, bool upstream) {
  if (upstream) prepare_response(live);
  // First, so that a route's own has the last word.
  if (live.refusal_page) live.refusal_page->on_response(live.exchange);
  if (live.route) live.route->chain.respond(live.exchange, live.progress);
  complete_response(live.exchange, dates_);
}

// In place of a response that broke behind the hooks, before it was sent.
void Gateway::respond_with_refusal(LiveExchange& live) {
  auto& exchange = live.exchange;
  exchange.drop_response_filters();
  if (live.refusal_page) live.refusal_page->on_response(exchange);
  complete_response(exchange, dates_);
}

void Gateway::finish(LiveExchange& live) {
  auto& exchange = live.exchange;
  exchange.times.response_bytes = live.client->bytes_written();
  if (live.route) live.route->chain.finish(exchange, live.progress);
  auto& times = exchange.times;
  std::optional<Duration> upstream_time;
  if (times.attempts != 0) {
    upstream_time =
        (times.upstream_head != TimePoint{} ? times.upstream_head : exchange.now()) - times.upstream_started;
  }
  auto& metrics = live.route ? live.route->metrics : parts_.shard.unmatched();
  metrics.record({.method = exchange.request.method,
                  .status = exchange.response.status,
                  .reason = exchange.reason,
                  .is_grpc = exchange.grpc != http::GrpcForm::none,
                  .grpc_status = exchange.grpc_status,
                  .total = exchange.now() - times.started,
                  .upstream = upstream_time,
                  .request_bytes = times.request_head_bytes + times.request_body_bytes,
                  .response_bytes = times.response_bytes});
  if (parts_.access_log.enabled()) log(live, upstream_time);
  live.end();
  parts_.shard.exchanges_in_flight.sub();
}

void Gateway::log(const LiveExchange& live, std::optional<Duration> upstream_time) {
  const auto& exchange = live.exchange;
  const auto& request = exchange.request;
  const auto& times = exchange.times;
  auto duration = exchange.now() - times.started;
  const auto* facts = live.client->tls();
  const auto tls = facts ? *facts : net::TlsFacts{};
  parts_.access_log.write({.time = exchange.wall() - std::chrono::duration_cast<WallTime::duration>(duration),
                           .duration = duration,
                           .upstream_duration = upstream_time,
                           .bytes_in = times.request_head_bytes + times.request_body_bytes,
                           .bytes_out = times.response_bytes,
                           .status = exchange.response.status,
                           .reason = exchange.reason,
                           .grpc_status = exchange.grpc_status,
                           .version = request.version,
                           .attempts = static_cast<std::uint16_t>(times.attempts),
                           .tls_resumed = tls.resumed,
                           .listener = exchange.listener,
                           .client = exchange.client.address,
                           .peer = exchange.client.peer,
                           .method = request.method_text,
                           .host = request.authority,
                           .path = live.path,
                           .query = request.query,
                           .route = exchange.route,
                           .upstream = exchange.upstream,
                           .endpoint = exchange.endpoint,
                           .request_id = exchange.request_id,
                           .trace_id = exchange.trace_id,
                           .consumer = exchange.consumer,
                           .user_agent = request.fields.find(http::FieldName::user_agent).value_or(""),
                           .referer = request.fields.find(http::FieldName::referer).value_or(""),
                           .tls_version = tls.version,
                           .tls_cipher = tls.cipher,
                           .tls_server_name = tls.server_name});
}

}  // namespace sluice::proxy
