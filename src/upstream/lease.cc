#include "upstream/lease.h"

#include "upstream/pool.h"

namespace sluice::upstream {

ActiveRequest::ActiveRequest(SharedEndpoint& endpoint) noexcept : endpoint_(&endpoint) {
  endpoint.begin_request();
}

void ActiveRequest::end() noexcept {
  if (auto* endpoint = std::exchange(endpoint_, nullptr)) endpoint->end_request();
}

Lease::Lease(EndpointPool& pool, std::unique_ptr<PooledConnection> connection, bool reused,
             ActiveRequest active) noexcept
    : pool_(&pool),
      connection_(std::move(connection)),
      stream_(&connection_->client()),
      active_(std::move(active)),
      reused_(reused) {
  pool_->counts_.leased.add();
}

Lease::Lease(EndpointPool& pool, LentStream stream, ActiveRequest active) noexcept
    : pool_(&pool),
      lent_(std::move(stream)),
      stream_(&lent_.stream()),
      active_(std::move(active)),
      reused_(lent_.reused()) {
  pool_->counts_.leased.add();
}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  end();
  pool_ = other.pool_;
  connection_ = std::move(other.connection_);
  lent_ = std::move(other.lent_);
  stream_ = other.stream_;
  active_ = std::move(other.active_);
  reused_ = other.reused_;
  discarded_ = other.discarded_;
  return *this;
}

Lease::~Lease() { end(); }

std::string_view Lease::endpoint_address() const noexcept {
  return connection_ ? connection_->address_text() : lent_.connection().address_text();
}

std::string_view Lease::endpoint_host() const noexcept { return pool_->endpoint().host(); }

EndpointId Lease::endpoint() const noexcept { return pool_->endpoint().id(); }

std::uint32_t Lease::wanted_by() const noexcept { return pool_->endpoint().waiting(); }

void Lease::end() noexcept {
  if (!connection_ && !lent_) return;
  pool_->lease_ended();
  if (connection_) return pool_->give_back(std::move(connection_), !discarded_);
  LentStream over(std::move(lent_));
}

}  // namespace sluice::upstream
