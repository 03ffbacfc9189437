// A byte stream as everything above src/net sees it: TCP, unix socket, memory, later TLS.
//
// One read and one write may be under way at the same time, each awaited by one coroutine of the
// loop's thread. What is written must stay where it is until the write is over. A transport is
// destroyed when no operation on it is awaited; whatever the kernel still holds then lives on
// behind it until its completion has come back.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/slice.h"
#include "net/address.h"
#include "net/chunk.h"

namespace sluice::net {

/// The state of one read that a coroutine waits for; lives in its frame.
struct ReadOp {
  std::coroutine_handle<> waiter;
  Result<Chunk> result = Chunk{};
  std::size_t pipe_at_most = 0;  ///< Not 0: so many bytes may come in a pipe (Chunk::pipe()).
};

/// The state of one write or connect that a coroutine waits for; lives in its frame, or where
/// begin_write() was given it.
struct WriteOp {
  std::coroutine_handle<> waiter;
  Result<void> result{};
  Pipe* pipe = nullptr;  ///< What is in it is written behind the slices, where the transport takes_pipes().
};

/// What a TLS handshake has agreed on.
struct TlsFacts {
  std::string_view version;      ///< "TLSv1.3"
  std::string_view cipher;       ///< As IANA names it.
  std::string_view protocol;     ///< By ALPN: "h2", "http/1.1"; empty where none was agreed on.
  std::string_view server_name;  ///< SNI, as the client sent it; empty where it sent none.
  bool resumed = false;
  bool client_verified = false;  ///< The peer has shown a certificate, and it stands up to verification.
};

/// Told when something happens on a stream on which nobody reads: data, the end, or an error.
/// Called on the loop's thread, at most once for each watch(), never from inside watch() itself.
/// It may destroy the transport.
class Watcher {
 public:
  virtual void on_activity() noexcept = 0;

 protected:
  ~Watcher() = default;
};

/// What a deadline, or whoever gives something up, can break: a connection, or a stream of one.
class Breakable {
 public:
  /// See Transport.
  virtual void cancel_read() noexcept = 0;
  virtual void abort(Fault why, bool reset = false) noexcept = 0;

 protected:
  ~Breakable() = default;
};

class Transport : public Breakable {
 public:
  virtual ~Transport() = default;
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Reads what is there into a leased buffer: `Result<Chunk>`; an empty chunk is the end (FIN),
  /// and every later read gives it again. `expected` is how many bytes the caller knows to be
  /// coming (0: unknown); from 64 KiB up the lease may be a large buffer. Into::pipe is for whoever passes on
  /// what it reads, unseen, to a transport that takes_pipes(): it may come in a pipe, and is `expected` at
  /// most then.
  enum class Into : std::uint8_t { memory, pipe };
  auto read(std::size_t expected = 0, Into into = Into::memory) noexcept {
    return ReadAwaiter{*this, expected, {{}, Chunk{}, into == Into::pipe ? expected : 0}};
  }
  virtual bool takes_pipes() const noexcept { return false; }

  /// Writes all slices in order, as one gathered write where it can: `Result<void>`. The slices
  /// and their bytes must live until then.
  auto write(std::span<const Slice> slices) noexcept { return WriteAwaiter{*this, slices, {}}; }

  /// write() without a coroutine where it completes at once: true, and op.result is set. Else
  /// co_await pending(op), right away; op lives until then.
  bool begin_write(WriteOp& op, std::span<const Slice> slices) noexcept { return start_write(op, slices); }
  static auto pending(WriteOp& op) noexcept { return PendingAwaiter{op}; }

  /// read() for a transport over this one: true, and op.result is set; else op.waiter is resumed later, and
  /// is to be set right away.
  bool begin_read(ReadOp& op, std::size_t expected) noexcept { return start_read(op, expected); }

  /// Completes when the connection stands (`Result<void>`); at once on an accepted one.
  auto connected() noexcept { return ConnectAwaiter{*this, {}}; }

  /// Asks to be told of activity while nobody reads. A byte that arrived is kept for the next
  /// read. At most one watcher; nullptr ends it. A read ends it too.
  virtual void watch(Watcher* watcher) noexcept = 0;

