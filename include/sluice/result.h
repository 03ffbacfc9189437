// Part of the extension API.
#pragma once

#include "base/error.h"
