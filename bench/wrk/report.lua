-- Shared by the scripts beside it: one line of figures at the end, which run.sh gathers into a table.
-- Latencies are in microseconds. Errors are refused or broken connections, timeouts, and answers of 400 and up.

function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.timeout + e.status
  io.write(string.format("RESULT %.0f %.0f %.0f %.0f %.0f %d %d\n",
    summary.requests / (summary.duration / 1e6), latency:percentile(50), latency:percentile(90),
    latency:percentile(99), latency.max, summary.requests, errors))
end
