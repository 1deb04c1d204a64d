/**
 * The step of the engine's schema that gives values order-preserving bytes: comparing two results of `everwarm.sort_key` byte by
 * byte gives the order of the values, equal values give equal bytes, and none is a prefix of another, so that several can be put
 * one after the other. One function per type, so that Postgres itself finds the type of an expression, and refuses one that has
 * no such order. Stored definitions call them: what one gives must never change, another order takes another name.
 */
export const sortKeySchema = `
-- Integers: big-endian with the sign bit turned.
create function everwarm.sort_key(bigint) returns bytea immutable strict parallel safe
  return int8send($1 # (-9223372036854775808));
create function everwarm.sort_key(integer) returns bytea immutable strict parallel safe
  return int8send($1::bigint # (-9223372036854775808));
create function everwarm.sort_key(smallint) returns bytea immutable strict parallel safe
  return int8send($1::bigint # (-9223372036854775808));

create function everwarm.sort_key(boolean) returns bytea immutable strict parallel safe
  return case when $1 then '\\x01'::bytea else '\\x00'::bytea end;

create function everwarm.sort_key(uuid) returns bytea immutable strict parallel safe
  return uuid_send($1);

-- Texts: their UTF-8 bytes, which is the order of the collation "C", and a zero, which no text contains. Only the first 500
-- characters count, since Postgres indexes nothing longer than some 2,700 bytes.
create function everwarm.sort_key(text) returns bytea immutable strict parallel safe
  return convert_to(left($1, 500), 'UTF8') || '\\x00'::bytea;

-- Floats: negative ones inverted, others with the sign bit turned. -0 equals 0, and every NaN is one, above infinity.
create function everwarm.sort_key(double precision) returns bytea immutable strict parallel safe
  return case
    when $1 = 'NaN'::float8 then '\\xfff8000000000000'::bytea
    when $1 < 0 then int8send(~ ('x' || encode(float8send($1), 'hex'))::bit(64)::bigint)
    else int8send(('x' || encode(float8send($1 + 0), 'hex'))::bit(64)::bigint # (-9223372036854775808))
  end;
create function everwarm.sort_key(real) returns bytea immutable strict parallel safe
  return everwarm.sort_key($1::float8);

-- Numerics: a byte of class (-infinity, negative, zero, positive, infinity, NaN), then the weight of the first digit, then the
-- digits to base 10,000 from 1 up, then a zero; a negative one inverted. The display scale has no part in it.
create function everwarm.sort_key(numeric) returns bytea language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp as $sort$
declare
  raw bytea := numeric_send($1);
  n integer := (get_byte(raw, 0) << 8) + get_byte(raw, 1);
  magnitude text := lpad(to_hex((((get_byte(raw, 2) # 128) << 8) + get_byte(raw, 3))), 4, '0');
begin
  if $1 = 'NaN' then return '\\x05'; end if;
  if $1 = 'infinity' then return '\\x04'; end if;
  if $1 = '-infinity' then return '\\x00'; end if;
  if n = 0 then return '\\x02'; end if;
  for i in 1 .. n loop
    magnitude := magnitude || lpad(to_hex((get_byte(raw, 6 + 2 * i) << 8) + get_byte(raw, 7 + 2 * i) + 1), 4, '0');
  end loop;
  magnitude := magnitude || '0000';
  if $1 > 0 then return decode('03' || magnitude, 'hex'); end if;
  return decode('01' || translate(magnitude, '0123456789abcdef', 'fedcba9876543210'), 'hex');
end
$sort$;

-- Dates and times: the integers they are stored as, infinities included.
create function everwarm.sort_key(date) returns bytea immutable strict parallel safe
  return int4send(('x' || encode(date_send($1), 'hex'))::bit(32)::integer # (-2147483648));
create function everwarm.sort_key(time) returns bytea immutable strict parallel safe
  return time_send($1);
create function everwarm.sort_key(timestamp) returns bytea immutable strict parallel safe
  return int8send(('x' || encode(timestamp_send($1), 'hex'))::bit(64)::bigint # (-9223372036854775808));
create function everwarm.sort_key(timestamptz) returns bytea immutable strict parallel safe
  return int8send(('x' || encode(timestamptz_send($1), 'hex'))::bit(64)::bigint # (-9223372036854775808));

-- Enums: the place of the label in its type. A label that is added between two others gets a place between theirs, so entries
-- that exist keep their bytes.
create function everwarm.sort_key(anyenum) returns bytea language sql stable strict parallel safe
set search_path = pg_catalog, pg_temp as $sort$
  select everwarm.sort_key(e.enumsortorder::float8) from pg_catalog.pg_enum e where e.enumtypid = pg_typeof($1)::oid and e.enumlabel = $1::text
$sort$;

-- The bytes for descending order.
create function everwarm.sort_key_inverted(bytea) returns bytea immutable strict parallel safe
  return decode(translate(encode($1, 'hex'), '0123456789abcdef', 'fedcba9876543210'), 'hex');
`;
