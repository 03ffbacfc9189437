// Part of the extension API.
#pragma once

#include "base/clock.h"
