import { shardCount } from '#contracts/names.ts';

/**
 * The step of the engine's schema that says when the documents of each generation are written (see `contracts/lifecycle.ts`), and gives
 * Postgres the shard of a key, so that a writer's transaction can take the locks of the documents that it writes by itself.
 */
export const lifecycleSchema = `
alter table everwarm.generations add column lifecycle jsonb not null default '"async"';

-- The same as shardOf() gives: FNV-1a over the UTF-16 units of a key's text, of whole numbers only what is above the last four bits.
create function everwarm.shard(key text) returns integer language plpgsql immutable strict parallel safe as $shard$
declare
  raw bytea := convert_to(case when key ~ '^[0-9]{1,15}$' then (key::bigint / 16)::text else key end, 'UTF8');
  hash bigint := 2166136261;
  lead integer;
  code integer;
  i integer := 0;
begin
  while i < length(raw) loop
    lead := get_byte(raw, i);
    if lead < 128 then
      code := lead;
      i := i + 1;
    elsif lead < 224 then
      code := ((lead & 31) << 6) | (get_byte(raw, i + 1) & 63);
      i := i + 2;
    elsif lead < 240 then
      code := ((lead & 15) << 12) | ((get_byte(raw, i + 1) & 63) << 6) | (get_byte(raw, i + 2) & 63);
      i := i + 3;
    else
      code := (((lead & 7) << 18) | ((get_byte(raw, i + 1) & 63) << 12) | ((get_byte(raw, i + 2) & 63) << 6) | (get_byte(raw, i + 3) & 63)) - 65536;
      hash := ((hash # (55296 + (code >> 10))) * 16777619) & 4294967295;
      code := 56320 + (code & 1023);
      i := i + 4;
    end if;
    hash := ((hash # code) * 16777619) & 4294967295;
  end loop;
  return hash % ${shardCount};
end
$shard$;
`;

/** The step that lets a transaction say in its outbox rows of which generations it has written the documents itself: the relay need not hurry with those. */
export const inlineMarkSchema = `
insert into everwarm.sources (schema_name, table_name, links, columns) values ('everwarm', 'inline', array['generation'], '{}');
`;

/**
 * The step that says since when writers use the table of the outbox that they use, so that a transaction finds its own rows without a
 * look at the other table: each look is a lock until the commit, and many of them would keep that table from ever being emptied.
 */
export const outboxSinceSchema = `alter table everwarm.outbox_slot add column since timestamptz not null default '-infinity';`;
