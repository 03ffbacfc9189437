#include "upstream/resolver.h"

#include <utility>

namespace sluice::upstream {
namespace {

template <class T>
Answer<T> look_up(const std::map<std::string, Answer<T>>& answers, const std::string& name) {
  const auto found = answers.find(name);
  if (found != answers.end()) return found->second;
  return {Error{Fault::unresolved, Side::upstream, true}, {}, {}};
}

}  // namespace

void FixedResolver::set(std::string host, Answer<std::vector<net::Address>> answer) {
  std::lock_guard lock(mutex_);
  addresses_.insert_or_assign(std::move(host), std::move(answer));
}

void FixedResolver::set_services(std::string name, Answer<std::vector<Service>> answer) {
  std::lock_guard lock(mutex_);
  services_.insert_or_assign(std::move(name), std::move(answer));
}

void FixedResolver::resolve(std::string host, OnAddresses callback) {
  std::unique_lock lock(mutex_);
  ++asked_;
  auto answer = look_up(addresses_, host);
  lock.unlock();
  callback(std::move(answer));
}

void FixedResolver::find_services(std::string name, OnServices callback) {
  std::unique_lock lock(mutex_);
  ++asked_;
  auto answer = look_up(services_, name);
  lock.unlock();
  callback(std::move(answer));
}

std::size_t FixedResolver::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

}  // namespace sluice::upstream
