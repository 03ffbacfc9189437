#include "proxy/last_hop.h"

#include <string>

#include "http/via.h"

namespace sluice::proxy {
namespace {

using http::FieldName;

bool may_be_secret(FieldName name) noexcept {
  return name == FieldName::authorization || name == FieldName::cookie ||
         name == FieldName::proxy_authorization || name == FieldName::x_api_key;
}

std::string head_as_it_came(const RequestHead& request) {
  std::string text;
  text.append(request.method_text).append(" ").append(request.target).append(" ");
  text.append(request.version == http::Version::http_1_0 ? "HTTP/1.0\r\n" : "HTTP/1.1\r\n");
  for (const auto& field : request.fields) {
    if (may_be_secret(field.token)) continue;
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text.append("\r\n");
}

}  // namespace

bool is_last_hop(const RequestHead& request) noexcept {
  if (request.method != http::Method::trace && request.method != http::Method::options) return false;
  return http::max_forwards(request.fields) == 0;
}

Step answer_as_last_hop(Exchange& exchange) {
  if (exchange.request.method == http::Method::options) return exchange.reply(200, {}, {});
  return exchange.reply(200, "message/http", head_as_it_came(exchange.request));
}

}  // namespace sluice::proxy
