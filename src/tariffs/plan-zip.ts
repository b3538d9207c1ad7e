import { fromBufferPromise } from 'yauzl'
import { ZipFile } from 'yazl'
import type { PlanText } from './plan-files.ts'
import { TariffError } from './tariff-error.ts'

/** Octets that the files of a zip may have together when they are unpacked. */
const MAX_UNPACKED = 1 << 30

/** A zip with these files. */
export async function zipOf(texts: readonly PlanText[]): Promise<Buffer> {
  const zip = new ZipFile()
  for (const { path, text } of texts) zip.addBuffer(Buffer.from(text), path)
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The CSV files of a zip. Rejects with TariffError. */
export async function unzip(bytes: Buffer): Promise<PlanText[]> {
  const texts: PlanText[] = []
  let unpacked = 0
  try {
    const zip = await fromBufferPromise(bytes, { lazyEntries: true })
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('.csv')) continue
      unpacked += entry.uncompressedSize
      if (unpacked > MAX_UNPACKED) throw new TariffError(`zip: more than ${MAX_UNPACKED} octets when it is unpacked`)
      const chunks: Buffer[] = []
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
      texts.push({ path: entry.fileName, text: Buffer.concat(chunks).toString() })
    }
  } catch (cause) {
    if (cause instanceof TariffError) throw cause
    throw new TariffError('zip: not a valid zip file')
  }
  return texts
}
