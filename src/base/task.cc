#include "base/task.h"

#include <cassert>

namespace sluice {

TaskGroup::~TaskGroup() { assert(running_ == 0 && "a TaskGroup is joined before it is destroyed"); }

void TaskGroup::spawn(Task<void> task) {
  ++running_;
  run(*this, std::move(task));
}

detail::Root TaskGroup::run(TaskGroup& group, Task<void> task) {
  co_await std::move(task);
  if (--group.running_ == 0 && group.waiter_) std::exchange(group.waiter_, nullptr).resume();
}

}  // namespace sluice
