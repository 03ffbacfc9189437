// The coroutines of sluice: lazy, awaited once, frames from the thread's pool.
//
//   Task<Result<int>> f();          starts when awaited; the awaiter owns it
//   return Task<int>::done(1);      from a plain function: nothing to wait for, so no frame
//   TaskGroup group; group.spawn(f());   runs on its own; the group counts it
//   Child child; child.start(f()); ... co_await child.join();   runs beside its parent
//
// One thread resumes a coroutine, always the same. A child that completes without suspending costs
// no trip through the loop and no stack: its parent simply goes on.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/frame_pool.h"

namespace sluice {

template <class T>
class Task;
class TaskGroup;

namespace detail {

struct TaskPromiseBase {
  std::coroutine_handle<> continuation;
  std::exception_ptr exception;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      auto next = self.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <class T>
struct TaskPromise final : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct TaskPromise<void> final : TaskPromiseBase {
  TaskGroup* group = nullptr;  // of one that nobody awaits: its last act is to leave the group

  struct FinalAwaiter : TaskPromiseBase::FinalAwaiter {
    std::coroutine_handle<> await_suspend(std::coroutine_handle<TaskPromise> self) noexcept;
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() const {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace detail

/// A coroutine that starts when it is awaited, is awaited at most once, and whose awaiter resumes
/// when it ends. Destroying a Task that was never awaited frees it; one that is suspended inside
/// an operation must not be destroyed (abort the operation and let it unwind).
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), result_(std::move(other.result_)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// One without a coroutine. A function whose work is mostly over at once returns it then, and a
  /// coroutine only for the rest; what such a function did before it returned is not lazy.
  template <class... Value>
  static Task done(Value&&... value) {
    return Task(std::in_place, std::forward<Value>(value)...);
  }
  bool is_done() const noexcept { return !handle_; }
  /// Of one that is_done().
  T take() && {
    if constexpr (!std::is_void_v<T>) return std::move(*result_);
  }

  auto operator co_await() && noexcept { return Awaiter{*this}; }

 private:
  friend promise_type;
  friend TaskGroup;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  template <class... Value>
  explicit Task(std::in_place_t, Value&&... value) : result_(std::in_place, std::forward<Value>(value)...) {}

  struct Awaiter {
    Task& task;
    bool await_ready() noexcept { return task.is_done(); }
    // Runs the child up to its first real suspension; false: it is done and the parent goes on.
    bool await_suspend(std::coroutine_handle<> parent) noexcept {
      auto child = task.handle_;
      child.resume();
      if (child.done()) return false;
      child.promise().continuation = parent;
      return true;
    }
    T await_resume() { return task.handle_ ? task.handle_.promise().take() : std::move(task).take(); }
  };

  struct Nothing {};
  Handle handle_;  // null: done, with result_
  std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> result_;
};

namespace detail {
template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}
}  // namespace detail

/// Coroutines that run on their own. The group must outlive them: join() before destroying it.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Runs the task now, up to its first suspension. An exception that leaves it is a broken
  /// invariant and ends the process.
  void spawn(Task<void> task);

  std::size_t size() const noexcept { return running_; }

  /// What goes on when the last of those that run has ended, in place of join(). For a task's last act.
  void then(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }

  /// Suspends until nothing runs any more. One awaiter at a time.
  auto join() noexcept { return JoinAwaiter{*this}; }

 private:
  struct JoinAwaiter {
    TaskGroup& group;
    bool await_ready() noexcept { return group.running_ == 0; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { group.waiter_ = waiter; }
    void await_resume() noexcept {}
  };
  friend detail::TaskPromise<void>::FinalAwaiter;
  std::coroutine_handle<> ended(std::coroutine_handle<detail::TaskPromise<void>> task) noexcept;

  std::size_t running_ = 0;
  std::coroutine_handle<> waiter_;
};

/// One task that runs beside its parent and is joined before the parent ends. Starting costs one
/// recycled frame.
class Child {
 public:
  void start(Task<void> task) { group_.spawn(std::move(task)); }
  bool running() const noexcept { return group_.size() != 0; }
  auto join() noexcept { return group_.join(); }

 private:
  TaskGroup group_;
};

}  // namespace sluice
