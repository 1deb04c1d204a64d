-- What wrk runs: random posts, and at the end one line like that of processes/ask-for-posts.ts.
local posts = tonumber(os.getenv("READ_POSTS"))
math.randomseed(1)

request = function()
  return wrk.format("GET", "/posts/" .. math.random(posts))
end

done = function(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = 'result {"answered": %d, "failed": %d, "seconds": %.6f}\n'
  io.write(string.format(line, summary.requests - errors.status, failed, summary.duration / 1e6))
end
