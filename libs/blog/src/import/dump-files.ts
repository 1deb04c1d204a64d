/** What a value must look like: a whole number, a moment in UTC, or text (blank text counts as none). */
type Form = 'integer' | 'time' | 'text';

/** One attribute that the import reads, and the column of the staging table that takes it. */
export type DumpField = { readonly attribute: string; readonly column: string; readonly form: Form; readonly required: boolean };

/** One file of a dump, and the staging table that takes its rows. */
export type DumpFile = { readonly file: string; readonly table: string; readonly fields: readonly DumpField[] };

const required = (attribute: string, column: string, form: Form): DumpField => ({ attribute, column, form, required: true });
const optional = (attribute: string, column: string, form: Form): DumpField => ({ attribute, column, form, required: false });
const id = required('Id', 'id', 'integer');
const created = required('CreationDate', 'created_at', 'time');

/** The files of a Stack Exchange dump that the blog is made from; the same for every site. */
export const dumpFiles: readonly DumpFile[] = [
  { file: 'Users.xml', table: 'raw_users', fields: [id, created, optional('DisplayName', 'name', 'text')] },
  {
    file: 'Posts.xml',
    table: 'raw_posts',
    fields: [
      id,
      created,
      required('PostTypeId', 'type', 'integer'),
      optional('ParentId', 'parent_id', 'integer'),
      optional('OwnerUserId', 'user_id', 'integer'),
      optional('Title', 'title', 'text'),
      optional('Body', 'body', 'text'),
      optional('Tags', 'tags', 'text'),
    ],
  },
  {
    file: 'PostHistory.xml',
    table: 'raw_history',
    fields: [
      id,
      created,
      required('PostHistoryTypeId', 'type', 'integer'),
      required('PostId', 'post_id', 'integer'),
      optional('Text', 'text', 'text'),
    ],
  },
  {
    file: 'Comments.xml',
    table: 'raw_comments',
    fields: [
      id,
      created,
      required('PostId', 'post_id', 'integer'),
      optional('UserId', 'user_id', 'integer'),
      required('Text', 'text', 'text'),
    ],
  },
  {
    file: 'Votes.xml',
    table: 'raw_votes',
    fields: [id, created, required('PostId', 'post_id', 'integer'), required('VoteTypeId', 'type', 'integer')],
  },
  { file: 'Tags.xml', table: 'raw_tags', fields: [id, required('TagName', 'name', 'text')] },
];
