/** A key's text checked, and `everwarm.touch` for changes that no table holds. */
export const touchSchema = `
insert into everwarm.sources (schema_name, table_name, links, columns) values ('everwarm', 'touch', array['model', 'key'], '{}');

-- A key's text in the one form that documents are found by, given the read model's key columns. Raises where it is no such key.
create function everwarm.key_text(model text, columns jsonb, key text) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp set datestyle = 'ISO, YMD' as $key$
declare
  texts text[] := '{}';
  part text;
  col jsonb;
begin
  for col, part in
    select c.col, case when jsonb_array_length(columns) = 1 then key else key::jsonb ->> (c.n - 1)::integer end
    from jsonb_array_elements(columns) with ordinality as c (col, n) order by c.n
  loop
    texts := texts || case col ->> 'type'
      when 'integer' then part::integer::text
      when 'bigint' then part::bigint::text
      when 'uuid' then part::uuid::text
      when 'date' then part::date::text
      when 'char' then rtrim(part, ' ')
      else part
    end;
    if part is null or not coalesce(col -> 'labels' ? part, true) then raise invalid_parameter_value; end if;
  end loop;
  if cardinality(texts) = 1 then return texts[1]; end if;
  if jsonb_array_length(key::jsonb) <> cardinality(texts) then raise invalid_parameter_value; end if;
  return (select '[' || string_agg(to_json(t.text)::text, ',' order by t.n) || ']' from unnest(texts) with ordinality as t (text, n));
exception when data_exception then
  raise exception using errcode = 'invalid_parameter_value',
    message = format('%s is not a key of %s, which has %s.', coalesce(quote_literal(left(key, 100)), 'null'), model,
      (select string_agg(format('%s (%s)', c.col ->> 'name', c.col ->> 'type'), ', ' order by c.n) from jsonb_array_elements(columns) with ordinality as c (col, n)))
      || case when jsonb_array_length(columns) > 1 then ' Write it as a JSON array, in this order.' else '' end;
end
$key$;

-- Says that something which no table of this database holds has changed for these keys: they are derived again once the caller's
-- transaction commits. Returns how many. Runs with its owner's rights, so that the outbox itself is open to nobody.
create function everwarm.touch(model text, variadic keys text[]) returns integer language plpgsql security definer
set search_path = pg_catalog, pg_temp as $touch$
declare
  key_columns jsonb;
begin
  select g.model -> 'key' into key_columns from everwarm.generations g where g.name = touch.model and g.state <> 'dropped' order by g.id desc limit 1;
  if not found then
    raise exception using errcode = 'undefined_object', message = format('There is no read model "%s". Known: %s.', touch.model,
      coalesce((select string_agg(distinct g.name, ', ' order by g.name) from everwarm.generations g where g.state <> 'dropped'), 'none'));
  end if;
  insert into everwarm.outbox (slot, source, mask, vals)
  select (select slot from everwarm.outbox_slot), s.id, -1, array[touch.model, everwarm.key_text(touch.model, key_columns, k.key)]
  from everwarm.sources s, unnest(keys) as k (key) where s.schema_name = 'everwarm' and s.table_name = 'touch';
  return coalesce(cardinality(keys), 0);
end
$touch$;
revoke execute on function everwarm.key_text(text, jsonb, text), everwarm.touch(text, text[]) from public;
`;
