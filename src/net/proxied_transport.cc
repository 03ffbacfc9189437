#include "net/proxied_transport.h"

#include <string>

namespace sluice::net {

Task<Result<std::unique_ptr<Transport>>> ProxiedTransport::accept(std::unique_ptr<Transport> inner) {
  std::string begun;  // a header that came in pieces
  for (;;) {
    auto chunk = co_await inner->read();
    if (!chunk) co_return chunk.error();
    if (chunk->empty()) co_return Error{.fault = Fault::closed, .side = Side::client};
    const auto before = begun.size();
    if (before != 0) begun.append(chunk->view());
    const auto header = parse_proxy_header(before != 0 ? std::string_view(begun) : chunk->view());
    if (header.status == ProxyHeader::Status::malformed) {
      co_return Error{.fault = Fault::malformed, .side = Side::client};
    }
    if (header.status == ProxyHeader::Status::incomplete) {
      if (before == 0) begun = chunk->view();
      continue;
    }
    chunk->consume(header.size - before);
    Chunk rest;
    if (!chunk->empty()) rest = std::move(*chunk);
    co_return std::unique_ptr<Transport>(new ProxiedTransport(std::move(inner), header, std::move(rest)));
  }
}

bool ProxiedTransport::start_read(ReadOp& op, std::size_t expected) noexcept {
  if (rest_.empty()) return inner_->begin_read(op, expected);
  op.result = std::exchange(rest_, Chunk{});
  return true;
}

bool ProxiedTransport::start_connect(WriteOp& op) noexcept {
  op.result = Result<void>{};
  return true;
}

}  // namespace sluice::net
