#include "upstream/dns/cares_resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "upstream/dns/hosts_file.h"
#include "upstream/dns/message.h"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using dns::Type;

/// Answers questions by UDP on loopback from a table; NXDOMAIN for what is not in it.
class NameServer {
 public:
  NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    const auto any = net::Address::ipv4_loopback(0);
    EXPECT_EQ(::bind(socket_, any.raw(), any.length()), 0);
    sockaddr_storage raw{};
    socklen_t length = sizeof(raw);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&raw), &length);
    address_ = net::Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), length);
  }
  ~NameServer() { stop(); }

  void has(Type type, const std::string& name, std::string data) { table_[{type, name}] = std::move(data); }
  void start() {
    thread_ = std::thread([this] { serve(); });
  }
  void stop() {
    if (thread_.joinable()) {
      ::sendto(socket_, "", 0, 0, address_.raw(), address_.length());
      thread_.join();
      ::close(socket_);
    }
  }
  std::string address() const { return address_.to_string(); }
  int asked() const { return asked_.load(); }

 private:
  void serve() {
    for (;;) {
      char bytes[512];
      sockaddr_storage peer{};
      socklen_t length = sizeof(peer);
      const auto size =
          ::recvfrom(socket_, bytes, sizeof(bytes), 0, reinterpret_cast<sockaddr*>(&peer), &length);
      if (size <= 0) return;
      ++asked_;
      const auto answer = answer_to({bytes, static_cast<std::size_t>(size)});
      ::sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer), length);
    }
  }

  std::string answer_to(const std::string& question) const {
    std::string name;
    std::size_t at = 12;
    while (question[at] != 0) {
      const auto size = static_cast<std::size_t>(question[at]);
      name += (name.empty() ? "" : ".") + question.substr(at + 1, size);
      at += size + 1;
    }
    const auto type = static_cast<Type>(question[at + 2]);
    const auto found = table_.find({type, name});
    const bool known = found != table_.end();
    std::string answer =
        question.substr(0, 2) + std::string{'\x81', static_cast<char>(known ? 0x80 : 0x83), 0, 1};
    answer += std::string{0, static_cast<char>(known), 0, 0, 0, 0} + question.substr(12, at + 5 - 12);
    if (!known) return answer;
    answer += std::string{'\xc0', '\x0c', 0, static_cast<char>(type), 0, 1, 0, 0, 0, 42, 0};
    return answer + static_cast<char>(found->second.size()) + found->second;
  }

  const int socket_;
  net::Address address_;
  std::map<std::pair<Type, std::string>, std::string> table_;
  std::atomic<int> asked_{0};
  std::thread thread_;
};

