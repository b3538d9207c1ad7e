import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Certificates, makeCertificates } from './certificates.ts'
import { pathOf, requirePrograms } from './debian-packages.ts'
import { freeAddresses } from './two-processes.ts'

requirePrograms({ initdb: 'postgresql', psql: 'postgresql', mariadbd: 'mariadb-server', mariadb: 'mariadb-server' })

export const USER = 'cgrates'
export const PASSWORD = 'CGRateS.org'

/** A real database server on a free loopback port, with a data folder of its own. */
export type SqlTestServer = {
  readonly type: '*postgres' | '*mysql'
  readonly host: string
  readonly port: number
  /** Its certificate is for 127.0.0.1; it takes connections with and without TLS. */
  readonly certificates: Certificates
  pid(): number
  /** Keys of `stor_db` that lead to a database. */
  config(database: string): Record<string, unknown>
  /** Makes an empty database; its name. */
  newDatabase(): string
  /** What the server's own client prints: a line a row, cells between tabs. */
  sql(database: string, statements: string): string
  start(): Promise<void>
  /** Ends the server; SIGKILL as a crash does. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

type Kind = {
  type: SqlTestServer['type']
  /** User that the server runs as when this is root. */
  runsAs: string | undefined
  prepare(folder: string): void
  command(folder: string, port: number): readonly [string, ...string[]]
  ready: RegExp
  stopSignal: NodeJS.Signals
  client(port: number, database: string): readonly [string, ...string[]]
}

const isRoot = process.getuid?.() === 0

const KINDS: readonly Kind[] = [
  {
    type: '*postgres',
    runsAs: isRoot ? 'postgres' : undefined,
    prepare(folder) {
      writeFileSync(join(folder, 'password'), PASSWORD)
      const options = [
        '-A',
        'scram-sha-256',
        `--pwfile=${join(folder, 'password')}`,
        '-U',
        USER,
        '-E',
        'UTF8',
        '--locale=C',
      ]
      execFileSync(program('initdb'), ['-D', join(folder, 'data'), '--no-sync', ...options], {
        stdio: 'ignore',
        cwd: folder,
        ...ids(this.runsAs),
      })
    },
    command(folder, port) {
      const settings = [
        ...['fsync=off', 'full_page_writes=off', 'shared_buffers=16MB', `unix_socket_directories=${folder}`],
        ...['ssl=on', `ssl_cert_file=${folder}/server.crt`, `ssl_key_file=${folder}/server.key`],
      ]
      const options = settings.flatMap((setting) => ['-c', setting])
      return [program('postgres'), '-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', ...options]
    },
    ready: /ready to accept connections/,
    stopSignal: 'SIGINT',
    client: (port, database) => {
      const host = `host=127.0.0.1 port=${port} user=${USER} password=${PASSWORD} dbname=${database || 'postgres'}`
      return [program('psql'), '-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', host]
    },
  },
  {
    type: '*mysql',
    runsAs: undefined,
    prepare(folder) {
      const options = ['--auth-root-authentication-method=normal', '--skip-test-db', ...asRoot()]
      execFileSync(program('mariadb-install-db'), ['--no-defaults', `--datadir=${join(folder, 'data')}`, ...options], {
        stdio: 'ignore',
      })
      const grant = `GRANT ALL ON *.* TO '${USER}'@'%'`
      writeFileSync(
        join(folder, 'init.sql'),
        `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}';\n${grant};\n`,
      )
    },
    command(folder, port) {
      const options = [
        ...[`--datadir=${join(folder, 'data')}`, `--socket=${join(folder, 'socket')}`, `--port=${port}`],
        ...[`--init-file=${join(folder, 'init.sql')}`, '--bind-address=127.0.0.1', '--skip-name-resolve'],
        ...['--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0', '--innodb-log-file-size=8M'],
        '--innodb-flush-method=nosync',
        // The server and the gateway need not be of one zone.
        '--default-time-zone=+05:00',
        ...[`--ssl-cert=${folder}/server.crt`, `--ssl-key=${folder}/server.key`],
      ]
      return [program('mariadbd'), '--no-defaults', ...options, ...asRoot()]
    },
    ready: /ready for connections/,
    stopSignal: 'SIGTERM',
    client: (port, database) => {
      const server = ['--host=127.0.0.1', `--port=${port}`, `--user=${USER}`, `--password=${PASSWORD}`]
      return [program('mariadb'), '--no-defaults', ...server, '--batch', '--skip-column-names', '--raw', database]
    },
  },
]

/** Starts a server of each kind; they end with the test. */
export function startSqlServers(t: Test): Promise<SqlTestServer[]> {
  return Promise.all(KINDS.map((kind) => startServer(t, kind)))
}

/** Starts one server; it ends with the test. */
export function startSqlServer(t: Test, type: SqlTestServer['type']): Promise<SqlTestServer> {
  const kind = KINDS.find((each) => each.type === type)
  if (kind === undefined) throw new Error(type)
  return startServer(t, kind)
}

async function startServer(t: Test, kind: Kind): Promise<SqlTestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-sql-'))
  const owner = ids(kind.runsAs)
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  if ('uid' in owner) for (const path of [folder, join(folder, 'data')]) chownSync(path, owner.uid, owner.gid)
  const certificates = makeCertificates(t)
  for (const end of ['crt', 'key'] as const) {
    const path = join(folder, `server.${end}`)
    writeFileSync(path, certificates.pem('server', end))
    chmodSync(path, 0o600)
    if ('uid' in owner) chownSync(path, owner.uid, owner.gid)
  }
  kind.prepare(folder)
  let port = 0
  let server: ChildProcess | undefined
  let databases = 0
  const start = async () => {
    const [command, ...args] = kind.command(folder, port)
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...owner })
    server = child
    let output = ''
    await new Promise<void>((done, fail) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        output += chunk
        if (kind.ready.test(output)) done()
      })
      child.once('exit', (code) => fail(new Error(`${command} left with ${code}: ${output}`)))
      child.once('error', fail)
    })
  }
  const stop = async (signal = kind.stopSignal) => {
    const child = server
    server = undefined
    if (child === undefined) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill(signal)
    await ended
  }
  const sql = (database: string, statements: string) => {
    const [command, ...args] = kind.client(port, database)
    return execFileSync(command, args, { input: statements, encoding: 'utf8' }).trimEnd()
  }
  t.teardown(async () => {
    await stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  // A port that was free may be taken when the server comes to it.
  for (let tries = 1; ; tries++) {
    const [address = ''] = await freeAddresses(1)
    port = Number(address.split(':')[1])
    try {
      await start()
      break
    } catch (cause) {
      if (tries === 5) throw cause
    }
  }
  return {
    type: kind.type,
    host: '127.0.0.1',
    port,
    certificates,
    pid: () => server?.pid ?? 0,
    config: (database) => ({
      db_type: kind.type,
      db_host: '127.0.0.1',
      db_port: port,
      db_name: database,
      db_user: USER,
      db_password: PASSWORD,
    }),
    newDatabase() {
      const name = `cgrates_${++databases}`
      sql('', `CREATE DATABASE ${name};`)
      return name
    },
    sql,
    start,
    stop,
  }
}

function program(name: string): string {
  const path = pathOf(name)
  if (path === undefined) throw new Error(`${name} is not installed`)
  return path
}

function asRoot(): string[] {
  return isRoot ? ['--user=root'] : []
}

function ids(user: string | undefined): { uid: number; gid: number } | Record<string, never> {
  if (user === undefined) return {}
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
