/**
 * The tables as SQL. "Progress" is the writers' own: one row for each subject, alive or not, whose lock orders the subject's
 * transactions, and whose numbers outlive it. No read model sees it.
 */
export const ddl = `
create schema "Yard";
create table "Yard"."Fleet" ("Code" text primary key, name text not null, "Stamp" bigint not null);
create table "Yard"."Vessel" (
  "Fleet" text not null references "Yard"."Fleet", "hullNo" bigint not null, life integer not null, "Stamp" bigint not null, "Seal" text not null,
  dock integer, "Draft" integer not null, cargo integer not null, memo text not null default '', primary key ("Fleet", "hullNo")
);
create index on "Yard"."Vessel" (dock, "Draft" desc);
create table "Yard".tank (
  "Fleet" text not null, "hullNo" bigint not null, side text not null, "Level" integer not null, primary key ("Fleet", "hullNo", side),
  foreign key ("Fleet", "hullNo") references "Yard"."Vessel" on delete cascade
);
create table "Yard"."LogEntry" (
  "Fleet" text not null, "hullNo" bigint not null, n integer not null, "Words" text not null, primary key ("Fleet", "hullNo", n),
  foreign key ("Fleet", "hullNo") references "Yard"."Vessel" on delete cascade
);
create table "Yard"."Convoy" (
  id uuid primary key, "Fleet" text not null, "leadNo" bigint not null, "tail No" bigint not null, cargo integer not null,
  foreign key ("Fleet", "leadNo") references "Yard"."Vessel", foreign key ("Fleet", "tail No") references "Yard"."Vessel"
);
create index on "Yard"."Convoy" ("Fleet", "leadNo");
create index on "Yard"."Convoy" ("Fleet", "tail No");
create table "Yard".signal (id uuid primary key, "Stamp" bigint not null, "lowers At" timestamptz not null);
create table "Yard"."Manifest" ("Title" text primary key, "Stamp" bigint not null, "Words" text not null);

create table "Yard"."Progress" (subject text primary key, stamp bigint not null, life integer not null default 0, dock integer) with (fillfactor = 50);

create function "Yard".seal(fleet text, hull bigint, stamp bigint) returns text language sql stable as $$
  select concat_ws('|', stamp, v.life, coalesce(v.dock, 0), v."Draft", v.cargo,
    (select string_agg(t.side || ' ' || t."Level", ', ' order by t.side) from "Yard".tank t where t."Fleet" = fleet and t."hullNo" = hull),
    (select count(*) from "Yard"."LogEntry" e where e."Fleet" = fleet and e."hullNo" = hull),
    (select e."Words" from "Yard"."LogEntry" e where e."Fleet" = fleet and e."hullNo" = hull order by e.n desc limit 1))
  from "Yard"."Vessel" v where v."Fleet" = fleet and v."hullNo" = hull
$$;`;
