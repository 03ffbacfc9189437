// Asks name servers, by c-ares: which server, when again, by UDP or TCP.
#pragma once

#include <poll.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "upstream/dns/config.h"
#include "upstream/dns/message.h"

struct ares_channeldata;

namespace sluice::upstream::dns {

/// What came of a question.
struct Outcome {
  Result<Reply> reply;
  std::string_view why;  ///< As Answer::why.
};

/// The name servers of one moment. One thread, which drives it: poll what sockets() says, call process(),
/// call expire() by the time that patience() says. Destroying it forgets what is under way: nobody is called.
class CaresChannel {
 public:
  using OnOutcome = std::function<void(Outcome)>;

  /// Reads resolv.conf, also where `config` names servers and domains itself: for its options.
  CaresChannel(const DnsConfig& config, const std::string& resolv_conf);
  ~CaresChannel();
  CaresChannel(const CaresChannel&) = delete;
  CaresChannel& operator=(const CaresChannel&) = delete;

  /// Calls back once, perhaps from inside the call. A callback may ask again, and must not destroy the
  /// channel.
  void ask(const Question& question, OnOutcome callback);

  /// The names that a host may mean, in the order to ask for them (`search` and `ndots`, resolv.conf(5)).
  std::vector<std::string> candidates(const std::string& host) const;

  bool idle() const noexcept { return under_way_ == 0; }
  void add_sockets(std::vector<pollfd>& to) const;
  void process(const pollfd& event);
  void expire();
  /// Until expire() has something to do; nothing while there is nothing under way.
  std::optional<Duration> patience() const;

 private:
  struct Pending;
  void open(const DnsConfig& config, const std::string& resolv_conf);
  void use(const std::vector<std::string>& servers);
  void read_search(const DnsConfig& config);
  static void on_socket(void* self, int socket, int readable, int writable);
  static void on_answer(void* pending, int status, int timeouts, unsigned char* bytes, int size);

  ares_channeldata* channel_ = nullptr;  // null: it could not be opened
  std::map<int, short> sockets_;         // by descriptor: what is waited for
  std::size_t under_way_ = 0;
  bool ending_ = false;
  std::vector<std::string> search_;
  int ndots_ = 1;
};

}  // namespace sluice::upstream::dns
