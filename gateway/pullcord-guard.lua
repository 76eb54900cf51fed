-- pullcord guard 1
-- An optional plugin for Apache APISIX 3: cuts routes off by the gateway's own Control API, so that a cut needs neither
-- the Admin API nor etcd. See docs/guard.md for how to install it.
--
--   PUT /v1/plugin/pullcord-guard/cut    the whole set of severed routes, signed
--   GET /v1/plugin/pullcord-guard/state  what this gateway and each of its workers hold
--
-- The set lives in a shared dictionary: every worker hears it, one that starts later too, and one that drains after a
-- reload. It outlives the reload; a restarted gateway begins with an empty one, and Pullcord tells it again.
--
-- Which way it fails is the user's choice: plugin_attr.pullcord-guard.fail, "open" (the default) or "closed". What it
-- knows to be severed stays severed either way.

local core = require("apisix.core")
local plugin = require("apisix.plugin")
local hmac = require("resty.hmac")
local process = require("ngx.process")
local get_request = require("resty.core.base").get_request
local ffi = require("ffi")

local NAME = "pullcord-guard"
local VERSION = 1
local MARK = "x-pullcord-severed"
local SIGNATURE = "x-pullcord-signature"
local REFUSED = 503
local RETRY_AFTER_SECONDS = 60
local MESSAGE = "Cut off by the emergency stop of this gateway. Retrying does not help: an operator has to restore it."
local CLOSED = "The guard of this gateway cannot work or has not heard from Pullcord, and is set to fail closed."
local EVENT = 'event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n'
-- nginx holds back what is smaller than 1,460 bytes, and the abort would then overtake the event.
local PADDING = ":" .. string.rep(" ", 1500) .. "\n\n"

local WATCH_SECONDS = 0.025
-- How long an event stream is waited for, so that its next chunk can be the event. Over HTTP/2 it is waited for once
-- more, so that the chunk after that ends it alone, and not its connection with all streams on it.
local GRACE_SECONDS = 0.1
local SHARED_GRACE_SECONDS = 0.15
local REPORT_SECONDS = 1
-- A worker that reported nothing for so long is gone.
local GONE_SECONDS = 4
-- As far as the clocks of Pullcord and of the gateway may be apart.
local CLOCK_SECONDS = 300
local SECRET_LENGTH = 32
local BODY_BYTES = 2 * 1024 * 1024
local WRITING_SECONDS = 1

local NO_DICT = "there is no shared dictionary: set nginx_config.http.custom_lua_shared_dict: {pullcord-guard: 10m}"

local _M = {
  version = VERSION,
  -- Before all others: whatever they do, what is severed is refused first.
  priority = 24000,
  name = NAME,
  schema = { type = "object", properties = {}, additionalProperties = false },
}

-- Requests that are under way, by their context. Outlives a hot reload of the plugins.
local open = package.loaded[NAME .. ".open"] or {}
package.loaded[NAME .. ".open"] = open

local dict, secret, fails_closed, lease_seconds, shutdown_seconds
-- What was last read from the dictionary.
local known = { serial = 0, order = 0, seq = 0, list = {}, ids = {} }
local stopped = false
local reported_at, reported_serial = 0, -1

-- The connection of a request, as far as nginx 1.9 to 1.29 lay it out alike.
pcall(ffi.cdef, [[
  typedef struct { void *data; void *read; void *write; int fd; } pullcord_connection_t;
  typedef struct { unsigned int signature; pullcord_connection_t *connection; } pullcord_request_t;
]])
pcall(ffi.cdef, "int shutdown(int fd, int how);")
pcall(ffi.cdef, "int getpeername(int fd, void *address, unsigned int *length);")
local HTTP_SIGNATURE = 0x50545448
local SHUT_RDWR = 2
local address = ffi.new("unsigned char[128]")
local length = ffi.new("unsigned int[1]")

-- The client's port: with the descriptor it tells a connection from a later one. nil when it is no open socket.
local function peer_of(fd)
  length[0] = 128
  if fd < 0 or ffi.C.getpeername(fd, address, length) ~= 0 then
    return nil
  end
  return length[0] >= 4 and address[2] * 256 + address[3] or 0
end

-- The descriptor of the current request's client. nil where it cannot be told: QUIC has one for all of its clients.
local function descriptor()
  if ngx.req.http_version() == 3 then
    return nil
  end
  local request = ffi.cast("pullcord_request_t *", get_request())
  if request == nil or request.signature ~= HTTP_SIGNATURE or request.connection == nil then
    return nil
  end
  return request.connection.fd
