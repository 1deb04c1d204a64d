import { setTimeout as pause } from 'node:timers/promises';
import type { CompiledModel } from '#contracts/compiled.ts';
import type { KeyInput } from '#contracts/key.ts';
import type { AnyModel, ListModel, ReadModel } from '#model/declare/define.ts';
import type { Casing } from '#model/schema.ts';
import type { RawDocument, Reader } from '#reader.ts';
import type { Directory } from './directory.ts';
import type { ReadTally } from './read-tally.ts';
import type { Random } from './types.ts';
import type { Answer, Claim, Witness } from './witness.ts';

/** What a client is made of. */
export type ClientParts = {
  readonly reader: Reader;
  readonly models: readonly AnyModel[];
  readonly casing: Casing | undefined;
  readonly witness: Witness;
  readonly tally: ReadTally;
  readonly random: Random;
  readonly perSecond: number;
};

/** How many keys one `getMany` asks for, and how long pages are: short ones, and ones that hold a whole partition of the yard. */
const many = 10;
const pageLimits = [5, 60] as const;

/** How long all is left alone when there is nothing to ask for, or an answer was an error, in milliseconds. */
const waitMs = 20;

/**
 * One client: asks one question after the other, so that what it was answered has an order, and hands every answer to its witness.
 */
export class ReadingClient {
  readonly #parts: ClientParts;
  readonly #documents: readonly ReadModel[];
  readonly #lists: readonly ListModel[];
  readonly #made = new Map<AnyModel, CompiledModel>();
  #stopping = false;
  #forgotten = 0;
  #running: Promise<void> = Promise.resolve();
  /** What to ask for. */
  directory: Directory = { documents: {}, partitions: {} };

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.#documents = parts.models.filter((model): model is ReadModel => model.kind === 'document');
    this.#lists = parts.models.filter((model): model is ListModel => model.kind === 'list');
  }

  /** Begins. Returns at once. */
  run(): void {
    this.#running = this.#loop();
  }

  /** Resolves when the question at hand is answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** Forgets all that it saw, the answer that is under way included. */
  forget(): void {
    this.#forgotten++;
    this.#parts.witness.forget();
  }

  /** As of which of its changes a document shows what it is about; null when there is no answer. */
  async look(model: string, key: string): Promise<readonly Claim[] | null> {
    const asked = this.#documents.find(({ name }) => name === model);
    const document = asked && (await this.#parts.reader.raw(asked, this.#keyInput(asked, key)).catch(() => null));
    return document ? this.#parts.witness.claimsOf(model, answerOf(document)) : null;
  }

  /** The document of this key, which must show what the token names: beside the questions one after the other, so the witness does not hear of it. */
  async readAfter(model: string, key: string, token: string): Promise<Answer | null> {
    const asked = this.#documents.find(({ name }) => name === model);
    const document = asked && (await this.#parts.reader.raw(asked, this.#keyInput(asked, key), { after: token }));
    return document ? answerOf(document) : null;
  }

  /** What a document claims. */
  claimsOf(model: string, answer: Answer): readonly Claim[] {
    return this.#parts.witness.claimsOf(model, answer);
  }

  async #loop(): Promise<void> {
    const { tally, random, perSecond } = this.#parts;
    let due = performance.now();
    while (!this.#stopping) {
      const began = performance.now();
      try {
        const answers = await this.#ask(random.next());
        due += (1000 * answers) / perSecond;
        if (answers === 0) await pause(waitMs);
      } catch (error) {
        tally.failed(error);
        await pause(waitMs);
      }
      // What was missed while nobody answered is not made up for.
      due = Math.max(due, began - 1000);
      if (due > performance.now()) await pause(due - performance.now());
    }
  }

  /** Asks one question of a random kind; returns how many answers it gave. */
  #ask(draw: number): Promise<number> {
    if (draw < 0.1) return this.#readPage();
    return draw < 0.15 ? this.#readMany() : this.#readOne();
  }

  async #readOne(): Promise<number> {
    const { reader, witness, tally, random } = this.#parts;
    const model = random.pick(this.#documents);
    const keys = this.directory.documents[model.name] ?? [];
    if (keys.length === 0) return 0;
    const key = random.pick(keys);
    const [asked, era] = [performance.now(), this.#forgotten];
    const document = await reader.raw(model, this.#keyInput(model, key));
    if (era !== this.#forgotten) return 1;
    const answer = document && answerOf(document);
    tally.saw(answer, witness.sawDocument(model.name, key, answer), performance.now() - asked);
    return 1;
  }

  async #readMany(): Promise<number> {
    const { reader, witness, tally, random } = this.#parts;
    const model = random.pick(this.#documents);
    const keys = this.directory.documents[model.name] ?? [];
    if (keys.length === 0) return 0;
    const some = Array.from({ length: many }, () => random.pick(keys));
    const [asked, era] = [performance.now(), this.#forgotten];
    const documents = await reader.getMany(
      model,
      some.map((key) => this.#keyInput(model, key)),
    );
    if (era !== this.#forgotten) return many;
    const tookMs = performance.now() - asked;
    for (const [index, key] of some.entries()) {
      const value = documents[index] ?? null;
      const answer = value === null ? null : { value, version: null, asOf: null, tier: 'many' };
      tally.saw(answer, witness.sawDocument(model.name, key, answer), tookMs);
    }
    return many;
  }

  async #readPage(): Promise<number> {
    const { reader, witness, tally, random } = this.#parts;
    if (this.#lists.length === 0) return this.#readOne();
    const list = random.pick(this.#lists);
    const partitions = this.directory.partitions[list.name] ?? [];
    if (partitions.length === 0) return 0;
    const partition = random.pick(partitions);
    const [asked, era] = [performance.now(), this.#forgotten];
    const page = await reader.rawList(list, this.#compiled(list).list?.partition != null ? partition : null, {
      limit: random.pick(pageLimits),
    });
    if (era !== this.#forgotten) return 1;
    // A page counts as one answer, however many documents it shows.
    const items = page.items.map((item) => ({ item, ...witness.sawItem(list.item.name, answerOf(item)) }));
    for (const { item, claims } of items) tally.claimed(item.asOf, claims);
    const keys = items.flatMap(({ key }) => key ?? []);
    const isWhole = page.next === null && page.previous === null && keys.length === items.length;
    witness.sawPage({ list: list.name, partition, keys, isWhole });
    tally.saw({ value: null, version: null, asOf: null, tier: page.tier }, [], performance.now() - asked);
    return 1;
  }

  /** The key of a text as the projection table has it. */
  #keyInput(model: ReadModel, text: string): KeyInput {
    const { key } = this.#compiled(model);
    if (key.length === 1) return text;
    const parts = JSON.parse(text) as string[];
    return Object.fromEntries(key.map(({ property }, index) => [property, parts[index]!]));
  }

  #compiled(model: AnyModel): CompiledModel {
    const made = this.#made.get(model) ?? model.compile(this.#parts.casing);
    this.#made.set(model, made);
    return made;
  }
}

/** The document, parsed: what is no JSON is an error that is told. */
function answerOf({ body, version, asOf, tier }: RawDocument): Answer {
  return { value: JSON.parse(body.toString()), version, asOf, tier };
}
