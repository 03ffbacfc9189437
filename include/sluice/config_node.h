// Part of the extension API: configuration of a middleware, by the declarative binder.
#pragma once

#include "conf/binder.h"
#include "conf/node.h"
#include "conf/problem.h"
