/**
 * Of which cluster the transaction ids beside the relay's snapshot are, and when each epoch was entered. An id says nothing in
 * another cluster; the system identifier, made by initdb, tells them apart.
 */
export const clusterSchema = `
alter table everwarm.relay add column system text not null default '';
update everwarm.relay set system = (select system_identifier::text from pg_control_system());
alter table everwarm.epochs add column entered_at timestamptz not null default now();
`;
