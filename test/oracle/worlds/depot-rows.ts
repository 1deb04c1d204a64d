import { float, moment, plain, quoted } from '../json-forms.ts';
import { type Fields, matching, type Row, type Rows } from '../naive.ts';
import { asc, byBytes, byInteger, sorted } from '../sorting.ts';

/*
 * What the expectations of the first world share: how its tables are called, their columns in the order of their documents, and
 * what belongs to what.
 */

/** The tables. */
export const [HALL, SHELF, PERSON, CRATE, TAG] = ['public.Hall "A"', 'public.shelf', 'Registry.person', 'public.crate', 'public.tag'];
const CRATE_TAG = 'public.crate_tag';

/** Every column of a hall. */
export const hallFields: Fields = [
  ['code', 'Code', quoted],
  ['isOpen', 'is Open', plain],
  ['rank', 'rank', plain],
];
/** Every column of a shelf. */
export const shelfFields: Fields = [
  ['hall', 'hall', quoted],
  ['no', 'no', plain],
  ['title', 'title', quoted],
  ['grade', 'Grade', quoted],
  ['opened', 'opened', quoted],
];
/** Every column of a crate. */
export const crateFields: Fields = [
  ['id', 'id', quoted],
  ['hall', 'hall', quoted],
  ['shelfNo', 'shelf_no', plain],
  ['sender', 'sender', plain],
  ['receiver', 'receiver', plain],
  ['label', 'label', quoted],
  ['weight', 'weight', quoted],
  ['price', 'price', float],
  ['packed', 'packed', moment(3, true)],
  ['meta', 'meta', plain],
  ['raw', 'raw', plain],
];
/** Every column of a person. */
export const personFields: Fields = [
  ['id', 'id', plain],
  ['fullName', 'Full "Name"', quoted],
  ['born', 'born', quoted],
  ['code', 'code', quoted],
];
/** Every column of a tag. */
export const tagFields: Fields = [
  ['id', 'id', plain],
  ['label', 'label', quoted],
  ['hidden', 'hidden', plain],
];

/** In the order of a crate's key. */
export const byId = asc('id', byBytes);
/** The shelf a crate stands on. */
export const shelfOf = (rows: Rows, crate: Row) => matching(rows(SHELF), ['hall', 'no'], crate, ['hall', 'shelf_no'])[0];
/** The hall of a shelf. */
export const hallOf = (rows: Rows, shelf: Row) => matching(rows(HALL), ['Code'], shelf, ['hall'])[0];
/** The crates on a shelf. */
export const cratesOf = (rows: Rows, shelf: Row) => matching(rows(CRATE), ['hall', 'shelf_no'], shelf, ['hall', 'no']);
/** The sender or the receiver of a crate. */
export const personOf = (rows: Rows, crate: Row, side: 'sender' | 'receiver') => matching(rows(PERSON), ['id'], crate, [side])[0];
/** The rows of the join table for a crate. */
export const linksOf = (rows: Rows, crate: Row) => matching(rows(CRATE_TAG), ['crate'], crate, ['id']);
/** Tags of a crate in the order of the tag's key. */
export const tagsOf = (rows: Rows, crate: Row, links = linksOf(rows, crate)) =>
  sorted(
    links.flatMap((link) => matching(rows(TAG), ['id'], link, ['tag'])),
    asc('id', byInteger),
  );
