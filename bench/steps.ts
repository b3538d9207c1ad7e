import { readFileSync } from 'node:fs'

type Node = {
  id: number
  callFrame: { functionName: string; url: string }
  children?: readonly number[]
}
type Profile = { nodes: readonly Node[]; samples: readonly number[]; timeDeltas: readonly number[]; startTime: number }

export const STEPS = [
  'framing and validation',
  'mapping',
  'session and debit',
  'store',
  'answer',
  'sockets and event loop',
  'garbage collection',
  'other',
] as const
export type Step = (typeof STEPS)[number]

/** Source files by step, the first that fits. What lies below them (core, Node.js, built-ins) counts for who called it. */
const FILES: readonly [RegExp, Step][] = [
  [/\/src\/(store\/|.*-(record|kind)\.ts)/, 'store'],
  [/\/src\/protocol\/diameter\/(writer|answers)\.ts|\/src\/agents\/diameter\/reply-encoder\.ts/, 'answer'],
  [/\/src\/(mapping|filters)\/|\/src\/agents\/(pipeline|diameter\/request-(paths|handler|vars))\.ts/, 'mapping'],
  [/\/src\/(sessions|services|accounting|rating|cdrs)\/|\/src\/agents\/session-calls\.ts/, 'session and debit'],
  [/\/src\/protocol\/diameter\//, 'framing and validation'],
]
/** Functions of the connection and the agent that are not what most of their file is. */
const FUNCTIONS: ReadonlyMap<string, Step> = new Map([
  ['#send', 'answer'],
  ['#flush', 'answer'],
  ['answer', 'answer'],
  ['#answerAfter', 'answer'],
  ['#reply', 'answer'],
  ['#receive', 'framing and validation'],
  ['#refuse', 'framing and validation'],
  ['#deliver', 'framing and validation'],
])
const NATIVE: ReadonlyMap<string, Step | undefined> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'sockets and event loop'],
  ['(idle)', undefined],
])

/**
 * Share of the busy time of a thread by step, from a V8 CPU profile: each sample counts for the innermost function that a step
 * owns. from, to: the part of the profile that counts, in microseconds of the monotonic clock.
 */
export function sharesOf(path: string, from: number, to: number): Map<Step, number> {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile
  const stepOf = stepsOf(profile.nodes)
  const shares = new Map<Step, number>(STEPS.map((step) => [step, 0]))
  let now = profile.startTime
  let busy = 0
  for (const [i, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[i] ?? 0
    now += delta
    const step = stepOf.get(id)
    if (step === undefined || now < from || now > to) continue
    busy += delta
    shares.set(step, (shares.get(step) ?? 0) + delta)
  }
  for (const [step, time] of shares) shares.set(step, time / busy)
  return shares
}

/** The step of each node: its own, or that of the nearest caller that has one. */
function stepsOf(nodes: readonly Node[]): Map<number, Step | undefined> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const found = new Map<number, Step | undefined>()
  const visit = (node: Node, inherited: Step) => {
    const { functionName } = node.callFrame
    const step = NATIVE.has(functionName) ? NATIVE.get(functionName) : (ownStep(node) ?? inherited)
    found.set(node.id, step)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) visit(child, step ?? inherited)
    }
  }
  const [root] = nodes
  if (root !== undefined) visit(root, 'other')
  return found
}

function ownStep({ callFrame: { functionName, url } }: Node): Step | undefined {
  if (/^node:(net|internal\/(stream_base_commons|net))/.test(url)) return 'sockets and event loop'
  if (/\/src\/agents\/diameter\/(agent|connection)\.ts$/.test(url)) return FUNCTIONS.get(functionName)
  return FILES.find(([pattern]) => pattern.test(url))?.[1]
}
