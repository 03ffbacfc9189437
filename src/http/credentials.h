// Header fields that hold credentials.
#pragma once

#include <string_view>

namespace sluice::http {

/// Whether the value of a field of this name is a secret: authorization, proxy-authorization, cookie,
/// set-cookie, and whatever has token, secret, password, api-key or apikey in its name. Case is ignored.
bool is_credential(std::string_view field_name);

}  // namespace sluice::http
