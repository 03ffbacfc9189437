// Runs one test over every way a byte can travel here.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/task.h"
#include "net/backend.h"
#include "net/buffer_pool.h"
#include "net/listen.h"
#include "net/loop.h"

namespace sluice::net {

/// "uring" where this machine allows it, "epoll", "asio", "memory" (the memory network on epoll), and each
/// but asio again under TLS: "tls_uring" and so on.
std::vector<std::string> backends();

/// A loop of the backend under test, run by the test's own thread on the machine's clock.
class BackendTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { make({}); }

  /// Again, with other limits.
  void make(const LoopOptions& options);

  bool in_memory() const { return GetParam().ends_with("memory"); }
  bool encrypted() const { return GetParam().starts_with("tls_"); }
  Loop& loop() { return *loop_; }
  Network& network() { return memory_ ? *memory_ : loop_->network(); }

  /// Listens at a free port of loopback (or a free name of the memory network).
  std::unique_ptr<Acceptor> listen();
  std::unique_ptr<Acceptor> listen(const Address& address);

  /// Runs the task to its end; a test that hangs is ended after 20 s.
  void run(Task<void> task);

  std::unique_ptr<Transport> connect_to(const Acceptor& acceptor);

  struct Pair {
    std::unique_ptr<Acceptor> acceptor;
    std::unique_ptr<Transport> client, server;
  };
  /// A connection with both its ends, under TLS where the backend says so.
  Task<Pair> make_pair();

 private:
  Task<void> encrypt(Pair& pair);

  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Network> memory_;
  std::uint16_t next_port_ = 1;
};

/// A text of so many bytes, different at every place where a piece may be lost or come twice.
std::string pattern(std::size_t size);

/// Writes the text as one slice.
Task<Result<void>> send_text(Transport& transport, std::string_view text);

/// Reads until `bytes` are there or the stream ends; asserts nothing.
Task<std::string> receive_text(Transport& transport, std::size_t bytes = SIZE_MAX);

}  // namespace sluice::net
