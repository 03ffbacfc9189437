-- GET of the URL over connections that stay open, with the header fields of a usual API client.
--   wrk -t1 -c64 -d10s -s keepalive.lua http://127.0.0.1:8080/
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.8"
wrk.headers["User-Agent"] = "wrk-keepalive/1.0"
wrk.headers["Cookie"] = "theme=dark; session=6f1c2e9a7b3d4805"
