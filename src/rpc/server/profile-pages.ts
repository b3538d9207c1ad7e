import { Session } from 'node:inspector/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type Page, sendText } from './http-listener.ts'

const SECONDS = 30
const MAX_SECONDS = 300
/** Octets of allocation between two samples of the heap. */
const HEAP_INTERVAL = 32_768

const INDEX = `Profiles of this process, in the formats of V8: open them in the DevTools of a Chromium or in VS Code.

profile?seconds=${SECONDS}   where the processor time goes  (.cpuprofile)
heap?seconds=${SECONDS}      what is allocated and kept     (.heapprofile); gc=1: garbage is collected first
`

/** The pages below `http.pprof_path`: an index, `profile` and `heap`, one recording at a time. Values of the program are in none. */
export function profilePage(path: string): Page {
  let isRecording = false
  return (request, response, visit) => {
    request.resume()
    const record = RECORDINGS[visit.path.slice(path.length)]
    if (visit.path === path) return sendText(response, 200, INDEX)
    if (record === undefined) return sendText(response, 404, 'Unknown profile\n')
    const query = new URLSearchParams(visit.query)
    const seconds = Number(query.get('seconds') ?? SECONDS)
    if (!(seconds > 0 && seconds <= MAX_SECONDS))
      return sendText(response, 400, `seconds: expected a number up to ${MAX_SECONDS}\n`)
    if (isRecording) return sendText(response, 409, 'a profile is being recorded\n')
    isRecording = true
    const session = new Session()
    session.connect()
    record(session, seconds * 1_000, query.get('gc') === '1')
      .then((profile) => sendText(response, 200, JSON.stringify(profile), { 'Content-Type': 'application/json' }))
      .catch((cause: unknown) => sendText(response, 500, `${String(cause)}\n`))
      .finally(() => {
        session.disconnect()
        isRecording = false
      })
  }
}

const RECORDINGS: Readonly<Record<string, (session: Session, ms: number, collects: boolean) => Promise<unknown>>> = {
  async profile(session, ms) {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await wait(ms)
    return (await session.post('Profiler.stop')).profile
  },
  async heap(session, ms, collects) {
    if (collects) await session.post('HeapProfiler.collectGarbage')
    await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL })
    await wait(ms)
    return (await session.post('HeapProfiler.stopSampling')).profile
  },
}
