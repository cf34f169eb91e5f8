-- wrk's part of test/bench/create and queue: every request is another order. Arguments: RUN WORKSHOP [random]
-- The request is made once; only digits are put in, always as many, so that wrk's own work stays small.
local threads = 0

function setup(thread)
   threads = threads + 1
   thread:set("number", threads)
end

function init(args)
   local order = '{"workshop": "' .. args[2] .. '", "worksheet": "@", "product_nr": "10", "product_amount": "5", ' ..
      '"uniqueid": "' .. args[1] .. string.format("-%02d-", number) .. '@", "username": "admin", "password": "gygag"}'
   local made = wrk.format("POST", "/create", {["Content-Type"] = "application/json"},
                           order:gsub("@", "000", 1):gsub("@", "00000000", 1))
   before, between, after = made:match('^(.*"worksheet": ")000(".*%-)00000000(".*)$')
   orders = 0
   random = args[3] == "random"
end

function request()
   orders = orders + 1
   if random then -- as far apart as eight digits go, and none twice
      local id = string.format("%08d", orders * 61803399 % 100000000)
      return before .. string.format("%03d", orders % 1000) .. between .. id .. after
   end
   return before .. string.format("%03d", orders % 1000) .. between .. string.format("%08d", orders) .. after
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, e.status,
                          e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
