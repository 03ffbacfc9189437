-- GETs by users who think: each connection rests 50 to 150 ms between its requests, so that most connections
-- are idle at any time and what is measured is the latency without a queue. Give it many connections.
--   wrk -t1 -c2000 -d10s -s slow.lua http://127.0.0.1:8080/
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

wrk.headers["User-Agent"] = "wrk-slow/1.0"

function delay()
  return math.random(50, 150)
end
