#include "telemetry/exposition.h"

#include <sstream>

#include <prometheus/text_serializer.h>

#include "telemetry/collector.h"

namespace sluice::telemetry {

Exposition::Exposition(ExpositionSources sources)
    : collector_(std::make_unique<Collector>(std::move(sources))) {}
Exposition::~Exposition() = default;

std::string Exposition::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collector_->Collect());
  return std::move(out).str();
}

}  // namespace sluice::telemetry
