import { InvalidText, TollgateError } from '../../core/errors.ts'
import { zoneOf } from '../../core/time.ts'
import { type Method, method, OK, requireFields } from '../method.ts'
import { RpcError } from '../rpc-error.ts'
import { any, boolean, duration, integer, map, struct, text } from '../shape.ts'
import { tenantShape } from '../shapes/event.ts'
import { type CapsCounts, debugStatus, shortStatus } from './core-status.ts'
import type { RpcDefaults } from './defaults.ts'

/** What the methods of the process ask of the engine. */
export interface CoreServices {
  /** Ends the process. */
  panic(message: string): void
  readonly caps: { counts(): CapsCounts | undefined }
  readonly recordings: {
    startCpu(folder: string): Promise<void>
    stopCpu(): Promise<void>
    /** intervalMs, maxFiles: 0 or less is 15 s, and all. */
    startMemory(options: {
      folder: string
      intervalMs: number
      maxFiles: number
      usesTimestamp: boolean
    }): Promise<void>
    stopMemory(): Promise<void>
  }
}

/** Methods of the process itself. Reference 01, 9.4; 10, C6. */
export function coreMethods(services: CoreServices, defaults: RpcDefaults): Method[] {
  return [
    method('CoreSv1.Status', {
      summary: 'Process, memory and time since the start; Debug: every figure as a number.',
      params: struct('cores.V1StatusParams', { Debug: boolean, Timezone: text, Tenant: text, APIOpts: map(any) }),
      reply: map(any),
      run: ({ Debug: isDebug, Timezone: timeZone }) =>
        isDebug
          ? debugStatus(defaults, services.caps.counts())
          : shortStatus(defaults, zoneOfStatus(timeZone), services.caps.counts()),
    }),
    sleepMethod('CoreSv1.Sleep'),
    method('CoreSv1.Panic', {
      summary: 'Ends the process at once, as a crash would: exit code 2, nothing is answered.',
      params: struct('utils.PanicMessageArgs', { Message: text, Tenant: text, APIOpts: map(any) }),
      reply: OK,
      run({ Message: message }) {
        services.panic(message)
        return 'OK'
      },
    }),
    ...profilingMethods(services),
  ]
}

function profilingMethods({ recordings }: CoreServices): Method[] {
  return [
    method('CoreSv1.StartCPUProfiling', {
      summary: 'Records where the processor time goes, into cpu.cpuprofile of a folder.',
      params: struct('utils.DirectoryArgs', { DirPath: text, Tenant: text, APIOpts: map(any) }),
      reply: OK,
      run: ({ DirPath: folder }) => done(recordings.startCpu(folder)),
    }),
    method('CoreSv1.StopCPUProfiling', {
      summary: 'Writes what was recorded. Errors: not started yet, already stopped.',
      params: tenantShape,
      reply: OK,
      run: () => done(recordings.stopCpu()),
    }),
    method('CoreSv1.StartMemoryProfiling', {
      summary: 'Writes what is allocated and kept, every Interval (15 s), into mem_N.heapprofile of a folder.',
      params: struct('cores.MemoryProfilingParams', {
        DirPath: text,
        Interval: duration,
        MaxFiles: integer,
        UseTimestamp: boolean,
        Tenant: text,
        APIOpts: map(any),
      }),
      reply: OK,
      run(argument) {
        requireFields(argument, 'DirPath')
        const { DirPath: folder, Interval: ns, MaxFiles: maxFiles, UseTimestamp: usesTimestamp } = argument
        return done(recordings.startMemory({ folder, intervalMs: Number(ns / 1_000_000n), maxFiles, usesTimestamp }))
      },
    }),
    method('CoreSv1.StopMemoryProfiling', {
      summary: 'Writes mem_final.heapprofile. Errors: not started yet, already stopped.',
      params: tenantShape,
      reply: OK,
      run: () => done(recordings.stopMemory()),
    }),
  ]
}

/** OK when it is done; what goes wrong is told in its own words. */
async function done(work: Promise<void>): Promise<string> {
  try {
    await work
    return 'OK'
  } catch (cause) {
    throw cause instanceof TollgateError ? new RpcError(cause.message) : cause
  }
}

function zoneOfStatus(name: string): string {
  try {
    return zoneOf(name)
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause
    throw new RpcError(`could not convert StatusMetrics to map[string]any: ${cause.message}`)
  }
}

/** A method that answers after a while: clients try timeouts and limits with it. */
export function sleepMethod(name: string): Method {
  return method(name, {
    summary: 'Answers after a while.',
    params: struct('utils.DurationArgs', { Duration: duration, APIOpts: map(any), Tenant: text }),
    reply: OK,
    run: ({ Duration: ns }) => new Promise((done) => setTimeout(() => done('OK'), Number(ns / 1_000_000n))),
  })
}
