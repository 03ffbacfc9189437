-- GETs sent several at a time without waiting for answers (RFC 9112, section 9.3.2), 8 unless a depth is given
-- after the dashes. wrk counts the latency of a whole batch. Few clients do this; a gateway must bear it.
--   wrk -t1 -c64 -d10s -s pipelined.lua http://127.0.0.1:8080/ -- 16
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

local batch

function init(args)
  wrk.headers["User-Agent"] = "wrk-pipelined/1.0"
  batch = string.rep(wrk.format("GET"), tonumber(args[1]) or 8)
end

function request()
  return batch
end
