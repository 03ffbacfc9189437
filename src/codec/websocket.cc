#include "codec/websocket.h"

#include "base/base64.h"
#include "net/tls/digest.h"

namespace sluice::codec {

std::string websocket_accept(std::string_view key) {
  const auto digest = net::tls::sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::string accept;
  Base64Encoder encoder;
  encoder.encode({reinterpret_cast<const char*>(digest.data()), digest.size()}, accept);
  encoder.finish(accept);
  return accept;
}

}  // namespace sluice::codec
