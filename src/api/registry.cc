#include "sluice/registry.h"

#include <string>

namespace sluice {

void add_kinds(conf::Catalog& catalog, std::span<const MiddlewareKind> kinds) {
  for (const MiddlewareKind& kind : kinds) {
    catalog.add(std::string(MiddlewareKind::category),
                {.name = std::string(kind.name), .spec = kind.spec, .factory = &kind});
  }
}

std::shared_ptr<const MiddlewarePlan> plan_of(const conf::Definition& definition,
                                              const MiddlewarePlan* before) {
  if (!definition.entry || !definition.value) return nullptr;
  return static_cast<const MiddlewareKind*>(definition.entry->factory)->plan(definition.value, before);
}

}  // namespace sluice
