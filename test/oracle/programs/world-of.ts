import { createRandom } from '@everwarm/testkit';
import { document, list, type World } from '../world.ts';
import { expectedDocuments, expectedList } from './expect.ts';
import type { Declarations, NodeSpec } from './program.ts';
import { valuePools } from './random-schema.ts';
import { schemaDdl, tableId } from './to-ddl.ts';
import { declare } from './to-models.ts';

/** A program's declarations as a world to play in. `seed` decides which values its columns hold. @throws what the declaration throws */
export function worldOf(name: string, declarations: Declarations, seed: number): World {
  const { schema, models, lists } = declarations;
  const declared = declare(declarations);
  return {
    name,
    ddl: schemaDdl(schema),
    ...(schema.casing !== null && { casing: schema.casing }),
    documents: models.map((model) => document(declared.documents.get(model.name), (rows) => expectedDocuments(declarations, model, rows))),
    lists: lists.map((each) => list(declared.lists.get(each.name), (rows) => expectedList(declarations, each, rows))),
    own: valuePools(createRandom(seed), schema, tableId),
    // Thousands of rows make documents in documents that nobody can read.
    floods: models.every(({ node }) => isShallow(node)),
  };
}

function isShallow(node: NodeSpec): boolean {
  return (
    node.through.length === 0 &&
    node.with.every((each) => each.model === undefined && each.node.with.length === 0 && each.node.through.length === 0)
  );
}
