// One event loop on a thread of its own, and what it serves with.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "net/backend.h"
#include "net/loop.h"
#include "proxy/exchange_pool.h"
#include "proxy/listener.h"
#include "runtime/snapshot.h"
#include "runtime/thread_start.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::runtime {

/// Made, started and stopped by the control thread; all else runs on its own.
class Worker {
 public:
  struct Parts {
    unsigned index;
    net::Backend backend;
    telemetry::Shard& shard;
    telemetry::AccessLogPort& access_log;
    std::string_view via_token;          ///< Outlives the worker.
    const SharedMemoryPressure& memory;  ///< Outlives the worker.
  };

  /// Starts the thread and makes the loop there. Throws std::system_error where the kernel refuses.
  explicit Worker(const Parts& parts);

  /// Stopped and drained, or aborted, before it goes.
  ~Worker();

  /// Builds this worker's parts here, on the control thread, then accepts on the sockets.
  void serve(const Snapshot& snapshot, std::vector<net::ListenSocket> sockets);

  /// Accepts on, but every response says that its connection ends. Any thread.
  void announce_close();
  /// Accepts no more; connections end as their exchanges do. Any thread.
  void stop();
  /// Connections that have waited for a request for a while end. Any thread.
  void end_waiting();
  /// Slow clients lose upstream connections that others wait for. Any thread.
  void make_room();
  /// Frees what is kept for the next load. Any thread.
  void release_unused();
  /// Breaks what is left. Any thread.
  void abort();
  /// Client connections that are open. Any other thread; waits for the loop's answer.
  std::size_t connections();
  /// All listeners have drained. Any thread.
  bool drained() const noexcept { return drained_.load(std::memory_order_acquire); }

  net::Loop& loop() noexcept { return *loop_; }

 private:
  void run(ThreadStart& start);
  Task<void> drain();

  SystemClock clock_;
  Rng rng_;
  std::unique_ptr<net::Loop> loop_;
  const Parts parts_;
  WorkerGateway gateway_;
  std::unique_ptr<proxy::ExchangePool> exchanges_;
  std::vector<std::unique_ptr<proxy::Listener>> listeners_;
  TaskGroup tasks_;
  std::atomic<bool> drained_{false};  // release when all is over, acquire by who then ends the thread
  std::promise<void> stop_called_;
  std::thread thread_;
};

}  // namespace sluice::runtime
