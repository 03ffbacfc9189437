// Part of the extension API: the fields of a message.
#pragma once

#include "http/header_block.h"
#include "http/token.h"

namespace sluice {
using http::FieldName;
using http::HeaderBlock;
using http::Method;
}  // namespace sluice
