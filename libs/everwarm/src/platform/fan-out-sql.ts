/**
 * The step of the engine's schema for changes that dirty more keys than one statement should owe. Each is a query that finds the
 * keys, in their order, and how far it has been worked off. Equal ones that nobody has begun yet are one, and so is one that is
 * held with those like it that come later. `fan_out_keys` has the keys of those that no query over the sources would find again.
 */
export const fanOutSchema = `
create table everwarm.fan_outs (
  id bigint generated always as identity primary key,
  seq bigint not null default nextval('everwarm.ledger_seq'),
  generation integer not null,
  path text not null,
  source integer not null,
  xid xid8 not null,
  since timestamptz not null,
  changes bigint not null default 1,
  keys text not null,
  parameters jsonb not null,
  xids text[] not null,
  digest text not null,
  state text not null default 'open' check (state in ('open', 'held')),
  released boolean not null default false,
  begun boolean not null default false,
  position text collate "C",
  owed bigint not null default 0,
  estimate bigint
);
create unique index on everwarm.fan_outs (generation, digest) where not begun;

create table everwarm.fan_out_keys (
  fan_out bigint not null references everwarm.fan_outs on delete cascade,
  key text collate "C" not null,
  primary key (fan_out, key)
);
`;
