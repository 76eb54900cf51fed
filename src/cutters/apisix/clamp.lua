-- pullcord clamp 1
-- Ends responses that were open when their route was severed. APISIX runs it for every chunk of every response, as
-- serverless-post-function in phase body_filter of the global rule "pullcord-clamp".
--
-- Fails towards traffic: whatever it does not find as it expects it, it lets pass. An error raised here aborts the
-- response, so nothing but the two lines that mean to cut may raise one. New requests are refused by fault-injection
-- in the same rule, with or without this function.

local RULE = "pullcord-clamp"
local MARK = "x-pullcord-severed"
local EVENT = 'event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n'
-- nginx holds back what is smaller than 1,460 bytes, and the abort would then overtake the event.
local PADDING = ":" .. string.rep(" ", 1500) .. "\n\n"

-- The table that the set was made from. APISIX puts another one in its place when the rule changes.
local source
local severed = {}

-- The ids that the rule names now, not those of the moment when the response began. Called by pcall alone.
local function look()
  local rule = require("apisix.core").config.fetch_created_obj("/global_rules"):get(RULE)
  local fault = rule and rule.value.plugins["fault-injection"]
  if fault == source then
    return
  end
  local ids = {}
  if fault then
    for _, id in ipairs(fault.abort.vars[1][1][3]) do
      ids[id] = true
    end
  end
  source, severed = fault, ids
end

return function(_, ctx)
  -- The chunk after the event: an abort closes the client and the upstream, so that the model stops generating.
  -- A clean end (ngx.arg[2] = true) would leave the upstream running.
  if ctx.pullcord_cut then
    error("pullcord: severed")
  end

  -- Our own refusal is no open response; the last chunk may go.
  local id = ctx.route_id
  if not id or ngx.arg[2] or ngx.header[MARK] then
    return
  end
  if not pcall(look) or not severed[id] then
    return
  end

  ctx.pullcord_cut = true
  local kind = ngx.header["content-type"]
  if type(kind) == "string" and kind:find("text/event-stream", 1, true) and not ngx.header["content-encoding"] then
    ngx.arg[1] = EVENT .. PADDING
    return
  end
  error("pullcord: severed")
end
