// A function as something to resume.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "base/frame_pool.h"

namespace sluice::net::tls {

/// A coroutine of nothing but the call of a function: its handle is to be resumed, once.
struct After {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
    After get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  template <class Function>
  static std::coroutine_handle<> call(Function function) {
    return make(std::move(function)).handle;
  }
  std::coroutine_handle<promise_type> handle;

 private:
  template <class Function>
  static After make(Function function) {
    function();
    co_return;
  }
};

}  // namespace sluice::net::tls
