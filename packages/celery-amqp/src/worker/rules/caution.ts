/** A consumer that is lost sooner than this, milliseconds after it began, may have been lost by what it took. */
const shortLifeMs = 5_000;

/** So many short lives in a row are no accident of the network. */
const shortLives = 3;

/** How long a cautious consumer has to last before it takes more again, milliseconds. */
export const calmMs = 10_000;

/** Short lives in a row, after one more life that lasted so long. */
export function livesAfter(shortBefore: number, lastedMs: number): number {
  return lastedMs < shortLifeMs ? shortBefore + 1 : 0;
}

/** Whether a consumer is to hold one message at a time after so many short lives: what it is lost by is then alone. */
export function isCautious(short: number): boolean {
  return short >= shortLives;
}
