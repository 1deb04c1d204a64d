/**
 * The JSON text of an array whose elements have a form of their own. An array has any number of dimensions, whatever its column
 * says, and Postgres maps none of them: so an array of zeros of the same dimensions gives the brackets and commas, and each
 * element's text goes where its zero stood.
 */
export function arrayForm(value: string, form: (element: string) => string): string {
  const lengths = `array(select array_length(${value}, d) from generate_series(1, array_ndims(${value})) d order by d)`;
  const brackets = `array_to_json(array_fill(0, ${lengths}))::text`;
  return `case when ${value} is not null then (select string_agg(p.piece || case when p.n <= cardinality(${value}) then coalesce(${form('u.element')}, 'null') else '' end, '' order by p.n) \
from regexp_split_to_table(${brackets}, '0') with ordinality p (piece, n) left join unnest(${value}) with ordinality u (element, n) on u.n = p.n) end`;
}
