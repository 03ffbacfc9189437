#include "runtime/origins.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "sluice/query.h"

namespace sluice::runtime {
namespace {

constexpr auto kSlow = std::chrono::milliseconds(1000);
constexpr auto kSlowest = std::chrono::minutes(1);

// Sees the request as the gateway sent it.
Step show(Exchange& exchange, std::string_view origin) {
  const auto& request = exchange.request;
  nlohmann::ordered_json json{{"origin", origin}, {"method", request.method_text}, {"path", request.path}};
  if (request.has_query) json["query"] = request.query;
  auto& headers = json["headers"] = nlohmann::ordered_json::object();
  for (const auto& field : request.fields) headers[std::string(field.name)] = field.value;
  using Handler = nlohmann::ordered_json::error_handler_t;
  return exchange.reply(200, "application/json", json.dump(2, ' ', false, Handler::replace) + "\n");
}

class Fast final : public Middleware {
 public:
  Step on_request(Exchange& exchange) override { return show(exchange, "fast"); }
};

class Slow final : public Middleware {
 public:
  explicit Slow(net::Loop& loop) : loop_(loop) {}
  Step on_request(Exchange&) override { return Step::wait; }
  Task<Step> decide(Exchange& exchange) override {
    co_await loop_.sleep(delay(exchange));
    co_return show(exchange, "slow");
  }

 private:
  static Duration delay(const Exchange& exchange) {
    auto text = query_value(exchange.request.query, "ms").value_or("");
    unsigned ms = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return kSlow;
    return std::min<Duration>(std::chrono::milliseconds(ms), kSlowest);
  }
  net::Loop& loop_;
};

class Flaky final : public Middleware {
 public:
  Step on_request(Exchange& exchange) override {
    if (++count_ % 3 == 0) return exchange.reply(503, "text/plain; charset=utf-8", "flaky: not this time\n");
    return show(exchange, "flaky");
  }

 private:
  unsigned count_ = 0;
};

// One message and the status that ends the call; the same for all who ask.
class Answer final : public BodySource {
 public:
  explicit Answer(std::string_view message) : framed_(5, '\0') {
    framed_[4] = static_cast<char>(message.size());
    framed_ += message;
    slice_ = framed_;
    trailers_.add("grpc-status", "0");
  }
  Task<Result<BodyPiece>> read() override {
    return Task<Result<BodyPiece>>::done(
        BodyPiece{.slices = {&slice_, 1}, .bytes = slice_.size(), .last = true});
  }
  bool ready() const noexcept override { return true; }
  const http::HeaderBlock* trailers() const noexcept override { return &trailers_; }

 private:
  std::string framed_;
  Slice slice_;
  http::HeaderBlock trailers_;
};

class Grpc final : public Middleware {
 public:
  Step on_request(Exchange& exchange) override {
    auto& response = exchange.response;
    response.status = 200;
    response.fields.add("Content-Type", "application/grpc");
    response.body = {.kind = http::BodyLength::Kind::chunked};
    const bool health = exchange.request.path == "/grpc.health.v1.Health/Check";
    return exchange.reply_from(health ? serving_ : hello_);
  }

 private:
  Answer hello_{"\x0a\x11hello from sluice"};  // field 1, 17 bytes of text
  Answer serving_{"\x08\x01"};                 // field 1, SERVING
};

}  // namespace

std::unique_ptr<Middleware> fast_origin(net::Loop&) { return std::make_unique<Fast>(); }
std::unique_ptr<Middleware> slow_origin(net::Loop& loop) { return std::make_unique<Slow>(loop); }
std::unique_ptr<Middleware> flaky_origin(net::Loop&) { return std::make_unique<Flaky>(); }
std::unique_ptr<Middleware> grpc_origin(net::Loop&) { return std::make_unique<Grpc>(); }

}  // namespace sluice::runtime
