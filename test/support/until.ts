/** Waits for what comes about by itself. */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await new Promise((next) => setTimeout(next, 5))
}
