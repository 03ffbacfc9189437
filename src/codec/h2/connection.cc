#include "codec/h2/connection.h"

#include <algorithm>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "codec/h2/fields.h"
#include "codec/h2/stream.h"

namespace sluice::codec::h2 {
namespace {

constexpr std::size_t kBatch = 64 * 1024;  // bytes written at once
constexpr auto kLinger = std::chrono::seconds(2);

Connection& connection_of(void* user) noexcept { return *static_cast<Connection*>(user); }

std::int64_t initial_window(nghttp2_session* session) noexcept {
  return nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
}

}  // namespace

struct Connection::Callbacks {
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user) {
    if (head->type != NGHTTP2_SETTINGS) return 0;
    auto& self = connection_of(user);
    self.windows_ = {initial_window(session), self.largest_window()};
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void*) {
    if (auto* stream = Stream::find(session, id)) {
      stream->take_data(view(data, size));
      return 0;
    }
    return nghttp2_session_consume(session, id, size);
  }

  // A field that RFC 9113 8.2 calls malformed: so is the whole message.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*, std::size_t,
                               const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // DATA goes from the piece that is being written into the batch that goes out, without a copy in between.
  static int on_send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* head,
                          std::size_t size, nghttp2_data_source*, void* user) {
    auto* stream = Stream::find(session, frame->hd.stream_id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto& self = connection_of(user);
    self.out_.append(view(head, 9));
    stream->give(self.out_, size);
    self.data_given_ += size;
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user) {
    if (auto* stream = Stream::find(session, id)) connection_of(user).on_closed(*stream, code);
    return 0;
  }
};

Connection::Connection(net::Loop& loop, std::unique_ptr<net::Transport> transport, Patience::Terms patience)
    : loop_(loop), transport_(std::move(transport)), patience_(loop, *this), last_deadline_(loop) {
  patience_.begin(*transport_, patience);
}

Connection::~Connection() { nghttp2_session_del(session_); }

void Connection::add_callbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, &Callbacks::on_begin_frame);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, &Callbacks::on_invalid_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Callbacks::on_data);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, &Callbacks::on_send_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Callbacks::on_stream_close);
}

bool Connection::feed(std::string_view bytes) {
  const bool sane = admit(bytes);
  settle();
  wake_writer();
  return sane;
}

bool Connection::parse(std::string_view bytes) {
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    end_flood();
  } else if (taken < 0) {
    nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR);
  }
  return taken == static_cast<ssize_t>(bytes.size()) && !overflown_;
}

void Connection::check_windows() noexcept {
  if (windows_.largest + initial_window(session_) - windows_.initial <= NGHTTP2_MAX_WINDOW_SIZE) return;
  overflown_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_FLOW_CONTROL_ERROR);
}

void Connection::end_flood() noexcept {
  flooded_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Connection::wake_writer() noexcept {
  if (writer_) loop_.defer(std::exchange(writer_, {}));
}

void Connection::last_words() noexcept {
  closing_ = true;
  wake_writer();
}

void Connection::reset_behind(std::int32_t id, std::uint32_t code) {
  resets_.push_back({id, code});
  wake_writer();
}

void Connection::collect() {
  out_.clear();
  collect_frames();
  if (resets_.empty() || out_.size() >= kBatch) return;
  for (const auto& reset : resets_)
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, reset.id, reset.code);
  resets_.clear();
  collect_frames();
}

void Connection::collect_frames() {
  while (out_.size() < kBatch) {
    const std::uint8_t* data = nullptr;
    const auto before = out_.size();
    const auto size = nghttp2_session_mem_send(session_, &data);
    if (size < 0 || (size == 0 && out_.size() == before)) break;
    out_.append(view(data, static_cast<std::size_t>(size)));
  }
}

Task<void> Connection::write_all() {
  for (;;) {
    collect();
    settle();
    if (out_.empty()) {
      if (closing_) break;
      if (over()) transport_->cancel_read();
      std::string().swap(out_);
      co_await Waiting{writer_};
      continue;
    }
    time_write();
    const Slice slice = out_;
    auto sent = co_await transport_->write({&slice, 1});
    patience_.pause();
    last_deadline_.clear();
    if (!sent) {
      // What the peer has said before it left may still be there to be read, and tell more.
      last_deadline_.set(*transport_, loop_.now() + kLinger);
      break;
    }
    written_ += slice.size();
  }
}

void Connection::time_write() noexcept {
  if (closing_) return last_deadline_.set(*transport_, loop_.now() + kLinger);
  patience_.run(net::Deadline::Expiry::reset);
}

std::uint64_t Connection::data_taken() noexcept {
  const auto delivered = this->delivered();
  // In the order in which they were sent: what is more than DATA was on its way beside it.
  data_taken_ += std::min(delivered - delivered_, data_given_ - data_taken_);
  delivered_ = delivered;
  return data_taken_;
}

std::uint64_t Connection::WritePatience::count_moved() noexcept {
  const auto delivered = connection_.delivered();
  return delivered - std::exchange(delivered_, delivered);
}

}  // namespace sluice::codec::h2
