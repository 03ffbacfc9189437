-- POST of a JSON body, 4 KiB unless a size in bytes is given after the dashes.
--   wrk -t1 -c64 -d10s -s post.lua http://127.0.0.1:8080/ -- 65536
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

local function body_of(size)
  local start, stop = '{"items":["', '"]}'
  return start .. string.rep("x", math.max(size - #start - #stop, 0)) .. stop
end

local request_bytes

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["User-Agent"] = "wrk-post/1.0"
  wrk.body = body_of(tonumber(args[1]) or 4096)
  request_bytes = wrk.format()
end

function request()
  return request_bytes
end
