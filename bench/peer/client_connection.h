#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "client.h"
#include "response_reader.h"
#include "stream.h"

namespace sluice::bench {

/// One client's connection and the request that is under way on it.
class Client::Connection : public Watched {
 public:
  enum class State {
    closed,   ///< no descriptor
    ready,    ///< open, no request under way
    busy,     ///< a request is under way
    leaving,  ///< answered; waits for the proxy to close, so that its side keeps the TIME_WAIT
    failed    ///< closed after a fault; the next sweep uses it again
  };

  explicit Connection(Client& client) : client_(client) {}

  /// Sends a request that was due at `due`, over a new connection when there is none.
  void send(Time due);

  State state() const { return state_; }
  Time due() const { return due_; }
  void close(State next);

 private:
  void on_ready(std::uint32_t events) override;
  bool open();
  void flush();
  void receive();
  void take(std::optional<std::string_view> bytes, std::size_t size);
  void on_end();
  Fault unanswered_fault() const;
  void complete();
  void fail(Fault fault);

  Client& client_;
  State state_ = State::closed;
  Stream stream_;
  bool awaits_writable_ = false;
  std::size_t sent_ = 0;  ///< bytes of the request
  Time due_{};
  ResponseReader reader_;
};

}  // namespace sluice::bench
