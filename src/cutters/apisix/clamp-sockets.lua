-- pullcord clamp 2: finds the connection from which a request that is open in this worker gets its response, and shuts
-- it down. Part of both functions; clamp.ts puts it before them.
--
-- To end a response without its next chunk, its socket has to be had, and nothing in Lua gives it. So nginx's own
-- structures are followed from the request to the connection. Two things keep that safe. Memory is read through a pipe:
-- write(2) answers EFAULT for an address that can't be read, where a plain read would end the worker. And a connection
-- is taken for the request's own only when it points back to it (`c->data`), so another layout of the structures finds
-- nothing, rather than something else. All that is relied on has stood so since nginx 1.0: a request begins with "HTTP"
-- and its connection; a connection with its data, two events and its descriptor; an upstream with two handlers and the
-- peer's connection.
--
-- Closing the socket's connection is all that is done from outside. nginx sees that its peer has gone, and ends the
-- request itself, as it would otherwise: only this request, whatever shares an HTTP/2 connection with it.
--
-- Fails towards traffic: what is not found is left alone.

local ffi = require("ffi")
local C = ffi.C

-- One by one: another plugin may have said them already, in its own words.
for _, declaration in ipairs({
  "int pipe(int *);",
  "int close(int);",
  "int shutdown(int, int);",
  "int connect(int, const void *, unsigned int);",
  "int getsockopt(int, int, int, void *, unsigned int *);",
  "long read(int, void *, size_t);",
  "long write(int, const void *, size_t);",
}) do
  pcall(ffi.cdef, declaration)
end

local SIGNATURE = 0x50545448 -- "HTTP"
-- The upstream stands near the beginning of a request, the list of what to clean up towards the end.
local NEAR, FAR = 32, 192
local CHAIN = 16
-- Linux numbers.
local SOL_SOCKET, SO_TYPE, SOCK_STREAM = 1, 3, 1
local SHUT_RDWR = 2
local unspecified = ffi.new("char[16]") -- AF_UNSPEC is 0

local ends = ffi.new("int[2]")
local buffer = ffi.new("uint64_t[?]", FAR)

-- Up to `count` words of 8 bytes at an address, as numbers; nil where it can't be read.
local function words(address, count)
  local from = ffi.cast("const void *", ffi.cast("uintptr_t", address))
  local got = tonumber(C.write(ends[1], from, count * 8))
  if got < 8 then
    return nil
  end
  C.read(ends[0], buffer, got)
  local list = {}
  for i = 0, math.floor(got / 8) - 1 do
    list[i] = tonumber(buffer[i])
  end
  return list
end

local function word(address)
  local list = words(address, 1)
  return list and list[0]
end

local function is_pointer(value)
  return value and value >= 0x10000 and value < 2 ^ 52 and value % 8 == 0
end

-- The descriptor of a connection that belongs to `owner`, when it is a TCP socket.
local function socket_of(connection, owner)
  local list = is_pointer(connection) and words(connection, 4)
  if not list or list[0] ~= owner or not list[3] then
    return nil
  end
  local fd = list[3] % 2 ^ 32
  local kind, size = ffi.new("int[1]"), ffi.new("unsigned int[1]", 4)
  if fd >= 2 ^ 31 or C.getsockopt(fd, SOL_SOCKET, SO_TYPE, kind, size) ~= 0 or kind[0] ~= SOCK_STREAM then
    return nil
  end
  return fd
end

-- Towards the upstream: dissolving the connection resets it, so that one that is held up in writing hears of it, too.
local function reset(fd)
  return fd ~= nil and (C.connect(fd, ffi.cast("void *", unspecified), 16) == 0 or C.shutdown(fd, SHUT_RDWR) == 0)
end

-- Towards the client: what is under way still arrives.
local function shut(fd)
  return fd ~= nil and C.shutdown(fd, SHUT_RDWR) == 0
end

-- An `ngx_http_upstream_t`: its third word is the connection, which points back to the request.
local function shut_upstream(request, field, client)
  local connection = word(field + 16)
  return connection ~= client and reset(socket_of(connection, request))
end

-- The list of an `ngx_http_cleanup_t` (handler, data, next). Where a data is a socket that Lua opened, it names the
-- request, next to it the connection, and the connection points back to the data.
local function shut_cosockets(request, field)
  local found = false
  for _ = 1, CHAIN do
    local node = is_pointer(field) and words(field, 3)
    if not node or not node[2] then
      return found
    end
    local data = is_pointer(node[1]) and words(node[1], 16) or {}
    for i = 2, 14 do
      if data[i] == request and reset(socket_of(data[i + 1], node[1])) then
        found = true
      end
    end
    field = node[2]
  end
  return found
end

-- What stands at the beginning of a request that is alive, or nil.
local function fields_of(request)
  local fields = words(request, FAR)
  if not fields or fields[0] % 2 ^ 32 ~= SIGNATURE or not is_pointer(fields[1]) then
    return nil
  end
  return fields
end

local function with_pipe(work, request)
  if not (ffi.abi("64bit") and ffi.abi("le")) or request == nil or C.pipe(ends) ~= 0 then
    return false
  end
  local address = tonumber(ffi.cast("uintptr_t", request))
  local ok, found = pcall(work, address, fields_of(address))
  C.close(ends[0])
  C.close(ends[1])
  return ok and found or false
end

-- The first field, of those up to `last`, that leads to a socket.
local function try(fields, last, leads)
  for i = 2, math.min(last, #fields) do
    if is_pointer(fields[i]) and leads(fields[i]) then
      return true
    end
  end
  return false
end

return {
  -- Ends the request by where its response comes from. False when there is nothing of that kind, or none to be found.
  shut_upstream = function(request)
    return with_pipe(function(address, fields)
      return fields
        and (
          try(fields, NEAR, function(field)
            return shut_upstream(address, field, fields[1])
          end)
          or try(fields, FAR, function(field)
            return field ~= address and shut_cosockets(address, field)
          end)
        )
    end, request)
  end,

  -- Ends the request by its client. Only for a client that has the connection to itself: HTTP/1.
  shut_client = function(request)
    return with_pipe(function(address, fields)
      return fields and shut(socket_of(fields[1], address))
    end, request)
  end,
}