  /// What is known without a system call: the peer has sent FIN or an error was seen.
  virtual bool peer_gone() const noexcept = 0;

  /// Sends FIN after what was written; reading goes on.
  virtual void shutdown_write() noexcept = 0;

  /// The next write is the last, and shutdown_write() comes right after it: a transport that can sends the
  /// end with those bytes rather than behind them.
  virtual void end_with_next_write() noexcept {}

  /// Gives a pending read up: it completes soon with Fault::cancelled, and no byte is lost for
  /// the next read. Nothing happens when none is pending.
  void cancel_read() noexcept override = 0;

  /// Breaks the connection: what is pending completes soon with `why`, what comes later fails with
  /// it at once. With `reset` the peer sees RST rather than FIN, so that it cannot take a cut-off
  /// message for a whole one.
  void abort(Fault why, bool reset = false) noexcept override = 0;

  /// How many bytes the other side has taken since the connection was made, as far as its kernel has
  /// confirmed; none where that cannot be told (unix sockets). May be a system call.
  virtual std::optional<std::uint64_t> delivered() const noexcept { return {}; }

  virtual const Address& peer() const noexcept = 0;
  virtual const Address& local() const noexcept = 0;

  /// It came for somebody whom the load balancer in front did not name: peer() is the load balancer, and what
  /// comes is not its own.
  virtual bool hides_client() const noexcept { return false; }

  /// Null where the bytes are not encrypted.
  virtual const TlsFacts* tls() const noexcept { return nullptr; }

 protected:
  // Each returns true when it completed at once (op.result is set) and false when it is pending:
  // then the transport sets op.result and resumes op.waiter later, from the loop, never from
  // inside another call of the same coroutine.
  virtual bool start_read(ReadOp& op, std::size_t expected) noexcept = 0;
  virtual bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept = 0;
  virtual bool start_connect(WriteOp& op) noexcept = 0;

 private:
  struct ReadAwaiter {
    Transport& transport;
    std::size_t expected;
    ReadOp op;
    bool await_ready() noexcept { return transport.start_read(op, expected); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { op.waiter = waiter; }
    Result<Chunk> await_resume() noexcept { return std::move(op.result); }
  };
  struct WriteAwaiter {
    Transport& transport;
    std::span<const Slice> slices;
    WriteOp op;
    bool await_ready() noexcept { return transport.start_write(op, slices); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { op.waiter = waiter; }
    Result<void> await_resume() noexcept { return op.result; }
  };
  struct PendingAwaiter {
    WriteOp& op;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { op.waiter = waiter; }
    Result<void> await_resume() noexcept { return op.result; }
  };
  struct ConnectAwaiter {
    Transport& transport;
    WriteOp op;
    bool await_ready() noexcept { return transport.start_connect(op); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { op.waiter = waiter; }
    Result<void> await_resume() noexcept { return op.result; }
  };
};

/// The state of one accept that a coroutine waits for.
struct AcceptOp {
  std::coroutine_handle<> waiter;
  Result<std::unique_ptr<Transport>> result = Error{};
};

/// A listening socket on one loop.
class Acceptor {
 public:
  virtual ~Acceptor() = default;

  /// The next connection: `Result<std::unique_ptr<Transport>>`. Fault::cancelled after stop().
  /// Other errors pass (a connection that broke in the queue, no descriptors: the acceptor
  /// itself pauses for 100 ms before it goes on), so the caller counts them and asks again.
  auto accept() noexcept { return AcceptAwaiter{*this, {}}; }

  /// Accepts nothing more; what was accepted and not yet asked for is still given out first.
  virtual void stop() noexcept = 0;

  virtual const Address& local() const noexcept = 0;

 protected:
  virtual bool start_accept(AcceptOp& op) noexcept = 0;

 private:
  struct AcceptAwaiter {
    Acceptor& acceptor;
    AcceptOp op;
    bool await_ready() noexcept { return acceptor.start_accept(op); }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { op.waiter = waiter; }
    Result<std::unique_ptr<Transport>> await_resume() noexcept { return std::move(op.result); }
  };
};

}  // namespace sluice::net