end

local function set_of(list)
  local set = {}
  for _, id in ipairs(list) do
    set[id] = true
  end
  return set
end

-- What is severed now. Raises an error when the dictionary cannot be read; called by pcall alone.
local function look()
  if not dict then
    error(NO_DICT, 0)
  end
  local serial = dict:get("serial") or 0
  if serial == known.serial then
    return known
  end
  local cut, why = core.json.decode(dict:get("cut") or (serial == 0 and '{"order":0,"seq":0,"ids":[]}' or ""))
  if not cut then
    error("the shared dictionary cannot be read: " .. tostring(why), 0)
  end
  known = {
    serial = serial,
    order = cut.order,
    seq = cut.seq,
    list = cut.ids,
    ids = set_of(cut.ids),
    scoped = cut.scoped and set_of(cut.scoped),
  }
  return known
end

local function lease_is_over()
  if lease_seconds <= 0 then
    return false
  end
  return ngx.time() - (dict:get("heard") or 0) > lease_seconds
end

-- Whether a route is refused, and whether that is for want of anything better. Never raises an error.
local function refuses(id)
  local ok, cut = pcall(look)
  if (ok and cut or known).ids[id] then
    return true
  end
  if not fails_closed then
    return false
  end
  local ours = not known.scoped or known.scoped[id] == true
  local closed = ours and (not ok or lease_is_over())
  return closed, closed
end

local function refusal(id, closed)
  core.response.set_header("content-type", "application/json", MARK, "1", "retry-after", RETRY_AFTER_SECONDS)
  local code = closed and "pullcord_guard_closed" or "pullcord_severed"
  local body = '{"error":{"type":"severed","code":"%s","message":"%s","route":"%s"}}'
  return REFUSED, string.format(body, code, closed and CLOSED or MESSAGE, id)
end

function _M.check_schema(conf)
  return core.schema.check(_M.schema, conf)
end

function _M.rewrite(_, ctx)
  local id = ctx.route_id
  if not id then
    return
  end
  local cut, closed = refuses(id)
  if cut then
    return refusal(id, closed)
  end
end

function _M.access(_, ctx)
  local id = ctx.route_id
  if not id then
    return
  end
  local ok, fd = pcall(descriptor)
  fd = ok and fd or nil
  local shares = ngx.req.http_version() == 2
  local entry = { id = id, fd = fd, port = fd and peer_of(fd), shares = shares }
  open[ctx] = entry
  ctx.pullcord_guard = entry
end

function _M.header_filter(_, ctx)
  local entry = ctx.pullcord_guard
  local kind = entry and ngx.header["content-type"]
  if type(kind) == "string" and kind:find("text/event-stream", 1, true) and not ngx.header["content-encoding"] then
    entry.events = true
  end
end

-- An error raised here aborts the response, on both sides: the model stops generating. A clean end would leave the
-- upstream running.
function _M.body_filter(_, ctx)
  local entry = ctx.pullcord_guard
  if not entry then
    return
  end
  if entry.told then
    error("pullcord guard: severed", 0)
  end
  if ngx.arg[2] or not refuses(entry.id) then
    return
  end
  entry.told = ngx.now()
  if not entry.events then
    error("pullcord guard: severed", 0)
  end
  ngx.arg[1] = EVENT .. PADDING
end

function _M.log(_, ctx)
  open[ctx] = nil
  ctx.pullcord_guard = nil
end

-- nginx sees its client gone, and closes the upstream. Over HTTP/2 that ends the whole connection.
local function shut(entry)
  entry.shut = true
  if entry.fd and entry.port and peer_of(entry.fd) == entry.port then
    ffi.C.shutdown(entry.fd, SHUT_RDWR)
  end
end

-- Ends what is open on refused routes. @return how many requests are open, and how many of them should have ended.
local function sweep()
  local now = ngx.now()
  local count, ending = 0, 0
  for ctx, entry in pairs(open) do
    -- APISIX empties a context when its request is over, whether or not `log` was run.
    if ctx.pullcord_guard ~= entry then
      open[ctx] = nil
    else
      count = count + 1
      if refuses(entry.id) then
        ending = ending + 1
        entry.since = entry.since or now
        local waits = entry.events and now - entry.since < GRACE_SECONDS
        if entry.told then
          waits = entry.shares and now - entry.told < SHARED_GRACE_SECONDS
        end
        if not entry.shut and not waits then
          shut(entry)
        end
      end
    end
  end
  return count, ending
