// Who a connection's client is, as its exchanges see it.
#pragma once

#include <string>

#include "net/transport.h"
#include "proxy/listener.h"
#include "sluice/exchange.h"

namespace sluice::proxy {

/// Written once a connection. The transport and the plan outlive it.
class ClientFacts {
 public:
  ClientFacts(const net::Transport& transport, const ListenerPlan& plan);

  /// Into exchange.client and the request's scheme; a trusted proxy's word for both is taken.
  void describe(Exchange& exchange) const;

  /// Whether the request may be served here: not for the other scheme, and under mutual TLS not for another
  /// host.
  bool may_ask(const RequestHead& request) const noexcept;

 private:
  bool is_for_this_host(const RequestHead& request) const noexcept;
  void believe_peer(Exchange& exchange) const;

  const net::Transport& transport_;
  const ListenerPlan& plan_;
  std::string peer_;  // with its port
};

}  // namespace sluice::proxy
