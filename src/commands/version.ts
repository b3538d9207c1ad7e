import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../engine/package-root.ts'

/** What clients and scripts of CGRateS read as its version, and who answers. Reference 01, 10. */
export function programVersion(): string {
  return `CGRateS@v0.11.0~dev Tollgate@${version()}`
}

/** The version of this package. */
export function version(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
