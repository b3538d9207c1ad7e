import { join } from 'node:path'

/** Folder of the package, from that of this file. */
export function packageRoot(): string {
  return join(import.meta.dirname, '..', '..')
}
