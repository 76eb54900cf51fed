-- Who is told of what, and what is still owed to whom. Not on paper, and no part of a decision: it may be lost without
-- harm to any order.

-- `sealed`: address and secret. `events`, `scopes`: arrays of strings; no scopes means all.
create table if not exists pullcord.subscription (
  id text primary key,
  token text not null,
  sealed text not null,
  events jsonb not null,
  scopes jsonb,
  created_at bigint not null,
  last_at bigint,
  last_ok boolean,
  last_status integer,
  failing_since bigint
);

-- `body` as text: what is signed is sent byte for byte.
create table if not exists pullcord.event (
  id text primary key,
  at bigint not null,
  type text not null,
  scope text,
  body text not null
);
create index if not exists event_at on pullcord.event (at);

create table if not exists pullcord.delivery (
  subscription text not null references pullcord.subscription on delete cascade,
  event text not null references pullcord.event on delete cascade,
  attempts integer not null default 0,
  due bigint not null,
  primary key (subscription, event)
);
create index if not exists delivery_due on pullcord.delivery (due);
create index if not exists delivery_event on pullcord.delivery (event);

create or replace function pullcord.wants(events jsonb, scopes jsonb, type text, scope text) returns boolean
language sql immutable as $$
  select events ? type and (scopes is null or scope is null or scopes ? scope)
$$;

-- Adds a subscription in place of others, if those that are there are those upon which that was decided.
create or replace function pullcord.subscribe(change jsonb) returns boolean language plpgsql as $$
declare
  fresh jsonb := change -> 'added';
begin
  lock table pullcord.subscription in share row exclusive mode;
  if (select coalesce(jsonb_agg(id order by id collate "C"), '[]') from pullcord.subscription) <> change -> 'seen' then
    return false;
  end if;
  insert into pullcord.subscription (id, token, sealed, events, scopes, created_at)
    values (fresh ->> 'id', fresh ->> 'token', fresh ->> 'sealed', fresh -> 'events',
      nullif(fresh -> 'scopes', 'null'), (fresh ->> 'createdAt')::bigint);
  insert into pullcord.delivery (subscription, event, due)
    select distinct fresh ->> 'id', e.id, (fresh ->> 'createdAt')::bigint
    from pullcord.delivery d join pullcord.event e on e.id = d.event
    where change -> 'replaced' ? d.subscription
      and pullcord.wants(fresh -> 'events', nullif(fresh -> 'scopes', 'null'), e.type, e.scope);
  delete from pullcord.subscription where change -> 'replaced' ? id;
  return true;
end $$;

-- Keeps an event together with what is owed of it, if anybody wants it and it isn't kept yet. One round trip.
create or replace function pullcord.put_event(news jsonb) returns setof text language sql as $$
  with wanted as (
    select id from pullcord.subscription s
    where pullcord.wants(s.events, s.scopes, news ->> 'type', news ->> 'scope')
      and not ((news ->> 'past')::boolean and s.created_at > (news ->> 'at')::bigint)
  ), kept as (
    insert into pullcord.event (id, at, type, scope, body)
    select news ->> 'id', (news ->> 'at')::bigint, news ->> 'type', news ->> 'scope', news ->> 'body'
    where exists (select from wanted) on conflict do nothing returning id
  )
  insert into pullcord.delivery (subscription, event, due)
  select wanted.id, kept.id, (news ->> 'due')::bigint from wanted, kept on conflict do nothing
  returning subscription
$$;
