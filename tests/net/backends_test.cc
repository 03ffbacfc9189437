#include "net/backends.h"

#include "net/memory/memory_network.h"

namespace sluice::net {

std::vector<std::string> backends() {
  std::vector<std::string> all{"epoll", "asio", "memory"};
  if (probe_backend().best == Backend::uring) all.insert(all.begin(), "uring");
  return all;
}

void BackendTest::make(const LoopOptions& options) {
  memory_.reset();
  auto backend = Backend::epoll;
  if (GetParam() == "asio") backend = Backend::asio;
  if (GetParam() == "uring") backend = Backend::uring;
  loop_ = make_loop(backend, clock_, options);
  if (in_memory()) memory_ = std::make_unique<MemoryNetwork>(*loop_, options);
}

std::unique_ptr<Acceptor> BackendTest::listen() {
  return listen(Address::ipv4_loopback(in_memory() ? next_port_++ : 0));
}

std::unique_ptr<Acceptor> BackendTest::listen(const Address& address) {
  ListenSocket socket{-1, address};
  if (!in_memory()) {
    auto sockets = listen_on(address, {});
    EXPECT_TRUE(sockets) << name(sockets.error().fault) << ' ' << sockets.error().os_error;
    socket = sockets->front();
  }
  return *network().listen(std::move(socket));
}

void BackendTest::run(Task<void> task) {
  TaskGroup group;
  group.spawn(std::move(task));
  auto give_up = clock_.now() + std::chrono::seconds(20);
  while (group.size() != 0) {
    if (clock_.now() > give_up) {
      ADD_FAILURE() << "the test hangs";
      std::abort();
    }
    loop_->turn(clock_.now() + std::chrono::seconds(1));
  }
}

std::unique_ptr<Transport> BackendTest::connect_to(const Acceptor& acceptor) {
  auto transport = network().connect(acceptor.local(), {});
  EXPECT_TRUE(transport);
  return transport ? std::move(*transport) : nullptr;
}

Task<BackendTest::Pair> BackendTest::make_pair() {
  Pair pair{listen(), nullptr, nullptr};
  pair.client = connect_to(*pair.acceptor);
  auto accepted = co_await pair.acceptor->accept();
  EXPECT_TRUE(accepted);
  pair.server = std::move(*accepted);
  auto connected = co_await pair.client->connected();
  EXPECT_TRUE(connected);
  co_return pair;
}

Task<Result<void>> send_text(Transport& transport, std::string_view text) {
  Slice slice[1] = {text};
  co_return co_await transport.write(slice);
}

Task<std::string> receive_text(Transport& transport, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    auto chunk = co_await transport.read();
    if (!chunk || chunk->empty()) break;
    text += chunk->view();
  }
  co_return text;
}

}  // namespace sluice::net
