import { openEngine } from './open-engine.ts'

/** Loads a tariff folder into the store of a configuration: all of it, or nothing. */
export async function load({ configPath, path }: { configPath: string; path: string }): Promise<void> {
  const { engine } = await openEngine(configPath)
  try {
    await engine.openTariff()
    const { ignored, warnings } = await engine.tariff.load(path)
    for (const file of ignored) process.stderr.write(`not loaded, this version does not have it: ${file}\n`)
    for (const warning of warnings) process.stderr.write(`${warning}\n`)
    process.stdout.write(`loaded ${describeCounts(engine.tariff.counts())}\n`)
  } finally {
    await engine.close()
  }
}

export function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([file, count]) => `${count} ${file}`)
    .join(', ')
}
