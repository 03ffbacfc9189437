#include "base/task.h"

#include <cassert>

namespace sluice {

std::coroutine_handle<> detail::TaskPromise<void>::FinalAwaiter::await_suspend(
    std::coroutine_handle<TaskPromise> self) noexcept {
  auto* owner = self.promise().group;
  return owner ? owner->ended(self) : TaskPromiseBase::FinalAwaiter::await_suspend(self);
}

TaskGroup::~TaskGroup() { assert(running_ == 0 && "a TaskGroup is joined before it is destroyed"); }

void TaskGroup::spawn(Task<void> task) {
  if (task.is_done()) return;
  auto handle = std::exchange(task.handle_, nullptr);
  handle.promise().group = this;
  ++running_;
  handle.resume();
}

// Frees the task and goes on with who waits for the last.
std::coroutine_handle<> TaskGroup::ended(std::coroutine_handle<detail::TaskPromise<void>> task) noexcept {
  if (task.promise().exception) std::terminate();
  task.destroy();
  if (--running_ != 0 || !waiter_) return std::noop_coroutine();
  return std::exchange(waiter_, nullptr);
}

}  // namespace sluice