end

-- Whether a global rule of this worker runs the guard: without one it refuses nobody.
local function is_armed()
  local rules = core.config.fetch_created_obj("/global_rules")
  for _, rule in ipairs(rules and rules.values or {}) do
    local conf = rule and rule.value and rule.value.plugins and rule.value.plugins[NAME]
    if conf and not (conf._meta and conf._meta.disable) then
      return true
    end
  end
  return false
end

-- Tells through the dictionary what this worker holds.
local function report(count, ending)
  local ok, armed = pcall(is_armed)
  reported_at, reported_serial = ngx.now(), known.serial
  local what = core.json.encode({
    pid = ngx.worker.pid(),
    version = VERSION,
    serial = known.serial,
    order = known.order,
    seq = known.seq,
    draining = ngx.worker.exiting(),
    armed = ok and armed,
    open = count,
    ending = ending,
  })
  dict:set("worker:" .. ngx.worker.pid(), what, GONE_SECONDS)
end

local function tick()
  if not dict then
    return 0
  end
  pcall(look)
  local count, ending = sweep()
  if known.serial ~= reported_serial or ngx.now() - reported_at >= REPORT_SECONDS then
    report(count, ending)
  end
  return count
end

-- A worker that drains runs no timer any more, but what runs already may sleep. It must not hold the worker up longer
-- than its requests do.
local function drain()
  local last = ngx.now() + shutdown_seconds + GONE_SECONDS
  reported_serial = -1
  while not stopped and ngx.now() < last do
    local ok, count = pcall(tick)
    if not ok or count == 0 then
      break
    end
    ngx.sleep(WATCH_SECONDS)
  end
  dict:delete("worker:" .. ngx.worker.pid())
end

local watch
watch = function(premature)
  if stopped then
    return
  end
  -- Set anew each time, not by `every`, which a hot reload of the plugins could not stop. Fails where a worker is about
  -- to drain.
  local again = not premature and ngx.timer.at(WATCH_SECONDS, watch)
  local ok, why = pcall(tick)
  if not ok then
    core.log.error("pullcord guard: ", why)
  end
  if not again then
    drain()
  end
end

-- nil where it is not set or not understood.
local function seconds_of(text)
  local number, unit = tostring(text or ""):match("^(%d+)([smh]?)$")
  local factors = { s = 1, m = 60, h = 3600 }
  return number and tonumber(number) * (factors[unit] or 1)
end

function _M.init()
  local attr = plugin.plugin_attr(NAME) or {}
  local conf = core.config.local_conf()
  dict = ngx.shared[NAME]
  secret = attr.secret or os.getenv("PULLCORD_GUARD_SECRET")
  fails_closed = attr.fail == "closed"
  lease_seconds = tonumber(attr.lease_seconds) or 0
  shutdown_seconds = seconds_of(core.table.try_read_attr(conf, "nginx_config", "worker_shutdown_timeout")) or 0
  stopped = false
  if process.type() ~= "worker" then
    return
  end
  if not dict then
    core.log.error("pullcord guard: ", NO_DICT)
    return
  end
  -- A gateway that just started has its lease before it.
  dict:add("heard", ngx.time())
  local ok, why = ngx.timer.at(0, watch)
  if not ok then
    core.log.error("pullcord guard: no timer, so silent streams are not ended: ", why)
  end
end

function _M.destroy()
  stopped = true
  if dict then
    dict:delete("worker:" .. ngx.worker.pid())
  end
end

