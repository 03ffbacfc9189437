#include <algorithm>
#include <new>

#include <nghttp2/nghttp2.h>

#include "codec/h2/server.h"

namespace sluice::codec::h2 {
namespace {

constexpr std::size_t kBatch = 64 * 1024;  // bytes written at once
constexpr auto kLinger = std::chrono::seconds(2);
// Requests that a client may take back beyond those that it lets finish (RFC 9113 10.5, "rapid reset").
constexpr std::uint64_t kResetsForFree = 200;

std::string_view view(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

// What a client is told that nghttp2 will not go on with.
std::uint32_t error_code(int error) noexcept {
  return error == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
}

ServerConnection& connection_of(void* user) noexcept { return *static_cast<ServerConnection*>(user); }

ServerStream* stream_of(nghttp2_session* session, std::int32_t id) noexcept {
  return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

// What nghttp2 tells while it reads and writes. Whatever could call back into it waits for settle().
struct ServerConnection::Callbacks {
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto& self = connection_of(user);
    const auto id = frame->hd.stream_id;
    auto* stream = self.stopped_ ? nullptr : self.handler_.on_stream(id);
    if (!stream) return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    self.live_.push_back(stream);
    return nghttp2_session_set_stream_user_data(session, id, stream);
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void*) {
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    if (stream->take_field(view(name, name_size), view(value, value_size))) return 0;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // A field that RFC 9113 8.2 calls malformed: so is the whole message.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      stream->head_complete_ = true;
      stream->has_body_ = !ends;
      connection_of(user).ready_.push_back(stream);
    }
    if (ends) stream->take_end();
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void*) {
    if (auto* stream = stream_of(session, id)) {
      stream->take_data(view(data, size));
      return 0;
    }
    return nghttp2_session_consume(session, id, size);
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
    auto* stream = stream_of(session, id);
    if (stream) connection_of(user).closed(*stream, code);
    return 0;
  }
};

ServerConnection::ServerConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport,
                                   const ServerLimits& limits, StreamHandler& handler)
    : loop_(loop),
      transport_(std::move(transport)),
      limits_(limits),
      handler_(handler),
      read_deadline_(loop),
      write_deadline_(loop),
      idle_since_(loop.now()) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
    throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Callbacks::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &Callbacks::on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::on_stream_close);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  const int made = nghttp2_session_server_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (made != 0) throw std::bad_alloc();
}

ServerConnection::~ServerConnection() { nghttp2_session_del(session_); }

Task<ServerConnection::End> ServerConnection::run(std::string first) {
  greet();
  Child writer;
  writer.start(write_all());
  bool sane = first.empty() || feed(first);
  std::string().swap(first);
  auto end = End::closed;
  while (sane && !over()) {
    time_reader();
    auto chunk = co_await transport_->read();
    read_deadline_.clear();
    if (!chunk || chunk->empty()) {
      if (!chunk) end = end_after(chunk.error().fault);
      break;
    }
    sane = feed(chunk->view());
  }
  if (!sane || malformed_) end = End::malformed;
  give_up_streams();
  closing_ = true;
  wake_writer();
  co_await writer.join();
  co_return end;
}

// Nothing more comes of them.
void ServerConnection::give_up_streams() {
  const auto left = live_;
  for (auto* stream : left) {
    if (stream->head_complete_) {
      stream->fail(Fault::reset);
    } else {
      drop(*stream);
    }
  }
  settle();
}

void ServerConnection::drop(ServerStream& stream) noexcept {
  if (!stream.closed_) nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  forget(stream);
  handler_.on_dropped(stream);
}

ServerConnection::End ServerConnection::end_after(Fault fault) noexcept {
  if (read_deadline_.passed()) {
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    return live_.empty() ? End::idle : End::late;
  }
  if (fault == Fault::cancelled) return stopped_ ? End::stopped : End::malformed;
  return End::broken;
}

void ServerConnection::greet() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits_.head_bytes},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits_.connection_window));
}

// False: nothing more of this client is read. What is wrong is on its way to it.
bool ServerConnection::feed(std::string_view bytes) {
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) nghttp2_session_terminate_session(session_, error_code(static_cast<int>(taken)));
  settle();
  wake_writer();
  return taken == static_cast<ssize_t>(bytes.size());
}

// Hands out what has come while nghttp2 was at work.
void ServerConnection::settle() {
  while (!ready_.empty()) {
    auto now = std::exchange(ready_, {});
    for (auto* stream : now) handler_.on_request(*stream, stream->take_head());
  }
  while (!failed_.empty()) {
    auto now = std::exchange(failed_, {});
    for (auto* stream : now) {
      if (auto* watcher = std::exchange(stream->watcher_, nullptr)) watcher->on_activity();
    }
  }
}

void ServerConnection::closed(ServerStream& stream, std::uint32_t code) {
  stream.closed_ = true;
  if (!stream.head_complete_) return drop(stream);
  if (stream.finished_) {
    ++finished_;
    return;
  }
  stream.fail(Fault::reset);
  if (code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL) note_reset();
}

void ServerConnection::note_reset() noexcept {
  if (++resets_ <= kResetsForFree + finished_) return;
  malformed_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void ServerConnection::forget(ServerStream& stream) noexcept {
  std::erase(live_, &stream);
  std::erase(ready_, &stream);
  std::erase(failed_, &stream);
  if (!live_.empty()) return;
  idle_since_ = loop_.now();
  time_reader();
}

bool ServerConnection::over() const noexcept {
  if (stopped_ && live_.empty()) return true;
  return !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_);
}

// While nothing is asked for, and while a head is on its way. Neither is made longer by what else comes.
void ServerConnection::time_reader() noexcept {
  const auto begun = std::find_if(live_.begin(), live_.end(),
                                  [](const ServerStream* stream) { return !stream->head_complete_; });
  if (live_.empty()) {
    read_deadline_.set(*transport_, idle_since_ + limits_.idle_timeout, net::Deadline::Expiry::cancel_read);
  } else if (begun != live_.end()) {
    read_deadline_.set(*transport_, (*begun)->begun_ + limits_.header_timeout,
                       net::Deadline::Expiry::cancel_read);
  }
}

void ServerConnection::wake_writer() noexcept {
  if (writer_) loop_.defer(std::exchange(writer_, {}));
}

Task<void> ServerConnection::write_all() {
  std::string out;
  for (;;) {
    out.clear();
    while (out.size() < kBatch) {
      const std::uint8_t* data = nullptr;
      const auto size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) break;
      out.append(view(data, static_cast<std::size_t>(size)));
    }
    settle();
    if (out.empty()) {
      if (closing_) break;
      if (over()) transport_->cancel_read();
      std::string().swap(out);
      co_await Waiting{writer_};
      continue;
    }
    write_deadline_.set(*transport_, loop_.now() + (closing_ ? kLinger : limits_.stall_timeout));
    const Slice slice = out;
    auto sent = co_await transport_->write({&slice, 1});
    write_deadline_.clear();
    if (!sent) {
      transport_->abort(Fault::reset);
      break;
    }
  }
}

void ServerConnection::announce_stop() noexcept {
  nghttp2_submit_shutdown_notice(session_);
  wake_writer();
}

void ServerConnection::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  wake_writer();
}

}  // namespace sluice::codec::h2
