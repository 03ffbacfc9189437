#include <algorithm>

#include <nghttp2/nghttp2.h>

#include "codec/h2/fields.h"
#include "codec/h2/server.h"
#include "codec/h2/setup.h"
#include "codec/linger.h"

namespace sluice::codec::h2 {
namespace {

// Requests that a client may take back beyond those that it lets finish (RFC 9113 10.5, "rapid reset").
constexpr std::uint64_t kResetsForFree = 200;
// Streams whose reset a client need not have seen yet: far more than it may have open.
constexpr std::size_t kResetsRemembered = 1000;
constexpr auto kJustNow = std::chrono::seconds(2);
constexpr std::uint32_t kLargestFrame = 16 * 1024;  // RFC 9113 6.5.2; we announce no other
// What a whole exchange, and each DATA of it, may need of frames in the client's direction.
constexpr std::uint32_t kFramesPerStream = 16;
constexpr std::uint32_t kFramesPerData = 2;

ServerConnection& connection_of(void* user) noexcept {
  return static_cast<ServerConnection&>(*static_cast<Connection*>(user));
}

// As far as its head shows: it carries a request or some of one. Padding may be all that a small DATA holds.
bool is_of_use(const FrameHead& head) noexcept {
  constexpr std::uint32_t kMostPadding = 256;
  if (head.type == NGHTTP2_DATA) return head.length > (head.flags & NGHTTP2_FLAG_PADDED ? kMostPadding : 0);
  return head.type == NGHTTP2_HEADERS || (head.type == NGHTTP2_CONTINUATION && head.length != 0);
}

}  // namespace

// What nghttp2 tells while it reads and writes. Whatever could call back into it waits for settle().
struct ServerConnection::Callbacks {
  static ServerStream* stream_of(nghttp2_session* session, std::int32_t id) noexcept {
    return static_cast<ServerStream*>(Stream::find(session, id));
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto& self = connection_of(user);
    const auto id = frame->hd.stream_id;
    auto* stream = self.stopped_ ? nullptr : self.handler_.on_stream(id);
    if (!stream) return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    self.live_.push_back(stream);
    return nghttp2_session_set_stream_user_data(session, id, static_cast<Stream*>(stream));
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void*) {
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    if (stream->take_field(view(name, name_size), view(value, value_size))) return 0;
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_ENHANCE_YOUR_CALM);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_SETTINGS) connection_of(user).check_windows();
    if (frame->hd.type == NGHTTP2_GOAWAY) connection_of(user).client_leaves_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      stream->head_complete_ = true;
      connection_of(user).processed_ = frame->hd.stream_id;
      stream->has_body_ = !ends;
      connection_of(user).ready_.push_back(stream);
    }
    if (ends) stream->take_end();
    return 0;
  }

  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& self = connection_of(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM) self.note_own_reset(frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_DATA && frame->hd.length != 0) self.allowance_.earn(kFramesPerData);
    if (frame->hd.type == NGHTTP2_GOAWAY) self.accused_ |= frame->goaway.error_code != NGHTTP2_NO_ERROR;
    return 0;
  }

  // The stream is to be reset. One that is refused was never open, so that on_closed() will not tell of it.
  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int, void* user) {
    const auto id = frame->hd.stream_id;
    if (nghttp2_session_get_stream_remote_close(session, id) != -1) return 0;
    connection_of(user).note_own_reset(id);
    connection_of(user).note_reset();
    return 0;
  }
};

ServerConnection::ServerConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport,
                                   const ServerLimits& limits, StreamHandler& handler)
    : Connection(loop, std::move(transport), {limits.body_timeout, limits.body_min_rate}),
      limits_(limits),
      handler_(handler),
      read_deadline_(loop),
      idle_since_(loop.now()),
      frames_(NGHTTP2_CLIENT_MAGIC_LEN),
      allowance_(loop.now()) {
  Setup setup;
  nghttp2_session_callbacks_set_on_begin_headers_callback(setup.callbacks(), &Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(setup.callbacks(), &Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(setup.callbacks(), &Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(setup.callbacks(), &Callbacks::on_frame_sent);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(setup.callbacks(),
                                                               &Callbacks::on_invalid_frame);
  begin(setup.server(this));
}

Task<ServerConnection::End> ServerConnection::run(std::string first) {
  greet();
  Child writer;
  writer.start(write_all());
  bool sane = first.empty() || feed(first);
  std::string().swap(first);
  auto end = End::closed;
  while (sane && !over()) {
    time_reader();
    auto chunk = co_await transport().read();
    read_deadline_.clear();
    if (!chunk || chunk->empty()) {
      if (!chunk) end = end_after(chunk.error().fault);
      break;
    }
    sane = feed(chunk->view());
  }
  // It may have opened streams since (RFC 9113 6.8), which nghttp2 does not read: it is told which.
  const bool left = sane && end == End::closed && client_leaves_;
  if (left) stop();
  give_up_streams(end);
  last_words();
  co_await writer.join();
  if (flooded()) {
    end = End::flooded;
  } else if (!sane || accused_) {
    end = End::malformed;
  }
  if (left || may_be_sending(end)) co_await linger(loop(), transport());
  co_return end;
}

// One that has been at rest for long has nothing on its way.
bool ServerConnection::may_be_sending(End end) const noexcept {
  switch (end) {
    case End::closed:
    case End::slow:
    case End::broken:
    case End::idle:
      return false;
    case End::stopped:
      return !rests_since(loop().now() - kJustNow);
    default:
      return true;
  }
}

// Nothing more comes of them.
void ServerConnection::give_up_streams(End end) {
  const auto why = end == End::slow ? Fault::timed_out : Fault::reset;
  const auto left = live_;
  for (auto* stream : left) {
    if (stream->head_complete_) {
      stream->fail(why);
    } else {
      drop(*stream);
    }
  }
  settle();
}

void ServerConnection::drop(ServerStream& stream) noexcept {
  if (!stream.closed_) nghttp2_session_set_stream_user_data(session(), stream.id_, nullptr);
  forget(stream);
  handler_.on_dropped(stream);
}

ServerConnection::End ServerConnection::end_after(Fault fault) noexcept {
  if (read_deadline_.passed()) {
    nghttp2_session_terminate_session2(session(), processed_, NGHTTP2_NO_ERROR);
    return live_.empty() ? End::idle : End::late;
  }
  if (fault == Fault::cancelled && stopped_) return End::stopped;
  if (fault == Fault::cancelled) return client_leaves_ ? End::closed : End::malformed;
  return fault == Fault::timed_out ? End::slow : End::broken;
}

void ServerConnection::greet() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits_.head_bytes},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  };
  nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits_.connection_window));
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