local function same(a, b)
  local difference = #a == #b and 0 or 1
  for i = 1, math.min(#a, #b) do
    difference = bit.bor(difference, bit.bxor(a:byte(i), b:byte(i)))
  end
  return difference == 0
end

-- nil, or the status and the words of why a request is not Pullcord's.
local function stranger(body)
  if not secret or #secret < SECRET_LENGTH then
    return 503, "the guard has no secret of " .. SECRET_LENGTH .. " characters: set plugin_attr.pullcord-guard.secret"
  end
  local time, given = (ngx.var.http_x_pullcord_signature or ""):match("^t=(%d+),v1=(%x+)$")
  if not time then
    return 401, "sign the request: " .. SIGNATURE
  end
  local expected = hmac:new(secret, hmac.ALGOS.SHA256):final(time .. "." .. body, true)
  if not same(given:lower(), expected) then
    return 401, "the signature is wrong: both sides need the same secret"
  end
  if math.abs(ngx.time() - tonumber(time)) > CLOCK_SECONDS then
    return 401, "the time of the signature is too far from the gateway's clock: set both clocks"
  end
end

local function state()
  local workers, keys = {}, dict:get_keys(0)
  for _, key in ipairs(keys) do
    local text = key:sub(1, 7) == "worker:" and dict:get(key)
    local worker = text and core.json.decode(text)
    if worker then
      core.table.insert(workers, worker)
    end
  end
  return {
    name = NAME,
    version = VERSION,
    fail = fails_closed and "closed" or "open",
    lease_seconds = lease_seconds,
    lease_over = fails_closed and lease_is_over(),
    worker_shutdown_seconds = shutdown_seconds,
    expected = ngx.worker.count(),
    serial = known.serial,
    order = known.order,
    seq = known.seq,
    ids = core.json.array_mt and setmetatable(core.table.clone(known.list), core.json.array_mt) or known.list,
    workers = setmetatable(workers, core.json.array_mt),
  }
end

local function fault(code, words, more)
  local body = more or {}
  body.error_msg = words
  return code, body
end

-- Looking at it shows route ids and counts as a sign of life of Pullcord: it has to be signed, too.
local function get_state()
  local code, words = stranger("")
  if code then
    return fault(code, words, { name = NAME, version = VERSION })
  end
  local ok, why = pcall(look)
  if not ok then
    return fault(503, why, { name = NAME, version = VERSION })
  end
  dict:set("heard", ngx.time())
  return 200, state()
end

local function whole(value)
  return type(value) == "number" and value >= 0 and value % 1 == 0
end

local function are_ids(list)
  if type(list) ~= "table" then
    return false
  end
  for key, id in pairs(list) do
    if type(key) ~= "number" or type(id) ~= "string" or #id > 64 or not id:find("^[%w%-_%.]+$") then
      return false
    end
  end
  return true
end

-- An older write never overrides a newer one. Who has lost count names the set that it replaces.
local function is_newer(write, cut)
  local after = write.after
  if type(after) == "table" and after.order == cut.order and after.seq == cut.seq then
    return true
  end
  return write.order > cut.order or (write.order == cut.order and write.seq > cut.seq)
end

-- Called by the one that holds the lock.
local function store(write)
  local cut = look()
  if not is_newer(write, cut) then
    return fault(409, "older than what the guard holds", { order = cut.order, seq = cut.seq })
  end
  local kept = { order = write.order, seq = write.seq, ids = write.ids, scoped = write.scoped }
  local ok, why = dict:safe_set("cut", core.json.encode(kept))
  if not ok then
    return fault(503, "the shared dictionary takes no more: " .. tostring(why) .. "; make it larger")
  end
  dict:incr("serial", 1, 0)
  dict:set("heard", ngx.time())
  tick()
  return 200, state()
end

local function put_cut()
  local body = core.request.get_body(BODY_BYTES)
  if not body then
    return fault(400, "send a JSON body of at most " .. BODY_BYTES .. " bytes")
  end
  local code, words = stranger(body)
  if code then
    return fault(code, words)
  end
  if not dict then
    return fault(503, NO_DICT)
  end
  local write = core.json.decode(body)
  if type(write) ~= "table" or not whole(write.order) or not whole(write.seq) or not are_ids(write.ids) then
    return fault(400, "send {order, seq, ids}: two whole numbers and a list of route ids")
  end
  if write.scoped ~= nil and not are_ids(write.scoped) then
    return fault(400, "scoped has to be a list of route ids")
  end
  if not dict:add("writing", true, WRITING_SECONDS) then
    return fault(423, "another write is under way: send it again")
  end
  local ok, status, answer = pcall(store, write)
  dict:delete("writing")
  if not ok then
    return fault(503, tostring(status))
  end
  return status, answer
end

function _M.control_api()
  return {
    { methods = { "PUT" }, uris = { "/v1/plugin/pullcord-guard/cut" }, handler = put_cut },
    { methods = { "GET" }, uris = { "/v1/plugin/pullcord-guard/state" }, handler = get_state },
  }
end

return _M
