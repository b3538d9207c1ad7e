const FIRST_WAIT_MS = 10

/** Waits between tries, in ms: 10 times the Fibonacci numbers (10, 10, 20, 30, 50...), none above maxMs (0: no limit). */
export function* fibonacciWaits(maxMs: number): Generator<number, never> {
  let [wait, next] = [FIRST_WAIT_MS, FIRST_WAIT_MS]
  for (;;) {
    yield maxMs > 0 ? Math.min(wait, maxMs) : wait
    ;[wait, next] = [next, Math.min(wait + next, Number.MAX_SAFE_INTEGER)]
  }
}
