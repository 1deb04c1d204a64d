import { fleetName, manifestWords, subjects } from './inspect.ts';
import { poison } from './read-models.ts';
import { type Changing, type Made, nothing } from './vessel-changes.ts';
import { begin, text } from './yard-session.ts';

/** The titles of the manifests: troublesome as keys. */
export const titles = ['a', 'A', "it's", '["x","y"]', '🐘 {1}', 'z:z', 'back\\slash', ' ', 'two\nlines', '%s $1', 'null', 'ünï'] as const;

/** Another name for a fleet: all of its vessels show it. */
export async function rename({ session, isolation }: Changing, code: string): Promise<Made> {
  const subject = subjects.fleet(code);
  const stamp = (await begin(session, [subject], isolation)).get(subject)!.stamp;
  await session.run(`update "Yard"."Fleet" set name = ${text(fleetName(code, stamp))}, "Stamp" = ${stamp} where "Code" = ${text(code)}`);
  return { stamps: [{ subject, stamp }] };
}

/** A manifest is written or burnt; some that are written are illegible until they are written again. */
export async function file({ session, random, isolation }: Changing, title: string): Promise<Made> {
  const subject = subjects.manifest(title);
  const stamp = (await begin(session, [subject], isolation)).get(subject)!.stamp;
  const words = random.chance(0.06) ? poison : manifestWords(stamp);
  await session.run(
    random.chance(0.1)
      ? `delete from "Yard"."Manifest" where "Title" = ${text(title)}`
      : `insert into "Yard"."Manifest" values (${text(title)}, ${stamp}, ${text(words)})
on conflict ("Title") do update set "Stamp" = excluded."Stamp", "Words" = excluded."Words"`,
  );
  // While it cannot be read, what it says is nobody's to show: the documents before it are right for as long.
  return { stamps: words === poison ? [] : [{ subject, stamp }] };
}

/** A signal is raised for a while. */
export async function raise({ session, random, isolation }: Changing, id: string): Promise<Made> {
  const subject = subjects.signal(id);
  const stamp = (await begin(session, [subject], isolation)).get(subject)!.stamp;
  await session.run(
    `insert into "Yard".signal values (${text(id)}, ${stamp}, clock_timestamp() + ${random.integer(300, 15_000)} * interval '1 millisecond')`,
  );
  return { stamps: [{ subject, stamp }] };
}

/** A signal that has time left stays up longer or is lowered at once; those of long ago are cleared away. */
export async function change({ session, random, isolation }: Changing, id: string): Promise<Made | typeof nothing> {
  const subject = subjects.signal(id);
  const stamp = (await begin(session, [subject], isolation)).get(subject)!.stamp;
  const rows = await session.run(
    random.chance(0.3)
      ? `delete from "Yard".signal where id = ${text(id)} or "lowers At" < now() - interval '1 minute' returning id`
      : `update "Yard".signal set "Stamp" = ${stamp}, "lowers At" = "lowers At" + interval '4 seconds'
where id = ${text(id)} and "lowers At" > clock_timestamp() + interval '2 seconds' returning id`,
  );
  return rows.length === 0 ? nothing : { stamps: [{ subject, stamp }] };
}
