// A small fast generator that is the same everywhere for the same seed. Not for secrets.
#pragma once

#include <bit>
#include <cstdint>

namespace sluice {

/// xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64. One a worker.
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit Rng(std::uint64_t seed = 0) noexcept {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() noexcept {
    std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Evenly in [0, n), by Lemire's multiplication; 0 for n == 0. The bias is below n / 2^32.
  std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(next() >> 32)} * n) >> 32);
  }

  /// Evenly in [0, 1), 53 bits.
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// True with this probability.
  bool chance(double probability) noexcept { return uniform() < probability; }

  // What <random> and <algorithm> ask of a generator.
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return UINT64_MAX; }
  result_type operator()() noexcept { return next(); }

 private:
  std::uint64_t state_[4];
};

}  // namespace sluice
