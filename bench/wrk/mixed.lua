-- GETs of several paths, each as often as its weight says, in an order that is the same in every run. Paths
-- are given after the dashes as PATH or PATH=WEIGHT; without any, the URL's own path with different queries.
--   wrk -t1 -c64 -d10s -s mixed.lua http://127.0.0.1:8080 -- /orders=8 /orders/17=3 /health
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
dofile(here .. "report.lua")

local requests = {}
local position = 0

local function add(path, weight)
  for _ = 1, weight do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

local function shuffle(list)
  math.randomseed(1)
  for i = #list, 2, -1 do
    local j = math.random(i)
    list[i], list[j] = list[j], list[i]
  end
end

function init(args)
  wrk.headers["User-Agent"] = "wrk-mixed/1.0"
  for _, arg in ipairs(args) do
    local path, weight = arg:match("^(.*)=(%d+)$")
    add(path or arg, tonumber(weight) or 1)
  end
  if #requests == 0 then
    for page = 1, 64 do
      add(wrk.path .. "?page=" .. page, 1)
    end
  end
  shuffle(requests)
end

function request()
  position = position % #requests + 1
  return requests[position]
end
