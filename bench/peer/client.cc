#include "client.h"

#include <fmt/format.h>

#include <algorithm>

#include "body_size.h"
#include "client_connection.h"

namespace sluice::bench {
namespace {

constexpr auto kSweepInterval = std::chrono::milliseconds(20);
constexpr std::size_t kOpeningAtOnce = 64;

std::string make_request(const Options& options) {
  const bool cacheable = is_cacheable(options.path);
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: sluice-bench/1.0\r\nAccept: */*\r\n"
      "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.8\r\n"
      "X-Client-Version: 2026.11.24-ab12cd3\r\n"
      "Cookie: theme=dark; session=6f1c2e9a7b3d4805\r\n{}{}\r\n",
      options.path, options.proxy_host, options.proxy_port,
      cacheable ? "Referer: https://www.example.com/products/index.html\r\n"
                : "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789\r\n",
      options.mode == Mode::new_connection ? "Connection: close\r\n" : "");
}

}  // namespace

Client::Client(Poller& poller, const Options& options, Recorder& recorder)
    : poller_(poller),
      options_(options),
      recorder_(recorder),
      request_(make_request(options)),
      expected_body_(bench::body_size(options.path)) {
  if (options.tls != Encryption::none) tls_.emplace(options.tls == Encryption::resumed);
  for (std::size_t i = 0; i < options.connections; ++i) connections_.emplace_back(*this);
}

Client::~Client() = default;

void Client::start(Time now, Time end) {
  end_ = end;
  next_sweep_ = now + kSweepInterval;
  if (options_.rate > 0 && options_.mode != Mode::idle) arrivals_.emplace(now, options_.rate);
  if (options_.mode == Mode::idle) return open_more(now);
  for (Connection& connection : connections_) on_free(connection, now);
}

Time Client::tick(Time now) {
  send_due(now);
  if (now >= next_sweep_) sweep(now);
  const bool waits_for_due = paced() && !stopped_ && !free_.empty();
  return waits_for_due ? std::min(arrivals_->next(), next_sweep_) : next_sweep_;
}

void Client::on_free(Connection& connection, Time now) {
  if (options_.mode == Mode::idle) {
    ++held_;
    return open_more(now);
  }
  if (paced())
    free_.push_back(&connection);
  else if (!stopped_)
    connection.send(now);
}

void Client::send_due(Time now) {
  while (paced() && !stopped_ && !free_.empty() && arrivals_->next() <= now && arrivals_->next() < end_) {
    Connection* connection = free_.front();
    free_.pop_front();
    const Time due = arrivals_->next();
    arrivals_->advance();
    connection->send(due);
  }
}

void Client::open_more(Time now) {
  while (!stopped_ && under_way_ < kOpeningAtOnce && opened_ < connections_.size()) {
    connections_[opened_++].send(now);
  }
}

void Client::sweep(Time now) {
  const auto patience = std::chrono::duration<double>(options_.timeout);
  for (Connection& connection : connections_) {
    const bool busy = connection.state() == Connection::State::busy;
    const bool waits = busy || connection.state() == Connection::State::leaving;
    if (waits && now - connection.due() > patience) {
      under_way_ -= busy ? 1 : 0;
      recorder_.failed(Fault::timeout);
      connection.close(Connection::State::failed);
    }
    // A failed one rests until the sweep, so that a proxy that refuses is not asked in a tight loop.
    if (connection.state() == Connection::State::failed && !stopped_) {
      connection.close(Connection::State::closed);
      if (options_.mode == Mode::idle)
        connection.send(now);
      else
        on_free(connection, now);
    }
  }
  next_sweep_ = now + kSweepInterval;
}

void Client::give_up(Time now) {
  if (!paced()) return;
  for (Connection& connection : connections_) {
    if (connection.state() != Connection::State::busy) continue;
    recorder_.failed(Fault::timeout);
    recorder_.gave_up(connection.due(), now - connection.due());
  }
  for (; arrivals_->next() < end_; arrivals_->advance()) {
    recorder_.failed(Fault::unsent);
    recorder_.gave_up(arrivals_->next(), now - arrivals_->next());
  }
}

}  // namespace sluice::bench
