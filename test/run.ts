/**
 * The test command: type check, lint, then every test. Prints the tests' own output and, as its last line, the plain
 * `N passed, N failed`. Leaves with 1 when anything fails.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const only = process.argv.slice(2)

function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      output += chunk.toString()
    })
    child.on('error', fail)
    child.on('close', (code) => done({ code: code ?? 1, output }))
  })
}

const bin = (name: string) => resolve(root, 'node_modules', '.bin', name)

const checks = [await run(bin('tsc'), ['--noEmit']), await run(bin('biome'), ['ci', '--error-on-warnings', '.'])]
const failedChecks = checks.filter(({ code }) => code !== 0).length

// tap generates its test class once per plugin set: without this it would load the plugin that .taprc switches off.
const builtFor = createRequire(import.meta.url)('@tapjs/test/package.json') as { version: string }
process.stdout.write(`tap ${builtFor.version}\n`)
const built = await run(bin('tap'), ['build'])
const tests = await run(bin('tap'), ['run', '--reporter=terse', ...only])

const summary = [...tests.output.matchAll(/# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?/g)].at(-1)
const passed = Number(summary?.[2] ?? 0)
const failedTests = Number(summary?.[3] ?? 0)
const unseen = tests.code !== 0 && failedTests === 0 ? 1 : 0
const failed = failedTests + unseen + failedChecks + (built.code === 0 ? 0 : 1)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
