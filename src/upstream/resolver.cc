#include "upstream/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

namespace sluice::upstream {
namespace {

using Answer = Result<std::vector<net::Address>>;

Error lookup_error(int code) {
  switch (code) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
      return {Fault::unresolved, Side::upstream, true};
    case EAI_AGAIN:
      return {Fault::timed_out, Side::upstream, true};
    case EAI_MEMORY:
      return {Fault::no_memory, Side::us, true, ENOMEM};
    case EAI_SYSTEM:
      return {Fault::other, Side::upstream, true, errno};
    default:
      return {Fault::other, Side::upstream, true};
  }
}

Answer look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0)
    return lookup_error(code);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<net::Address> addresses;
  for (const auto* entry = found; entry; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    auto address = net::Address::from_sockaddr(entry->ai_addr, entry->ai_addrlen);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  if (addresses.empty()) return Error{Fault::unresolved, Side::upstream, true};
  return addresses;
}

}  // namespace

struct ThreadResolver::Shared {
  struct Question {
    std::string host;
    Callback callback;
  };

  std::mutex mutex;
  std::mutex calling;  // held while a callback runs, so that none runs after the destructor
  std::condition_variable asked;
  std::deque<Question> questions;
  bool stopped = false;

  void run();
};

void ThreadResolver::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    asked.wait(lock, [this] { return stopped || !questions.empty(); });
    if (stopped) return;
    Question question = std::move(questions.front());
    questions.pop_front();
    lock.unlock();
    auto answer = look_up(question.host);
    {
      std::lock_guard call(calling);
      lock.lock();
      const bool wanted = !stopped;
      lock.unlock();
      if (wanted) question.callback(std::move(answer));
    }
    lock.lock();
  }
}

// Detached: a lookup may hang for many seconds, and the process does not wait for it when it ends.
ThreadResolver::ThreadResolver() : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_] { shared->run(); }).detach();
}

ThreadResolver::~ThreadResolver() {
  std::lock_guard call(shared_->calling);
  std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->questions.clear();
  shared_->asked.notify_one();
}

void ThreadResolver::resolve(std::string host, Callback callback) {
  std::lock_guard lock(shared_->mutex);
  shared_->questions.push_back({std::move(host), std::move(callback)});
  shared_->asked.notify_one();
}

void FixedResolver::set(std::string host, Result<std::vector<net::Address>> answer) {
  std::lock_guard lock(mutex_);
  answers_.insert_or_assign(std::move(host), std::move(answer));
}

void FixedResolver::resolve(std::string host, Callback callback) {
  Answer answer = Error{Fault::unresolved, Side::upstream, true};
  {
    std::lock_guard lock(mutex_);
    if (const auto found = answers_.find(host); found != answers_.end()) answer = found->second;
  }
  callback(std::move(answer));
}

}  // namespace sluice::upstream
