-- One file makes the whole schema, and may run again at every start.

create schema if not exists pullcord;

-- The newest line. Every change is a compare-and-set on this one row, so that what was decided upon an older
-- state is never written.
create table if not exists pullcord.head (
  one boolean primary key default true check (one),
  seq bigint not null,
  at bigint not null,
  hash text not null,
  orders bigint not null
);
insert into pullcord.head (seq, at, hash, orders) values (0, 0, repeat('0', 64), 0) on conflict do nothing;

-- `data` is the canonical JSON that was hashed, as text: jsonb would reorder it.
create table if not exists pullcord.ledger (
  seq bigint primary key,
  at bigint not null,
  kind text not null,
  data text not null,
  hash text not null
);
-- What is asked of the past is asked by kind: it must not read the whole ledger while an order waits.
create index if not exists ledger_kind on pullcord.ledger (kind, seq);

create table if not exists pullcord.latch (
  scope text primary key,
  state text not null,
  order_number bigint not null,
  since bigint not null,
  incident bigint,
  pending jsonb
);

-- What was decided last about each fallback.
create table if not exists pullcord.permit (fallback text primary key, permit jsonb not null);

create table if not exists pullcord.operator_use (
  operator text primary key,
  last_step bigint not null,
  failures jsonb not null
);

create table if not exists pullcord.backup_code_used (id text primary key, at bigint not null);

create table if not exists pullcord.request (key text primary key, at bigint not null, outcome jsonb not null);
create index if not exists request_at on pullcord.request (at);

create table if not exists pullcord.orders (
  number bigint primary key,
  key text not null unique,
  action text not null,
  scope text not null,
  source text not null,
  by text not null,
  reason text,
  correlation text not null,
  reply_to text,
  at bigint not null,
  answered boolean not null default false
);
create index if not exists orders_scope on pullcord.orders (scope, number);
create index if not exists orders_unanswered on pullcord.orders (number) where not answered;

create table if not exists pullcord.snapshot (
  gateway text not null,
  route text not null,
  sealed text not null,
  primary key (gateway, route)
);

-- What a cutter has to remember over a restart, sealed like the snapshots.
create table if not exists pullcord.memory (name text primary key, sealed text not null);

-- What drills found, the newest of them. Beside the ledger, which has a line of each.
create table if not exists pullcord.drill (
  id text primary key,
  started_at bigint not null,
  running boolean not null,
  report jsonb not null
);
create index if not exists drill_started on pullcord.drill (started_at desc);

-- One change, at once and as a whole: 'committed', 'conflict' (somebody was faster: decide again), or 'duplicate'
-- (this request was taken before). One round trip, because a STOP waits for it.
create or replace function pullcord.commit(change jsonb) returns text language plpgsql as $$
declare
  newest jsonb := change -> 'lines' -> -1;
begin
  perform 1 from pullcord.head
    where seq = (change ->> 'seq')::bigint and hash = change ->> 'hash' for update;
  if not found then return 'conflict'; end if;
  if exists (select from pullcord.request where key = change -> 'request' ->> 'key') then return 'duplicate'; end if;

  insert into pullcord.ledger (seq, at, kind, data, hash)
    select seq, at, kind, data, hash
    from jsonb_to_recordset(change -> 'lines') as line (seq bigint, at bigint, kind text, data text, hash text);
  -- `at` never goes back, else a clock that did would be out of doubt as soon as one line is written.
  update pullcord.head
    set seq = (newest ->> 'seq')::bigint, at = greatest(at, (newest ->> 'at')::bigint), hash = newest ->> 'hash',
        orders = (change ->> 'orders')::bigint;

  insert into pullcord.request (key, at, outcome)
    select change -> 'request' ->> 'key', (newest ->> 'at')::bigint, change -> 'request' -> 'outcome'
    where jsonb_typeof(change -> 'request') = 'object';
  insert into pullcord.orders (number, key, action, scope, source, by, reason, correlation, reply_to, at, answered)
    select number, key, action, scope, source, by, reason, correlation, "replyTo", at, "replyTo" is null
    from jsonb_to_recordset(change -> 'newOrders') as o (number bigint, key text, action text, scope text, source text,
      by text, reason text, correlation text, "replyTo" text, at bigint);
  insert into pullcord.latch (scope, state, order_number, since, incident, pending)
    select scope, state, "order", since, incident, pending
    from jsonb_to_recordset(change -> 'latches') as l (scope text, state text, "order" bigint, since bigint,
      incident bigint, pending jsonb)
    on conflict (scope) do update set state = excluded.state, order_number = excluded.order_number,
      since = excluded.since, incident = excluded.incident, pending = excluded.pending;
  insert into pullcord.permit (fallback, permit)
    select change -> 'permit' ->> 'fallback', change -> 'permit' where jsonb_typeof(change -> 'permit') = 'object'
    on conflict (fallback) do update set permit = excluded.permit;
  insert into pullcord.operator_use (operator, last_step, failures)
    select operator, "lastStep", failures
    from jsonb_to_recordset(change -> 'operators') as u (operator text, "lastStep" bigint, failures jsonb)
    on conflict (operator) do update set last_step = excluded.last_step, failures = excluded.failures;
  insert into pullcord.backup_code_used (id, at)
    select id, (newest ->> 'at')::bigint from jsonb_array_elements_text(change -> 'backupCodesUsed') as id
    on conflict do nothing;
  return 'committed';
end $$;

-- The whole state in one row, as of one head.
create or replace function pullcord.state() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'head', (select jsonb_build_object('seq', seq, 'at', at, 'hash', hash) from pullcord.head),
    'orders', (select orders from pullcord.head),
    'latches', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('scope', scope, 'state', state,
      'order', order_number, 'since', since, 'incident', incident, 'pending', pending))) from pullcord.latch), '[]'),
    'permits', coalesce((select jsonb_agg(permit) from pullcord.permit), '[]'),
    'operators', coalesce((select jsonb_agg(jsonb_build_object('operator', operator, 'lastStep', last_step,
      'failures', failures)) from pullcord.operator_use), '[]'),
    'backupCodesUsed', coalesce((select jsonb_agg(id) from pullcord.backup_code_used), '[]'))
$$;
