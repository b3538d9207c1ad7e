import { type FileHandle, open, rm, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { TollgateError } from '../core/errors.ts'

export type MemoryProfiling = {
  readonly folder: string
  /** 0 or less: 15 s. */
  readonly intervalMs: number
  /** Files that are kept beside the last one; 0 or less: all. */
  readonly maxFiles: number
  /** Files are named by their time instead of their number. */
  readonly usesTimestamp: boolean
}

const DEFAULT_INTERVAL_MS = 15_000
/** Octets of allocation between two samples of the heap: what Go takes. */
const SAMPLING_INTERVAL = 512 << 10

type State = 'never started' | 'started' | 'stopped'

/**
 * Recordings of the processor time and of the heap of this process into files that the DevTools of Chromium and VS Code open. One
 * of each kind at a time. What cannot be done rejects with TollgateError in the words of CGRateS. Reference 10, C5 and C6.
 */
export class ProcessProfiles {
  readonly #failed: (cause: string) => void
  #cpu: { session: Session; file: FileHandle } | undefined
  #cpuState: State = 'never started'
  #memory: MemoryRecording | undefined
  #memoryState: State = 'never started'

  /** failed: is told of files that cannot be written while nobody waits for them. */
  constructor(failed: (cause: string) => void) {
    this.#failed = failed
  }

  /** Records into `cpu.cpuprofile` of a folder, '' for the current one, until `stopCpu`. */
  async startCpu(folder: string): Promise<void> {
    if (this.#cpuState === 'started') throw refused('start CPU profiling: already started')
    const earlier = this.#cpuState
    this.#cpuState = 'started'
    try {
      const file = await opened('CPU', join(folder, 'cpu.cpuprofile'))
      const session = new Session()
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.start')
      this.#cpu = { session, file }
    } catch (cause) {
      this.#cpuState = earlier
      throw cause
    }
  }

  async stopCpu(): Promise<void> {
    const recording = this.#cpu
    if (recording === undefined) throw refused(`stop CPU profiling: ${notRunning(this.#cpuState)}`)
    this.#cpu = undefined
    const { session, file } = recording
    try {
      const { profile } = await session.post('Profiler.stop')
      await file.writeFile(JSON.stringify(profile))
    } finally {
      session.disconnect()
      await file.close()
      this.#cpuState = 'stopped'
    }
  }

  /** Writes what is allocated and kept into a new file of a folder every interval, until `stopMemory`. */
  async startMemory(options: MemoryProfiling): Promise<void> {
    if (this.#memoryState === 'started') throw refused('start memory profiling: already started')
    const earlier = this.#memoryState
    this.#memoryState = 'started'
    try {
      this.#memory = await MemoryRecording.start(options, this.#failed)
    } catch (cause) {
      this.#memoryState = earlier
      throw cause
    }
  }

  /** Writes `mem_final.heapprofile` and ends. */
  async stopMemory(): Promise<void> {
    const recording = this.#memory
    if (recording === undefined) throw refused(`stop memory profiling: ${notRunning(this.#memoryState)}`)
    this.#memory = undefined
    try {
      await recording.stop()
    } finally {
      this.#memoryState = 'stopped'
    }
  }

  /** Writes what is being recorded. */
  async close(): Promise<void> {
    const stops = [this.#cpu && this.stopCpu(), this.#memory && this.stopMemory()]
    for (const stop of stops) await stop?.catch((cause: unknown) => this.#failed(String(cause)))
  }
}

class MemoryRecording {
  readonly #options: MemoryProfiling
  readonly #failed: (cause: string) => void
  readonly #session: Session
  readonly #timer: NodeJS.Timeout
  readonly #kept: string[] = []
  #written = 0
  /** Files are written one after the other. */
  #last: Promise<void> = Promise.resolve()

  static async start(options: MemoryProfiling, failed: (cause: string) => void): Promise<MemoryRecording> {
    // A folder that cannot be written is told now, not after the work that was to be looked at.
    const final = finalPath(options)
    await (await opened('memory', final)).close()
    await rm(final)
    const session = new Session()
    session.connect()
    await session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLING_INTERVAL })
    return new MemoryRecording(options, failed, session)
  }

  private constructor(options: MemoryProfiling, failed: (cause: string) => void, session: Session) {
    this.#options = options
    this.#failed = failed
    this.#session = session
    const { intervalMs } = options
    this.#timer = setInterval(() => this.#tick(), intervalMs > 0 ? intervalMs : DEFAULT_INTERVAL_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#last
    try {
      const { profile } = await this.#session.post('HeapProfiler.stopSampling')
      await writeFile(finalPath(this.#options), JSON.stringify(profile))
    } finally {
      this.#session.disconnect()
    }
  }

  #tick(): void {
    this.#last = this.#last.then(() => this.#write()).catch((cause: unknown) => this.#failed(String(cause)))
  }

  async #write(): Promise<void> {
    const { folder, maxFiles, usesTimestamp } = this.#options
    const { profile } = await this.#session.post('HeapProfiler.getSamplingProfile')
    const path = join(folder, `mem_${usesTimestamp ? timestamp(new Date()) : ++this.#written}.heapprofile`)
    await writeFile(path, JSON.stringify(profile))
    this.#kept.push(path)
    if (maxFiles > 0 && this.#kept.length > maxFiles) await rm(this.#kept.shift() ?? '', { force: true })
  }
}

function finalPath({ folder }: MemoryProfiling): string {
  return join(folder, 'mem_final.heapprofile')
}

/** `20261125170838_927000`: two files of one second have names of their own. */
function timestamp(date: Date): string {
  const digits = date.toISOString().replaceAll(/\D/g, '')
  return `${digits.slice(0, 14)}_${digits.slice(14)}000`
}

function notRunning(state: State): string {
  return state === 'stopped' ? 'already stopped' : 'not started yet'
}

async function opened(kind: 'CPU' | 'memory', path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w')
  } catch (cause) {
    // ENOENT: no such file or directory, open 'PATH'
    const reason = /^\w+: (.*?), /.exec(String((cause as Error).message))?.[1] ?? String(cause)
    throw refused(`could not create ${kind} profile: open ${path}: ${reason}`)
  }
}

function refused(message: string): TollgateError {
  return new TollgateError('PROFILING', message)
}
