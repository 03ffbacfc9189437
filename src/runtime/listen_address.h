// The address of a listener, as a configuration writes it.
#pragma once

#include <string>
#include <string_view>

#include "conf/constraints.h"

namespace sluice::runtime {

/// What net::Address::parse takes; of what it does not take, problems say what to write instead.
conf::Option listen_address();

/// What was likely meant by a text that is none: "write 127.0.0.1:80 or [::1]:80" for "localhost:80".
std::string listen_address_instead_of(std::string_view text);

}  // namespace sluice::runtime
