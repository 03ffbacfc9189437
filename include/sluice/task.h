// Part of the extension API.
#pragma once

#include "base/task.h"
