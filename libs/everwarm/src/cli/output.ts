import Table from 'cli-table3';

/** Where a verb's words go: results on stdout, progress on stderr. */
export type Output = {
  /** Prints a result: with --json the value as one line, else the text. */
  result(value: unknown, text: string): void;
  /**
   * Says how far things are: on a terminal in one line that is written over, else as a line every few seconds. Silent with
   * --json, which is for programs.
   */
  progress(text: string): void;
  /** Ends the line that `progress` writes over. Does nothing when there is none. */
  endProgress(): void;
};

/** How often progress is a new line where it cannot be written over, in milliseconds. */
const lineEveryMs = 2000;

/** The output of one run of the command line. */
export function createOutput(json: boolean): Output {
  const { stderr } = process;
  let isOpen = false;
  let nextLineAt = performance.now() + lineEveryMs;
  return {
    result(value, text) {
      this.endProgress();
      console.log(json ? JSON.stringify(value) : text);
    },
    progress(text) {
      if (json) return;
      if (stderr.isTTY) {
        isOpen = true;
        stderr.write(`\r\u001b[2K${text}`);
      } else if (performance.now() >= nextLineAt) {
        nextLineAt = performance.now() + lineEveryMs;
        stderr.write(`${text}\n`);
      }
    },
    endProgress() {
      if (isOpen) stderr.write('\r\u001b[2K');
      isOpen = false;
    },
  };
}

/** Rows under a head, in columns; numbers stand to the right. No colours: the output is often a file or a pager. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const first = rows[0] ?? [];
  const grid = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (typeof first[column] === 'number' ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}
