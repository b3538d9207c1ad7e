import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps the programs of PostgreSQL here, by version. */
const POSTGRES = '/usr/lib/postgresql'

/** Whether a program is on the PATH or where Debian keeps servers. */
function isInstalled(program: string): boolean {
  return pathOf(program) !== undefined
}

/** Where a program is; undefined: nowhere. */
export function pathOf(program: string): string | undefined {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).map((version) => join(POSTGRES, version, 'bin')) : []
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', ...versions]
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/**
 * Makes sure that programs are there: installs the Debian packages of the missing ones, when this is root.
 * programs: package by program. Throws Error naming the packages when they cannot be had: a test without its peer has failed.
 */
export function requirePrograms(programs: Readonly<Record<string, string>>): void {
  const packages = Object.keys(programs).filter((program) => !isInstalled(program))
  const missing = [...new Set(packages.map((program) => programs[program] ?? ''))]
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) throw new Error(`Debian packages are missing: ${missing.join(' ')}`)
  // Two test files may come here at once: the lock makes the second wait, and then find everything there.
  const install = `apt-get update -q && apt-get install -q -y --no-install-recommends ${missing.join(' ')}`
  const { status, stdout, stderr } = spawnSync('flock', ['/tmp/tollgate-test-packages.lock', 'sh', '-c', install], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  })
  const failed = Object.keys(programs).filter((program) => !isInstalled(program))
  if (failed.length > 0)
    throw new Error(`${failed.join(' ')} could not be installed (apt-get left with ${status}): ${stdout}${stderr}`)
}

/** Runs a program to its end and gives what it printed. Throws Error with its output when it fails. */
export function run(program: string, args: readonly string[], input?: Buffer): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    ...(input === undefined ? {} : { input }),
  })
}
