#include "codec/h1/client.h"

#include <charconv>
#include <string>

#include "codec/h1/body_reader.h"
#include "codec/h1/body_writer.h"
#include "codec/h1/head_parser.h"
#include "codec/h1/input.h"
#include "codec/h1/serialise.h"
#include "http/framing.h"
#include "http/reason.h"

namespace sluice::codec::h1 {
namespace {

constexpr HeadLimits kResponseLimits{.head_bytes = 64 * 1024, .fields = 200};

class Client final : public ClientConnection {
 public:
  explicit Client(std::unique_ptr<net::Transport> transport)
      : transport_(std::move(transport)), input_(*transport_) {}

  net::Transport& transport() noexcept override { return *transport_; }

  Task<Result<void>> send(const RequestHead& head, const BodyPiece& first, const http::HeaderBlock* trailers,
                          Arena& scratch) override {
    begin(head, scratch);
    return writer_.write(first, trailers);
  }

  Task<Result<void>> write(const BodyPiece& piece, const http::HeaderBlock* trailers) override {
    return writer_.write(piece, trailers);
  }
  bool takes_pipes() const noexcept override { return writer_.takes_pipes(); }

  Task<Result<void>> read_head(ResponseHead& head, Arena& scratch) override;

  http::Refusal refusal() const noexcept override {
    return head_refusal_ ? head_refusal_ : reader_.refusal();
  }

  BodySource& body() noexcept override { return reader_; }
  void rest() noexcept override { reader_.release(); }

  bool reusable() const noexcept override {
    return persistent_ && final_ && writer_.finished() && reader_.complete() &&
           input_.view().size() <= reader_.held();
  }
  std::uint64_t bytes_sent() const noexcept override { return writer_.sent(); }
  std::uint64_t bytes_received() const noexcept override {
    return input_.received() + input_.view().size() + partial_.size();
  }
  std::uint64_t requests() const noexcept override { return requests_; }

 private:
  void begin(const RequestHead& head, Arena& scratch);
  Error refuse(const http::Refusal& refusal) noexcept;
  Result<void> take_head(const ResponseHeadResult& parsed, ResponseHead& head, Arena& scratch);
  Result<void> take(const StatusLine& line, ResponseHead& head, Arena& scratch);

  std::unique_ptr<net::Transport> transport_;
  Input input_;
  BodyReader reader_;
  BodyWriter writer_;
  std::string partial_;  // a head that came in pieces
  http::Method method_ = http::Method::get;
  bool persistent_ = true;
  bool final_ = false;  // the final head of this exchange was read
  http::Refusal head_refusal_;
  std::uint64_t requests_ = 0;
};

void Client::begin(const RequestHead& head, Arena& scratch) {
  requests_ += 1;
  method_ = head.method;
  final_ = false;
  head_refusal_ = {};
  reader_.release();
  input_.reset_count();
  writer_.reset(*transport_, Side::upstream);
  ExtraFields extra;
  char digits[20];
  if (head.body.kind == http::BodyLength::Kind::chunked) {
    extra.add("Transfer-Encoding", "chunked");
  } else if (head.body.kind == http::BodyLength::Kind::length &&
             !head.fields.has(http::FieldName::content_length)) {
    auto* end = std::to_chars(digits, digits + sizeof digits, head.body.length).ptr;
    extra.add("Content-Length", {digits, static_cast<std::size_t>(end - digits)});
  }
  RequestHeadOut line{head.method_text, head.path, head.query, head.has_query};
  writer_.begin(serialise(line, head.fields, extra.view(), scratch), head.body);
}

Task<Result<void>> Client::read_head(ResponseHead& head, Arena& scratch) {
  HeadParser parser(kResponseLimits);
  for (;;) {
    if (input_.empty()) {
      auto chunk = co_await transport_->read();
      if (!chunk || chunk->empty()) {
        co_return Error{.fault = chunk ? Fault::closed : chunk.error().fault, .side = Side::upstream};
      }
      input_.refill(std::move(*chunk));
    }
    if (!partial_.empty()) partial_.append(input_.view());
    std::string_view bytes = partial_.empty() ? input_.view() : partial_;
    auto parsed = parser.parse_response(bytes, head.fields);
    if (parsed.status != ParseStatus::incomplete) co_return take_head(parsed, head, scratch);
    if (partial_.empty()) partial_.assign(bytes);
    input_.consume(input_.view().size());
  }
}

Result<void> Client::take_head(const ResponseHeadResult& parsed, ResponseHead& head, Arena& scratch) {
  if (parsed.status == ParseStatus::refused) return refuse(parsed.refusal);
  auto taken = take(parsed.line, head, scratch);
  // What partial_ holds of the current chunk lies in input_ too.
  auto before = partial_.empty() ? 0 : partial_.size() - input_.view().size();
  input_.consume(parsed.consumed - before);
  if (!partial_.empty()) std::string().swap(partial_);
  if (taken && final_) {
    reader_.begin(input_, Side::upstream, head.body);
    reader_.leave_out_nominated(head.fields);
  }
  return taken;
}

Error Client::refuse(const http::Refusal& refusal) noexcept {
  head_refusal_ = refusal;
  bool large = refusal.reason == http::Reason::upstream_head_too_large;
  return {.fault = large ? Fault::too_large : Fault::malformed, .side = Side::upstream};
}

Result<void> Client::take(const StatusLine& line, ResponseHead& head, Arena& scratch) {
  head.status = line.status;
  head.version = line.version;
  head.reason = line.phrase == http::phrase(line.status) ? std::string_view{} : scratch.copy(line.phrase);
  // HTTP/1.0 knows no 1xx (RFC 9110 15.2).
  if (line.status < 200 && line.version == http::Version::http_1_0)
    return refuse({http::Reason::upstream_malformed, "interim response in HTTP/1.0"});
  auto framing = http::response_body_length(method_, line.status, line.version, head.fields);
  if (framing.refusal) return refuse(framing.refusal);
  head.body = framing.body;
  http::trim_content_length(head.fields);
  final_ = line.status >= 200 || line.status == 101;
  if (line.status == 101) {
    persistent_ = false;
    writer_.become_tunnel();
  } else if (final_) {
    persistent_ = framing.may_reuse && http::keeps_alive(line.version, head.fields) &&
                  head.body.kind != http::BodyLength::Kind::until_close;
  }
  return {};
}

}  // namespace

std::unique_ptr<ClientConnection> make_client(net::Loop&, std::unique_ptr<net::Transport> transport) {
  return std::make_unique<Client>(std::move(transport));
}

}  // namespace sluice::codec::h1
