-- wrk: POST the lines of a file in turn, with an Authorization header and a pause of each connection in ms between
-- two requests where they are given, and print one line of figures at the end.
local requests, count, at = {}, 0, 0

function init(arguments)
  local headers = { ["Content-Type"] = "application/json", ["Authorization"] = arguments[2] }
  local pause = tonumber(arguments[3])
  if pause then
    function delay() return pause end
  end
  for line in io.lines(arguments[1]) do
    count = count + 1
    requests[count] = wrk.format("POST", nil, headers, line)
  end
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
