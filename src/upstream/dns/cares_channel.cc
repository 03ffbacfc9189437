#include "upstream/dns/cares_channel.h"

#include <ares.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace sluice::upstream::dns {
namespace {

constexpr int kUdpPayload = 1232;  // passes every path unfragmented (DNS flag day 2020)
constexpr int kInternet = 1;

Error unanswered(Fault fault) { return {fault, Side::upstream, true}; }

std::string_view why_not(int status) {
  switch (status) {
    case ARES_ESERVFAIL:
      return "the name server failed";
    case ARES_EREFUSED:
      return "the name server refused";
    case ARES_ECONNREFUSED:
      return "no name server is there";
    case ARES_ETIMEOUT:
      return "no answer in time";
    case ARES_EBADNAME:
      return "it is no name";
    case ARES_ENOTIMP:
    case ARES_EFORMERR:
      return "the name server does not understand";
    case ARES_ENOMEM:
      return "no memory";
    default:
      return "no answer";
  }
}

Fault fault_of(int status) {
  switch (status) {
    case ARES_EBADNAME:
      return Fault::unresolved;
    case ARES_ETIMEOUT:
      return Fault::timed_out;
    case ARES_ECONNREFUSED:
      return Fault::refused;
    case ARES_ENOMEM:
      return Fault::no_memory;
    default:
      return Fault::other;
  }
}

bool is_answer(int status, const unsigned char* bytes) {
  return bytes && (status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND);
}

Outcome read_outcome(const Question& question, int status, std::span<const std::uint8_t> bytes) {
  if (!is_answer(status, bytes.data())) return {unanswered(fault_of(status)), why_not(status)};
  auto reply = read_reply(bytes, question);
  if (!reply) return {reply.error(), "its answer cannot be understood"};
  if (!reply->empty()) return {std::move(reply), {}};
  if (status == ARES_ENOTFOUND) return {std::move(reply), "no such name"};
  return {std::move(reply),
          question.type == Type::srv ? "the name has no service" : "the name has no address"};
}

std::string joined(const std::vector<std::string>& servers) {
  std::string list;
  for (const auto& server : servers) list += (list.empty() ? "" : ",") + *name_server(server);
  return list;
}

}  // namespace

struct CaresChannel::Pending {
  CaresChannel& owner;
  Question question;
  OnOutcome callback;
};

CaresChannel::CaresChannel(const DnsConfig& config, const std::string& resolv_conf) {
  open(config, resolv_conf);
  if (channel_ && config.servers) use(*config.servers);
  if (channel_) read_search(config);
}

void CaresChannel::open(const DnsConfig& config, const std::string& resolv_conf) {
  auto path = resolv_conf;
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = kUdpPayload;
  options.timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(config.timeout).count());
  options.tries = static_cast<int>(config.tries);
  options.resolvconf_path = path.data();
  options.sock_state_cb = &CaresChannel::on_socket;
  options.sock_state_cb_data = this;
  const int given = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                    ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&channel_, &options, given) != ARES_SUCCESS) channel_ = nullptr;
}

void CaresChannel::use(const std::vector<std::string>& servers) {
  if (ares_set_servers_ports_csv(channel_, joined(servers).c_str()) == ARES_SUCCESS) return;
  ares_destroy(std::exchange(channel_, nullptr));
}

void CaresChannel::read_search(const DnsConfig& config) {
  ares_options found{};
  int given = 0;
  if (ares_save_options(channel_, &found, &given) != ARES_SUCCESS) return;
  ndots_ = found.ndots;
  for (int i = 0; i < found.ndomains; ++i) search_.emplace_back(found.domains[i]);
  ares_destroy_options(&found);
  if (config.search) search_ = *config.search;
}

CaresChannel::~CaresChannel() {
  ending_ = true;
  if (channel_) ares_destroy(channel_);
}

void CaresChannel::ask(const Question& question, OnOutcome callback) {
  if (!channel_) return callback({unanswered(Fault::other), "the name servers cannot be read"});
  ++under_way_;
  auto* pending = new Pending{*this, question, std::move(callback)};  // on_answer() owns it
  ares_query(channel_, question.name.c_str(), kInternet, static_cast<int>(question.type),
             &CaresChannel::on_answer, pending);
}

void CaresChannel::on_answer(void* arg, int status, int, unsigned char* bytes, int size) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(arg));
  --pending->owner.under_way_;
  if (pending->owner.ending_) return;
  pending->callback(
      read_outcome(pending->question, status, {bytes, static_cast<std::size_t>(std::max(size, 0))}));
}

std::vector<std::string> CaresChannel::candidates(const std::string& host) const {
  if (host.ends_with('.')) return {host.substr(0, host.size() - 1)};
  std::vector<std::string> names;
  for (const auto& domain : search_) {
    auto name = host + '.' + (domain.ends_with('.') ? domain.substr(0, domain.size() - 1) : domain);
    if (is_name(name)) names.push_back(std::move(name));
  }
  const bool first = std::count(host.begin(), host.end(), '.') >= ndots_;
  names.insert(first ? names.begin() : names.end(), host);
  return names;
}

void CaresChannel::on_socket(void* arg, int socket, int readable, int writable) {
  auto& sockets = static_cast<CaresChannel*>(arg)->sockets_;
  if (!readable && !writable) {
    sockets.erase(socket);
  } else {
    sockets[socket] = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  }
}

void CaresChannel::add_sockets(std::vector<pollfd>& to) const {
  for (const auto& [socket, events] : sockets_) to.push_back({socket, events, 0});
}

void CaresChannel::process(const pollfd& event) {
  if (!sockets_.contains(event.fd)) return;
  const bool failed = (event.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  const auto ready = [&](short what) {
    return (event.revents & what) || failed ? event.fd : ARES_SOCKET_BAD;
  };
  ares_process_fd(channel_, ready(POLLIN), (event.events & POLLOUT) ? ready(POLLOUT) : ARES_SOCKET_BAD);
}

void CaresChannel::expire() {
  if (channel_) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

std::optional<Duration> CaresChannel::patience() const {
  timeval left{};
  if (!channel_ || !ares_timeout(channel_, nullptr, &left)) return {};
  return std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

}  // namespace sluice::upstream::dns
