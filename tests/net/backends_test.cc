#include "net/backends.h"

#include "net/memory/memory_network.h"
#include "net/tls/client_context.h"
#include "net/tls/server_context.h"
#include "net/tls/tls_transport.h"
#include "support/tls_files.h"

namespace sluice::net {
namespace {

// Both ends of every encrypted connection of the tests.
struct Contexts {
  Contexts() {
    std::vector<tls::PolicyFault> faults;
    std::vector<tls::FileFault> client_faults;
    server = std::make_unique<tls::SharedServerContext>(
        tls::ServerPolicy{
            .name = "tests", .key_pairs = {{files.certificate(), files.private_key(), {}}}, .client_ca = {}},
        faults);
    client = std::make_unique<tls::SharedClientContext>(
        tls::ClientPolicy{.ca = files.certificate(), .own = {}}, client_faults);
    EXPECT_TRUE(faults.empty() && client_faults.empty());
  }
  TlsFiles files;
  std::unique_ptr<tls::SharedServerContext> server;
  std::unique_ptr<tls::SharedClientContext> client;
};

}  // namespace

std::vector<std::string> backends() {
  std::vector<std::string> all{"epoll", "asio", "memory"};
  for (const char* under_tls : {"tls_epoll", "tls_memory"}) all.emplace_back(under_tls);
  if (probe_backend().best == Backend::uring) all.insert(all.begin(), {"uring", "tls_uring"});
  return all;
}

void BackendTest::make(const LoopOptions& options) {
  memory_.reset();
  auto backend = Backend::epoll;
  if (GetParam() == "asio") backend = Backend::asio;
  if (GetParam().ends_with("uring")) backend = Backend::uring;
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
  if (encrypted()) co_await encrypt(pair);
  co_return pair;
}

Task<void> BackendTest::encrypt(Pair& pair) {
  using namespace tls;
  static const Contexts contexts;
  static ResumableSession session;
  auto& buffers = loop().tls_buffers();
  auto* client = new TlsTransport(std::move(pair.client), contexts.client->make_ssl("localhost", session),
                                  Role::client, buffers);
  pair.client.reset(client);
  auto* server = new TlsTransport(std::move(pair.server), contexts.server->make_ssl(), Role::server, buffers);
  pair.server.reset(server);
  Child beside;
  auto serve = [](TlsTransport& end) -> Task<void> {
    auto agreed = co_await end.handshake();
    EXPECT_TRUE(agreed) << end.failure();
  };
  beside.start(serve(*server));
  auto agreed = co_await client->handshake();
  EXPECT_TRUE(agreed) << client->failure();
  co_await beside.join();
}

std::string pattern(std::size_t size) {
  std::string block(65521, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  std::string text;
  text.reserve(size + block.size());
  while (text.size() < size) text += block;
  text.resize(size);
  return text;
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
