/** The step of the engine's schema that remembers what operators did: one row for each verb that changed something. */
export const operatorLogSchema = `
create table everwarm.operator_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  who text not null,
  role text not null default session_user,
  verb text not null,
  arguments jsonb not null
);
`;
