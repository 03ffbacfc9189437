-- GET with a new connection for every request: the client asks for the close, the gateway closes.
--   wrk -t1 -c64 -d10s -s new_connection.lua http://127.0.0.1:8080/
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

wrk.headers["Connection"] = "close"
wrk.headers["User-Agent"] = "wrk-new-connection/1.0"
