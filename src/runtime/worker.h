// One event loop on a thread of its own, and what it serves with.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "net/backend.h"
#include "net/loop.h"
#include "proxy/entrance.h"
#include "proxy/exchange_pool.h"
#include "proxy/gateway.h"
#include "proxy/listener.h"
#include "runtime/departures.h"
#include "runtime/thread_start.h"
#include "runtime/worker_side.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::runtime {

/// One address that is listened on: the entrance leads to the listener.
struct Door {
  std::unique_ptr<proxy::Listener> listener;
  std::unique_ptr<proxy::Entrance> entrance;
};

/// What a worker is to do at one address.
struct DoorOrder {
  std::shared_ptr<const proxy::ListenerPlan> plan;
  telemetry::ListenerMetrics* metrics;        ///< Of the worker's shard.
  std::optional<net::ListenSocket> socket{};  ///< Of an address that was not listened on.
  std::size_t stays = 0;  ///< Without a socket: the number of the door that is there already.
};

/// What a worker serves from now on.
struct WorkerOrders {
  WorkerSide side;
  std::vector<DoorOrder> doors;  ///< In the order of the configuration; doors that none names are closed.
  std::vector<std::shared_ptr<upstream::Upstream>> leaving;  ///< Not in `side` any more.
};

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

  /// Takes the orders into force, all at once, between two turns of the loop; what is under way goes on as it
  /// began. Control thread; ready once it is done: nothing new is begun with what was in force before, and
  /// addresses that are served no more are closed.
  std::future<void> adopt(WorkerOrders orders);

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
  /// Ready once the loop has got round to it. Any other thread.
  std::future<void> answer();
  /// Client connections that are open. Any other thread; waits for the loop's answer.
  std::size_t connections();
  /// All listeners have drained. Any thread.
  bool drained() const noexcept { return drained_.load(std::memory_order_acquire); }

  net::Loop& loop() noexcept { return *loop_; }

 private:
  void run(ThreadStart& start);
  /// Of orders: the last who holds it says that they are carried out.
  struct Done {
    ~Done() { promise.set_value(); }
    std::promise<void> promise;
  };

  void take_over(WorkerOrders& orders, const std::shared_ptr<Done>& done);
  static Task<void> close(std::unique_ptr<proxy::Entrance> entrance, std::shared_ptr<Done> done);
  Door open(const DoorOrder& order);
  Door take_on(const DoorOrder& order);
  std::unique_ptr<proxy::Listener> make_listener(const DoorOrder& order);
  template <class Visit>
  void each_listener(Visit&& visit);
  Task<void> drain();

  SystemClock clock_;
  Rng rng_;
  std::unique_ptr<net::Loop> loop_;
  const Parts parts_;
  std::unique_ptr<proxy::ExchangePool> exchanges_;
  std::unique_ptr<proxy::Gateway> gateway_;
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams_;  // in force
  std::vector<Door> doors_;                                     // in the order of the configuration in force
  std::unique_ptr<Departures> departures_;
  TaskGroup tasks_;
  std::atomic<bool> drained_{false};  // release when all is over, acquire by who then ends the thread
  std::promise<void> stop_called_;
  std::thread thread_;
};

}  // namespace sluice::runtime
