import { createRandom } from '@everwarm/testkit';
import { document, list, type Release, type World } from '../world.ts';
import { expectedDocuments, expectedList } from './expect.ts';
import type { Declarations, Facts, ModelSpec, NodeSpec } from './program.ts';
import { valuePools } from './random-schema.ts';
import { schemaDdl } from './to-ddl.ts';
import { declare } from './to-models.ts';

/** A program's declarations as a world to play in. `seed` decides which values its columns hold. @throws what the declaration throws */
export function worldOf(name: string, declarations: Declarations, seed: number): World {
  const { schema, models, lists, later = [], moments = false, evictions } = declarations;
  const facts: Facts = new Map(models.flatMap((model) => (model.outside ? [[model.name, 0]] : [])));
  const changed = models.map((model) => later.find((other) => other.name === model.name) ?? model);
  return {
    name,
    ddl: schemaDdl(schema),
    ...(schema.casing !== null && { casing: schema.casing }),
    ...releaseOf(declarations, models, facts),
    ...(later.length > 0 && { later: releaseOf(declarations, changed, facts) }),
    facts,
    inline: [...models, ...lists, ...later].some(({ lifecycle }) => lifecycle === 'inline'),
    moments,
    evicted: evictions ? models.map((model) => model.name) : [],
    own: valuePools(createRandom(seed), declarations),
    // Thousands of rows make documents in documents that nobody can read.
    floods: [...models, ...later].every(({ node }) => isShallow(node)),
  };
}

function releaseOf({ schema, lists }: Declarations, models: readonly ModelSpec[], facts: Facts): Release {
  const declarations = { schema, models, lists };
  const declared = declare(declarations, facts);
  return {
    documents: models.map((model) =>
      document(declared.documents.get(model.name), (rows) => expectedDocuments(declarations, model, rows, facts)),
    ),
    lists: lists.map((each) => list(declared.lists.get(each.name), (rows) => expectedList(declarations, each, rows))),
  };
}

function isShallow(node: NodeSpec): boolean {
  return (
    node.through.length === 0 &&
    node.with.every((each) => each.model === undefined && each.node.with.length === 0 && each.node.through.length === 0)
  );
}
