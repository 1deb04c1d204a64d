create schema "Catalogue";
create table "Hall" ("Site" text not null, "No." integer not null, name text not null, "closed on" date, primary key ("Site", "No."));
create table exhibit (
  id uuid primary key,
  site text,
  "hallNo" integer,
  "partOf" uuid references exhibit (id) on update cascade on delete cascade,
  "Title" text not null,
  insured numeric(12, 2),
  "onShow" boolean not null,
  updated timestamptz not null,
  foreign key (site, "hallNo") references "Hall" ("Site", "No.") on update cascade on delete set null
);
create index on exhibit (site, "hallNo");
create index on exhibit ("partOf");
create table "Catalogue"."Key""word" (id bigint primary key, label text not null);
create table "Catalogue".exhibit_keyword (
  exhibit uuid not null references exhibit (id) on update cascade on delete cascade,
  keyword bigint not null references "Catalogue"."Key""word" (id) on update cascade on delete cascade,
  primary key (exhibit, keyword)
);
create index on "Catalogue".exhibit_keyword (keyword);
