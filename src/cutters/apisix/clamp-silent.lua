-- pullcord clamp 2: ends responses that send nothing, WebSockets, and whatever else is open when its route gets cut.
-- APISIX runs the function at the end of this file once for every request, as serverless-pre-function in phase rewrite
-- of the global rule. It only notes the request; a timer in each worker looks at the rule and shuts the sockets of what
-- is noted and severed.
--
-- Fails towards traffic: nothing here raises an error, and what can't be ended is left to the function in clamp.lua.
-- luacheck: read globals severed_ids sockets

local RULE = "pullcord-clamp"
local PERIOD_SECONDS = 0.05
-- A response that Lua makes has no upstream to be shut; it may bring its last event at its next chunk until then.
local PATIENCE = 2

-- A change of the rule loads this text again: what has to last is kept beside it. APISIX uses its table of a request
-- again for later ones, and drops it at last: so the keys are weak, and no phase has to strike a request out.
local state = package.loaded[RULE]
if not state then
  state = { open = setmetatable({}, { __mode = "k" }), loads = 0 }
  package.loaded[RULE] = state
end
local open = state.open
-- Counts the requests, those after a load of this text above all before it.
state.loads = state.loads + 1
local count = state.loads * 2 ^ 32

local function cut(ctx)
  local ticks = (ctx.pullcord_ticks or 0) + 1
  ctx.pullcord_ticks = ticks
  local request = ctx.var._request
  if sockets.shut_upstream(request) then
    ctx.pullcord_shut = true
  end
  -- Still there: nothing upstream, or a client that doesn't take what nginx has kept for it.
  local protocol = ctx.var.server_protocol
  if ticks > PATIENCE and type(protocol) == "string" and protocol:find("HTTP/1", 1, true) then
    sockets.shut_client(request)
  end
end

-- Everything that is open and severed, once. A request that has ended has no `var` any more. Where the end of one was
-- lost to an error of another plugin, its address may belong to a later one by now: that one counts.
local function tick()
  local ids = severed_ids()
  if next(ids) == nil then
    return
  end
  local latest = {}
  for ctx, number in pairs(open) do
    local request = ctx.var and ctx.var._request
    if request == nil then
      open[ctx] = nil
    else
      local address = tostring(request)
      if not latest[address] or open[latest[address]] < number then
        latest[address] = ctx
      end
    end
  end
  for _, ctx in pairs(latest) do
    if ids[ctx.route_id] then
      pcall(cut, ctx)
    end
  end
end

local function is_idle()
  for ctx in pairs(open) do
    if ctx.var then
      return false
    end
  end
  return true
end

local function is_armed()
  local rule = require("apisix.core").config.fetch_created_obj("/global_rules"):get(RULE)
  return rule and rule.value and rule.value.plugins["serverless-pre-function"] ~= nil
end

-- Without this function in the rule, and without a request that it noted, there is nothing to wait for.
local function beat(premature)
  if premature then
    return
  end
  local ok, armed = pcall(is_armed)
  if ok and armed then
    pcall(state.tick)
  end
  if (ok and not armed and is_idle()) or not ngx.timer.at(PERIOD_SECONDS, beat) then
    state.tick = nil
  end
end

-- The text that was loaded last takes over; the timer goes on, or begins.
local function begin()
  local is_beating = state.tick ~= nil
  state.tick = tick
  if not is_beating and not ngx.timer.at(PERIOD_SECONDS, beat) then
    state.tick = nil
  end
end

return function(_, ctx)
  count = count + 1
  open[ctx] = count
  if state.tick ~= tick then
    begin()
  end
end
