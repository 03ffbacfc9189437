// TLS over any other transport.
#pragma once

#include <memory>
#include <new>
#include <span>

#include "base/task.h"
#include "net/buffer_pool.h"
#include "net/tls/openssl.h"
#include "net/tls/plaintext.h"
#include "net/tls/wire.h"
#include "net/transport.h"

namespace sluice::net::tls {

/// Which end of the connection this is.
enum class Role : std::uint8_t { server, client };

/// Plaintext on this side, records on the other. An idle one holds no buffer of either. Deleting it while
/// bytes that nobody waits for are being sent (close_notify) breaks the inner transport and frees it after.
///
/// The end of the stream is close_notify. A server takes a bare FIN for the end too, since many clients
/// leave so; a client reads Fault::closed then, since its peer's message may have been cut off.
class TlsTransport final : public Transport, private Watcher {
 public:
  /// `ssl` is fresh from its context; `buffers` are of the loop and outlive the transport.
  TlsTransport(std::unique_ptr<Transport> inner, UniqueSsl ssl, Role role, BufferPool& buffers);

  static void operator delete(TlsTransport* self, std::destroying_delete_t) noexcept { self->retire(); }

  /// Before anything else; a read comes next, which sends a server's last bytes. Fault::certificate where the
  /// peer's does not stand up, Fault::tls where the sides do not agree; failure() says why.
  Task<Result<void>> handshake();

  /// In OpenSSL's words, of a handshake that failed; empty else.
  const std::string& failure() const noexcept { return failure_; }
  ssl_st& ssl() noexcept { return *ssl_; }

  void watch(Watcher* watcher) noexcept override;
  bool peer_gone() const noexcept override;
  void shutdown_write() noexcept override;
  void end_with_next_write() noexcept override { end_wanted_ = true; }
  void cancel_read() noexcept override;
  void abort(Fault why, bool reset) noexcept override;
  std::optional<std::uint64_t> delivered() const noexcept override { return inner_->delivered(); }
  const Address& peer() const noexcept override { return inner_->peer(); }
  const Address& local() const noexcept override { return inner_->local(); }
  bool hides_client() const noexcept override { return inner_->hides_client(); }
  const TlsFacts* tls() const noexcept override { return &facts_; }

 private:
  ~TlsTransport() override;
  void retire() noexcept;
  void discard() noexcept;

  bool start_read(ReadOp& op, std::size_t expected) noexcept override;
  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override;
  bool start_connect(WriteOp& op) noexcept override;

  // tls_transport_handshake.cc
  Task<Result<void>> receive_handshake();
  Task<Result<void>> flush_handshake();
  void note_facts() noexcept;

  // tls_transport_reading.cc
  void on_activity() noexcept override;
  Task<void> receive();
  void take(Result<Chunk> chunk) noexcept;
  bool has_news() noexcept;
  bool has_ciphertext() const noexcept;
  bool decrypt(Result<Chunk>& result, std::size_t expected) noexcept;
  bool read_failed(int status, Result<Chunk>& result) noexcept;
  bool look_ahead() noexcept;

  // tls_transport_writing.cc
  void flush() noexcept;
  Task<void> write_more();
  bool send_now() noexcept;
  void encrypt() noexcept;
  void note_sent() noexcept;
  void fail_write(Error error) noexcept;
  Result<void> written() const noexcept;
  void say_goodbye() noexcept;

  std::unique_ptr<Transport> inner_;
  BufferPool& buffers_;
  Wire wire_;
  UniqueSsl ssl_;
  const Role role_;
  bool closed_ = false;        // close_notify has come
  bool end_wanted_ = false;    // with the next write
  bool goodbye_said_ = false;  // close_notify is out or on its way
  bool fin_wanted_ = false;    // behind what is being written
  ReadOp* reader_ = nullptr;
  Watcher* watcher_ = nullptr;
  std::size_t expected_ = 0;
  WriteOp* writer_ = nullptr;
  Plaintext plaintext_;  // of the write under way
  Error read_error_;
  Error write_error_;
  WriteOp inner_write_;
  TaskGroup reading_, writing_;  // one task each, while the inner transport has to wait
  TlsFacts facts_;
  std::string failure_;
};

}  // namespace sluice::net::tls
