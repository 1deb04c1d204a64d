import type { Random } from './random.ts';

const onsets = ['b', 'br', 'c', 'd', 'f', 'g', 'gl', 'h', 'k', 'l', 'm', 'n', 'p', 'pr', 'r', 's', 'st', 't', 'tr', 'v', 'w'];
const vowels = ['a', 'e', 'i', 'o', 'u', 'ai', 'ea', 'ou'];
const codas = ['', '', 'l', 'm', 'n', 'r', 's', 't'];

const vocabulary = Array.from({ length: 5_000 }, (_, rank) => spell(rank));

/** An invented word; frequent ones are short, as in a language. */
export function word(random: Random): string {
  return vocabulary[random.rank(vocabulary.length)]!;
}

function spell(rank: number): string {
  const syllables = rank < 60 ? 1 : rank < 1_200 ? 2 : 3;
  let text = '';
  for (let i = 0; i < syllables; i += 1) {
    const letters = Math.imul(rank * 3 + i + 1, 0x9e3779b1) >>> 0;
    text += pick(onsets, letters >>> 24) + pick(vowels, letters >>> 16) + pick(codas, letters >>> 8);
  }
  return text;
}

/** So many words, beginning with a capital, with neither comma nor full stop. */
export function phrase(random: Random, words: number): string {
  const text = Array.from({ length: words }, () => word(random)).join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Paragraphs of sentences, about so many words in all. */
export function prose(random: Random, words: number): string {
  let text = '';
  for (let left = words; left > 0; ) {
    const length = Math.min(left, 4 + random.below(14));
    left -= length;
    text += `${phrase(random, length)}.${left <= 0 ? '' : random.unit() < 0.15 ? '\n\n' : ' '}`;
  }
  return text;
}

/** A member's name. */
export function personName(random: Random): string {
  return `${phrase(random, 1)} ${phrase(random, 1)}`;
}

function pick(from: readonly string[], index: number): string {
  return from[index % from.length]!;
}
