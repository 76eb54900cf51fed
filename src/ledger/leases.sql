-- Who does what only one instance may do at a time. No part of a decision, and not on paper: it may be lost without harm.

create table if not exists pullcord.lease (
  name text primary key,
  holder text not null,
  fence bigint not null,
  until timestamptz not null
);

-- Takes or keeps a lease, by this server's clock alone. A greater fence takes it over at once; a smaller one never gets
-- it, not even when it has run out.
create or replace function pullcord.claim(wanted text, claimant text, number bigint, ms integer) returns jsonb
language plpgsql as $$
declare
  standing pullcord.lease;
begin
  insert into pullcord.lease as l (name, holder, fence, until)
    values (wanted, claimant, number, clock_timestamp() + ms * interval '1 millisecond')
    on conflict (name) do update set holder = excluded.holder, fence = excluded.fence, until = excluded.until
      where l.fence < excluded.fence
        or (l.fence = excluded.fence and (l.holder = excluded.holder or l.until <= clock_timestamp()));
  select * into standing from pullcord.lease where name = wanted;
  return jsonb_build_object('holder', standing.holder, 'fence', standing.fence,
    'leftMs', greatest(0, ceil(extract(epoch from standing.until - clock_timestamp()) * 1000)));
end $$;
