-- pullcord canary 1
-- Answers the canary route of a drill, as serverless-pre-function in phase access of the route "pullcord-drill": with a
-- stream of events, so that there is one to be ended. Without an upstream, for none can be reached from everywhere.
--
-- Fails towards an end: it stops when the client is gone, when the clamp aborts it, and after a minute.

local TOKEN = "-token-"
local EVENTS = 600
local PAUSE_SECONDS = 0.1

return function()
  ngx.header["content-type"] = "text/event-stream"
  ngx.header["x-pullcord-drill"] = TOKEN
  if ngx.req.get_method() == "HEAD" then
    return ngx.exit(ngx.HTTP_OK)
  end
  for n = 1, EVENTS do
    if not (ngx.print("data: ", n, "\n\n") and ngx.flush(true)) then
      return ngx.exit(ngx.HTTP_OK)
    end
    ngx.sleep(PAUSE_SECONDS)
  end
  ngx.print("data: [DONE]\n\n")
  return ngx.exit(ngx.HTTP_OK)
end
