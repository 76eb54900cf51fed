-- pullcord clamp 2: gives responses that are open when their route is severed their last words, and ends them. APISIX
-- runs it for every chunk of every response while something is severed, as serverless-post-function in phase
-- body_filter of the global rule "pullcord-clamp".
--
-- Fails towards traffic: whatever it does not find as it expects it, it lets pass. An error raised here aborts the
-- response, so nothing but the two lines that mean to cut may raise one. New requests are refused by fault-injection
-- in the same rule, with or without this function.
-- luacheck: read globals severed_ids sockets

local MARK = "x-pullcord-severed"
local EVENT = 'event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n'
-- nginx holds back what is smaller than 1,460 bytes, and the abort would then overtake the event.
local PADDING = ":" .. string.rep(" ", 1500) .. "\n\n"

-- An event can't be written into what is compressed, nor where the length is promised.
local function takes_event()
  local kind = ngx.header["content-type"]
  return type(kind) == "string"
    and kind:find("text/event-stream", 1, true)
    and not ngx.header["content-encoding"]
    and not ngx.header["content-length"]
end

return function(_, ctx)
  -- The chunk after an event without an end: an abort closes the client and the upstream, so that the model stops
  -- generating.
  if ctx.pullcord_cut then
    error("pullcord: severed")
  end

  -- Our own refusal is no open response.
  local id = ctx.route_id
  if not id or not severed_ids()[id] or ngx.header[MARK] then
    return
  end

  ctx.pullcord_cut = true
  if not takes_event() then
    error("pullcord: severed")
  end
  -- A clean end leaves the upstream running, and this function is not called again: so only when it is shut, or done.
  if ctx.pullcord_shut or ngx.arg[2] or sockets.shut_upstream(ctx.var and ctx.var._request) then
    ngx.arg[1] = EVENT
    ngx.arg[2] = true
  else
    ngx.arg[1] = EVENT .. PADDING
  end
end
