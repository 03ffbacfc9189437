#include <algorithm>
#include <iterator>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "codec/h2/client.h"
#include "codec/h2/fields.h"
#include "codec/h2/setup.h"

namespace sluice::codec::h2 {
namespace {

ClientConnection& connection_of(void* user) noexcept {
  return static_cast<ClientConnection&>(*static_cast<Connection*>(user));
}

}  // namespace

// What nghttp2 tells while it reads and writes.
struct ClientConnection::Callbacks {
  static ClientStream* stream_of(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<ClientStream*>(Stream::find(session, id));
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void*) {
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream || stream->take_field(view(name, name_size), view(value, value_size))) return 0;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    auto& self = connection_of(user);
    if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) self.take_settings();
    if (frame->hd.type == NGHTTP2_GOAWAY) self.owner_.on_room();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS) stream->take_section(ends);
    if (ends) stream->take_end();
    return 0;
  }

  // nghttp2 has found a fault with the message, and says so before it closes the stream.
  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    if (frame->hd.type != NGHTTP2_RST_STREAM || frame->rst_stream.error_code != NGHTTP2_PROTOCOL_ERROR)
      return 0;
    if (auto* stream = stream_of(session, frame->hd.stream_id))
      stream->refuse(http::Reason::upstream_malformed);
    return 0;
  }
};

ClientConnection::ClientConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport,
                                   const ClientLimits& limits, Owner& owner)
    : Connection(loop, std::move(transport), {limits.write_timeout, 0}),
      limits_(limits),
      owner_(owner),
      read_deadline_(loop),
      idle_since_(loop.now()) {
  Setup setup;
  nghttp2_session_callbacks_set_on_header_callback(setup.callbacks(), &Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(setup.callbacks(), &Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(setup.callbacks(), &Callbacks::on_sent);
  begin(setup.client(this));
  greet();
  loop.timers().arm(*this, loop.now() + limits_.settings_timeout);
}

ClientConnection::~ClientConnection() = default;

// A stream whose client is slow may not hold up the others: the connection's window has room for all of
// theirs.
void ClientConnection::greet() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits_.head_bytes},
  };
  nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings, std::size(settings));
  const auto window = std::uint64_t{limits_.streams} * limits_.stream_window;
  nghttp2_session_set_local_window_size(
      session(), NGHTTP2_FLAG_NONE, 0,
      static_cast<std::int32_t>(std::min<std::uint64_t>(window, NGHTTP2_MAX_WINDOW_SIZE)));
}

Task<void> ClientConnection::run() {
  Child writer;
  writer.start(write_all());
  auto how = Fault::closed;
  while (!over()) {
    time_reader();
    auto chunk = co_await transport().read();
    if (!chunk && chunk.error().fault == Fault::cancelled && goes_on_after_silence()) continue;
    if (!chunk) how = chunk.error().fault;
    if (!chunk || chunk->empty()) break;
    pinged_ = false;
    how = Fault::malformed;
    if (!feed(chunk->view())) break;
    how = Fault::closed;
  }
  read_deadline_.clear();
  ended_ = true;
  const auto left = live_;
  for (auto* stream : left) stream->fail(how);
  owner_.on_room();
  last_words();
  co_await writer.join();
  if (!live_.empty()) co_await Waiting{emptied_};
}

void ClientConnection::time_reader() noexcept {
  using net::Deadline;
  const auto now = loop().now();
  if (live_.empty()) {
    read_deadline_.set(transport(), idle_since_ + limits_.idle_timeout, Deadline::Expiry::cancel_read);
  } else {
    read_deadline_.set(transport(), now + (pinged_ ? limits_.ping_timeout : limits_.ping_interval),
                       Deadline::Expiry::cancel_read);
  }
}

// A read was given up: by the deadline, or because there is nothing more to come.
bool ClientConnection::goes_on_after_silence() noexcept {
  if (over()) return false;
  if (live_.empty()) {
    if (loop().now() >= idle_since_ + limits_.idle_timeout) retire();
    return !over();
  }
  if (!read_deadline_.passed()) return true;
  if (std::exchange(pinged_, true)) return false;
  nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr);
  wake_writer();
  return true;
}

bool ClientConnection::accepts() const noexcept {
  return !ended_ && !retired_ && nghttp2_session_check_request_allowed(session()) != 0;
}

void ClientConnection::take_settings() noexcept {
  check_windows();
  disarm();
  if (!std::exchange(has_settings_, true)) {
    for (auto* stream : live_)
      if (stream->id_ == 0) stream->wake(stream->reader_);
  }
  owner_.on_limit(allowed());
  owner_.on_room();
}

void ClientConnection::on_timer() noexcept { owner_.on_room(); }

bool ClientConnection::takes_tunnels() const noexcept {
  return nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

std::uint32_t ClientConnection::allowed() const noexcept {
  return nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::uint32_t ClientConnection::room() const noexcept {
  if (!accepts()) return 0;
  const auto most = std::min(armed() ? limits_.first_streams : allowed(), limits_.streams);
  return most > streams() ? most - streams() : 0;
}

ClientStream& ClientConnection::open() {
  if (free_.empty()) {
    free_.reserve(live_.size() + 1);  // so that giving back never allocates
    free_.push_back(std::make_unique<ClientStream>());
  }
  live_.reserve(live_.size() + 1);
  auto* stream = free_.back().release();
  free_.pop_back();
  live_.push_back(stream);
  ++requests_;
  stream->open(*this);
  if (live_.size() == 1) time_reader();
  return *stream;
}

void ClientConnection::retire() noexcept {
  if (std::exchange(retired_, true)) return;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  wake_writer();
  owner_.on_room();
}

bool ClientConnection::over() const noexcept {
  if (ended_ || (live_.empty() && !accepts())) return true;
  return !nghttp2_session_want_read(session()) && !nghttp2_session_want_write(session());
}

std::int32_t ClientConnection::largest_window() const noexcept {
  std::int32_t largest = 0;
  for (const auto* stream : live_) largest = std::max(largest, stream->window());
  return largest;
}

void ClientConnection::on_closed(Stream& stream, std::uint32_t code) noexcept {
  static_cast<ClientStream&>(stream).close_with(code);
}

void ClientConnection::forget(ClientStream& stream) noexcept {
  std::erase(live_, &stream);
  free_.emplace_back(&stream);
  if (live_.empty()) {
    idle_since_ = loop().now();
    if (emptied_) return loop().defer(std::exchange(emptied_, {}));
    if (!ended_) time_reader();
    wake_writer();
  }
  if (!ended_) owner_.on_room();
}

}  // namespace sluice::codec::h2
