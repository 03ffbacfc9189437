// A doubly linked list through its elements: no allocation, and an element leaves by itself.
#pragma once

#include <cstddef>

namespace sluice {

/// What an element of an IntrusiveList derives from; the tag tells apart several lists that one
/// object may be in. Destroying the element takes it out.
template <class Tag = void>
class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  bool linked() const noexcept { return next_ != nullptr; }
  void unlink() noexcept {
    if (!next_) return;
    next_->prev_ = prev_;
    prev_->next_ = next_;
    next_ = prev_ = nullptr;
  }

 private:
  template <class, class>
  friend class IntrusiveList;
  ListHook* next_ = nullptr;
  ListHook* prev_ = nullptr;
};

/// Owns nothing. Elements outlive their place in it or leave it by themselves.
template <class T, class Tag = void>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  IntrusiveList() noexcept { head_.next_ = head_.prev_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    clear();
    head_.next_ = head_.prev_ = nullptr;
  }

  bool empty() const noexcept { return head_.next_ == &head_; }
  T& front() noexcept { return static_cast<T&>(*head_.next_); }
  T& back() noexcept { return static_cast<T&>(*head_.prev_); }

  /// Where the element is in this list or another of the tag, it moves.
  void push_back(T& element) noexcept {
    static_cast<Hook&>(element).unlink();  // first: it may be the one to come behind
    insert(*head_.prev_, element);
  }
  void push_front(T& element) noexcept {
    static_cast<Hook&>(element).unlink();
    insert(head_, element);
  }

  /// The first element, taken out; null when empty.
  T* pop_front() noexcept {
    if (empty()) return nullptr;
    T& first = front();
    static_cast<Hook&>(first).unlink();
    return &first;
  }

  void clear() noexcept {
    while (pop_front()) {
    }
  }

  /// Calls `visit(T&)` for every element, first to last; the one visited may leave.
  template <class Visit>
  void each(Visit visit) {
    for (Hook* hook = head_.next_; hook != &head_;) {
      Hook* next = hook->next_;
      visit(static_cast<T&>(*hook));
      hook = next;
    }
  }

  /// Moves all of the other's elements behind this list's own.
  void splice_back(IntrusiveList& other) noexcept {
    if (other.empty()) return;
    Hook *first = other.head_.next_, *last = other.head_.prev_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.head_.next_ = other.head_.prev_ = &other.head_;
  }

 private:
  static void insert(Hook& after, Hook& element) noexcept {
    element.next_ = after.next_;
    element.prev_ = &after;
    after.next_->prev_ = &element;
    after.next_ = &element;
  }

  Hook head_;
};

}  // namespace sluice