std::int32_t ServerConnection::largest_window() const noexcept {
  std::int32_t largest = 0;
  for (const auto* stream : live_) largest = std::max(largest, stream->window());
  return largest;
}

void ServerConnection::on_closed(Stream& which, std::uint32_t) noexcept {
  auto& stream = static_cast<ServerStream&>(which);
  stream.close();
  const bool ours = stream.failed();
  if (!stream.finished_ && !ours) note_reset();
  if (!stream.head_complete_) return drop(stream);
  if (stream.finished_) {
    ++finished_;
    allowance_.earn(kFramesPerStream);
    return;
  }
  stream.fail(Fault::reset);
}

bool ServerConnection::admit(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = frames_.next(bytes);
    if (part.head && !admits(*part.head)) return false;
    if (!parse(part.bytes)) return false;
    bytes.remove_prefix(part.bytes.size());
  }
  return true;
}

// What nghttp2 would let pass.
bool ServerConnection::admits(const FrameHead& head) noexcept {
  if (!is_of_use(head) && !allowance_.take(loop().now())) {
    end_flood();
    return false;
  }
  auto fault = fault_of_stream(head);
  if (head.length > kLargestFrame) fault = NGHTTP2_FRAME_SIZE_ERROR;  // CONTINUATION is not checked
  if (fault == NGHTTP2_NO_ERROR) return true;
  nghttp2_session_terminate_session(session(), fault);
  return false;
}

// RFC 9113 5.1 and 5.1.1. nghttp2 ignores what comes for a stream that it knows no more, as it has to where
// we reset it under way; it cannot tell that from one that was never opened, or that the client has ended.
std::uint32_t ServerConnection::fault_of_stream(const FrameHead& head) noexcept {
  const bool opens = head.type == NGHTTP2_HEADERS;
  if ((!opens && head.type != NGHTTP2_DATA) || head.stream % 2 == 0) return NGHTTP2_NO_ERROR;
  if (opens && head.stream > newest_) {
    left_streams_out_ |= head.stream != newest_ + 2;
    newest_ = head.stream;
    return NGHTTP2_NO_ERROR;
  }
  // After GOAWAY it ignores new streams as well.
  if (head.stream > newest_ || stopped_) return NGHTTP2_NO_ERROR;
  if (nghttp2_session_get_stream_remote_close(session(), head.stream) != -1) return NGHTTP2_NO_ERROR;
  if (std::find(own_resets_.begin(), own_resets_.end(), head.stream) != own_resets_.end())
    return NGHTTP2_NO_ERROR;
  return left_streams_out_ ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED;
}

void ServerConnection::note_own_reset(std::int32_t id) {
  if (own_resets_.size() < kResetsRemembered) return own_resets_.push_back(id);
  own_resets_[oldest_reset_] = id;
  oldest_reset_ = (oldest_reset_ + 1) % kResetsRemembered;
}

void ServerConnection::note_reset() noexcept {
  if (++resets_ > kResetsForFree + finished_) end_flood();
}

void ServerConnection::forget(ServerStream& stream) noexcept {
  std::erase(live_, &stream);
  std::erase(ready_, &stream);
  std::erase(failed_, &stream);
  if (!live_.empty()) return;
  idle_since_ = loop().now();
  time_reader();
}

bool ServerConnection::over() const noexcept {
  if (stopped_ && live_.empty()) return true;
  return !nghttp2_session_want_read(session()) && !nghttp2_session_want_write(session());
}

// While nothing is asked for, and while a head is on its way. Neither is made longer by what else comes.
void ServerConnection::time_reader() noexcept {
  const auto begun = std::find_if(live_.begin(), live_.end(),
                                  [](const ServerStream* stream) { return !stream->head_complete_; });
  if (live_.empty()) {
    read_deadline_.set(transport(), idle_since_ + limits_.idle_timeout, net::Deadline::Expiry::cancel_read);
  } else if (begun != live_.end()) {
    read_deadline_.set(transport(), (*begun)->begun_ + limits_.header_timeout,
                       net::Deadline::Expiry::cancel_read);
  }
}

void ServerConnection::announce_stop() noexcept {
  nghttp2_submit_shutdown_notice(session());
  wake_writer();
}

void ServerConnection::stop() noexcept {
  if (std::exchange(stopped_, true)) return;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session()),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  wake_writer();
}

}  // namespace sluice::codec::h2
