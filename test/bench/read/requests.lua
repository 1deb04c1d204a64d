-- What wrk runs: the requests of a file at random, and at the end one line like that of processes/ask.ts.
local requests = {}

init = function()
  for line in io.lines(os.getenv("READ_REQUESTS")) do
    local path, tag = line:match("^([^\t]+)\t(.*)$")
    local headers = {}
    if tag ~= "" then headers["If-None-Match"] = tag end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
  math.randomseed(1)
end

request = function()
  return requests[math.random(#requests)]
end

done = function(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = 'result {"answered": %d, "failed": %d, "seconds": %.6f}\n'
  io.write(string.format(line, summary.requests - errors.status, failed, summary.duration / 1e6))
end