struct Resolving : ::testing::Test {
  Resolving() {
    folder = std::filesystem::temp_directory_path() / ("sluice-dns-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    files = {folder / "resolv.conf", folder / "hosts"};
    write(files.resolv_conf, "");
    config.servers = {server.address()};
    config.search = std::vector<std::string>{};
    config.timeout = 200ms;
    config.tries = 1;
  }
  ~Resolving() override {
    server.stop();
    std::filesystem::remove_all(folder);
  }
  static void write(const std::string& path, std::string_view text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  }
  static Answer<std::vector<net::Address>> resolve(Resolver& resolver, const std::string& name) {
    std::promise<Answer<std::vector<net::Address>>> answered;
    resolver.resolve(name, [&](auto answer) { answered.set_value(std::move(answer)); });
    return answered.get_future().get();
  }
  static net::Address host(std::string_view text) { return *net::Address::parse(std::string(text) + ":0"); }

  NameServer server;
  DnsConfig config;
  std::filesystem::path folder;
  SystemFiles files;
};

const std::string one{10, 0, 0, 1}, two{10, 0, 0, 2};

TEST_F(Resolving, gives_addresses_with_their_ttl) {
  server.has(Type::a, "app.test", one);
  server.start();
  CaresResolver resolver(config, files);
  const auto answer = resolve(resolver, "App.test");
  ASSERT_TRUE(answer.found);
  EXPECT_EQ(*answer.found, std::vector{host("10.0.0.1")});
  EXPECT_EQ(answer.ttl, 42s);
}

TEST_F(Resolving, says_that_there_is_no_such_name) {
  server.start();
  CaresResolver resolver(config, files);
  const auto answer = resolve(resolver, "missing.test");
  ASSERT_FALSE(answer.found);
  EXPECT_EQ(answer.found.error().fault, Fault::unresolved);
  EXPECT_EQ(answer.why, "no such name");
}

TEST_F(Resolving, says_that_nobody_answers) {
  CaresResolver resolver(config, files);
  const auto answer = resolve(resolver, "app.test");
  ASSERT_FALSE(answer.found);
  EXPECT_EQ(answer.found.error().fault, Fault::timed_out);
  EXPECT_FALSE(answer.ttl);
}

TEST_F(Resolving, finds_services) {
  server.has(Type::srv, "_http._tcp.app.test",
             std::string{0, 10, 0, 5, 0x1f, static_cast<char>(0x90), 1, 'a', 0});
  server.start();
  CaresResolver resolver(config, files);
  std::promise<Answer<std::vector<Service>>> answered;
  resolver.find_services("_http._tcp.app.test", [&](auto answer) { answered.set_value(std::move(answer)); });
  const auto answer = answered.get_future().get();
  ASSERT_TRUE(answer.found);
  EXPECT_EQ(*answer.found, (std::vector<Service>{{"a", 8080, 10, 5}}));
  EXPECT_EQ(answer.ttl, 42s);
}

TEST_F(Resolving, looks_into_the_hosts_file_first_and_again_when_it_changes) {
  write(files.hosts,
        "# a comment\n10.0.0.1\tapp.test  other # behind\nfd00::1 APP.test\nnonsense app.test\n");
  server.start();
  CaresResolver resolver(config, files);
  std::set<std::string> found;
  for (const auto& address : *resolve(resolver, "app.test").found) found.insert(address.to_string());
  EXPECT_EQ(found, (std::set<std::string>{"10.0.0.1:0", "[fd00::1]:0"}));
  EXPECT_EQ(server.asked(), 0);
  write(files.hosts, "10.0.0.22 app.test\n");
  EXPECT_EQ(*resolve(resolver, "app.test").found, std::vector{host("10.0.0.22")});
}

TEST_F(Resolving, knows_localhost_without_asking) {
  server.start();
  CaresResolver resolver(config, files);
  EXPECT_EQ(resolve(resolver, "localhost").found->size(), 2U);
  EXPECT_EQ(resolve(resolver, "app.localhost.").found->size(), 2U);
  EXPECT_EQ(server.asked(), 0);
}

TEST_F(Resolving, tries_search_domains_as_resolv_conf_says_and_reads_it_again_when_it_changes) {
  config.search.reset();
  write(files.resolv_conf, "search first.test second.test\noptions ndots:2\n");
  server.has(Type::a, "app.second.test", one);
  server.has(Type::a, "app.third.test", two);
  server.start();
  CaresResolver resolver(config, files);
  EXPECT_EQ(*resolve(resolver, "app").found, std::vector{host("10.0.0.1")});
  EXPECT_FALSE(resolve(resolver, "app.").found) << "a dot at the end: as it is";
  write(files.resolv_conf, "search third.test\n");
  EXPECT_EQ(*resolve(resolver, "app").found, std::vector{host("10.0.0.2")});
}

TEST_F(Resolving, refuses_names_that_are_too_long_without_asking) {
  server.start();
  CaresResolver resolver(config, files);
  EXPECT_EQ(resolve(resolver, std::string(64, 'a') + ".test").found.error().fault, Fault::unresolved);
  EXPECT_EQ(server.asked(), 0);
}

TEST_F(Resolving, answers_every_one_of_many_names_at_once) {
  for (int n = 0; n < 500; ++n) server.has(Type::a, "app" + std::to_string(n) + ".test", one);
  server.start();
  config.timeout = 5s;
  CaresResolver resolver(config, files);
  std::atomic<int> open{500}, found{0};
  std::promise<void> done;
  for (int n = 0; n < 500; ++n)
    resolver.resolve("app" + std::to_string(n) + ".test", [&](const auto& answer) {
      found += answer.found.has_value();
      if (--open == 0) done.set_value();
    });
  done.get_future().get();
  EXPECT_EQ(found, 500);
}

TEST_F(Resolving, goes_by_a_new_configuration) {
  server.has(Type::a, "app.test", one);
  server.start();
  auto elsewhere = config;
  elsewhere.servers = {"127.0.0.1:1"};
  CaresResolver resolver(elsewhere, files);
  EXPECT_FALSE(resolve(resolver, "app.test").found);
  resolver.configure(config);
  EXPECT_TRUE(resolve(resolver, "app.test").found);
}

TEST_F(Resolving, ends_without_waiting_for_answers_and_calls_nobody_then) {
  config.timeout = 60s;
  std::atomic<int> calls{0};
  auto resolver = std::make_unique<CaresResolver>(config, files);
  for (int n = 0; n < 100; ++n)
    resolver->resolve("app" + std::to_string(n) + ".test", [&calls](const auto&) { ++calls; });
  const auto began = std::chrono::steady_clock::now();
  resolver.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace sluice::upstream
