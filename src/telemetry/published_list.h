// A list that only grows: one thread adds, any thread reads, nobody locks.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace sluice::telemetry {

///     head --> newest --> ... --> oldest --> null
///
/// A node is complete before it is published (release); whoever sees it through the head (acquire)
/// sees all of it. Elements stay where they are until the list goes. One writer at a time.
template <class T>
class PublishedList {
 public:
  PublishedList() = default;
  PublishedList(const PublishedList&) = delete;
  PublishedList& operator=(const PublishedList&) = delete;
  ~PublishedList() {
    for (Node* node = head_.load(std::memory_order_relaxed); node != nullptr;) {
      std::unique_ptr<Node> gone(node);
      node = node->next;
    }
  }

  template <class... Args>
  T& emplace(Args&&... args) {
    auto node = std::make_unique<Node>(head_.load(std::memory_order_relaxed), std::forward<Args>(args)...);
    T& value = node->value;
    head_.store(node.release(), std::memory_order_release);
    return value;
  }

  /// The first element, newest first, for which the predicate holds; else null.
  template <class Predicate>
  T* find(Predicate&& wanted) noexcept {
    for (Node* node = head_.load(std::memory_order_acquire); node != nullptr; node = node->next)
      if (wanted(std::as_const(node->value))) return &node->value;
    return nullptr;
  }

  template <class Visit>
  void each(Visit&& visit) const {
    for (const Node* node = head_.load(std::memory_order_acquire); node != nullptr; node = node->next)
      visit(node->value);
  }

 private:
  struct Node {
    template <class... Args>
    explicit Node(Node* after, Args&&... args) : next(after), value{std::forward<Args>(args)...} {}
    Node* next;
    T value;
  };
  std::atomic<Node*> head_{nullptr};
};

}  // namespace sluice::telemetry
