// The start of a thread, awaited by the one that begins it.
#pragma once

#include <exception>
#include <future>
#include <thread>
#include <utility>

namespace sluice::runtime {

/// On the stack of the thread that calls await(), which is always called.
class ThreadStart {
 public:
  /// The new thread: makes what it needs. False where that throws: await() throws it on, and the thread ends.
  template <class Make>
  bool make(Make&& make) {
    try {
      std::forward<Make>(make)();
    } catch (...) {
      ready_.set_exception(std::current_exception());
      return false;
    }
    ready_.set_value();
    return true;
  }

  /// Returns when everything is made; throws what could not be, with the thread joined.
  void await(std::thread& thread) {
    try {
      made_.get();
    } catch (...) {
      thread.join();
      throw;
    }
  }

 private:
  std::promise<void> ready_;
  std::future<void> made_ = ready_.get_future();
};

}  // namespace sluice::runtime
