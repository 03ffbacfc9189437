#include "upstream/lease.h"

#include "upstream/pool.h"

namespace sluice::upstream {

ActiveRequest::ActiveRequest(SharedEndpoint& endpoint) noexcept : endpoint_(&endpoint) {
  endpoint.begin_request();
}

ActiveRequest::~ActiveRequest() {
  if (endpoint_) endpoint_->end_request();
}

Lease::Lease(EndpointPool& pool, std::unique_ptr<PooledConnection> connection, bool reused,
             ActiveRequest active) noexcept
    : pool_(&pool), connection_(std::move(connection)), active_(std::move(active)), reused_(reused) {
  pool_->counts_.leased.add();
}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  end();
  pool_ = other.pool_;
  connection_ = std::move(other.connection_);
  active_ = std::move(other.active_);
  reused_ = other.reused_;
  discarded_ = other.discarded_;
  return *this;
}

Lease::~Lease() { end(); }

codec::ClientConnection& Lease::connection() const noexcept { return connection_->client(); }

std::string_view Lease::endpoint_address() const noexcept { return connection_->address_text(); }

std::string_view Lease::endpoint_host() const noexcept { return pool_->endpoint().host(); }

std::size_t Lease::index() const noexcept { return pool_->index(); }

std::uint32_t Lease::wanted_by() const noexcept { return pool_->endpoint().waiting(); }

void Lease::end() noexcept {
  if (!connection_) return;
  pool_->counts_.leased.remove();
  pool_->give_back(std::move(connection_), !discarded_);
}

}  // namespace sluice::upstream
