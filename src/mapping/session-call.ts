import type { MainFlag, ProcessorFlags } from './request-processor.ts'

/** The API that a processor's flags call, and the arguments beside the event. Undefined: none. Reference 07, 1.4. */
export type SessionCall = { method: string; arguments: Readonly<Record<string, unknown>> }

const METHODS: Readonly<Partial<Record<MainFlag, string>>> = {
  '*authorize': 'SessionSv1.AuthorizeEvent',
  '*initiate': 'SessionSv1.InitiateSession',
  '*update': 'SessionSv1.UpdateSession',
  '*terminate': 'SessionSv1.TerminateSession',
  '*message': 'SessionSv1.ProcessMessage',
  '*event': 'SessionSv1.ProcessEvent',
}

type Flagged = Readonly<Partial<Record<MainFlag, string>>>

/** The argument that an auxiliary flag sets, by the main flag. off: `flag:false` counts as not given. */
const ARGUMENTS: Readonly<Record<string, { by: Flagged; off: boolean; ids?: string }>> = {
  '*attributes': {
    by: each('GetAttributes', '*authorize', '*initiate', '*update', '*message'),
    off: true,
    ids: 'AttributeIDs',
  },
  '*thresholds': { by: each('ProcessThresholds'), off: true, ids: 'ThresholdIDs' },
  '*stats': { by: each('ProcessStats'), off: true, ids: 'StatIDs' },
  '*resources': {
    by: {
      '*authorize': 'AuthorizeResources',
      '*initiate': 'AllocateResources',
      '*terminate': 'ReleaseResources',
      '*message': 'AllocateResources',
    },
    off: true,
  },
  '*ips': {
    by: { '*authorize': 'AuthorizeIP', '*initiate': 'AllocateIP', '*terminate': 'ReleaseIP', '*message': 'AllocateIP' },
    off: true,
  },
  '*accounts': {
    by: {
      '*authorize': 'GetMaxUsage',
      '*initiate': 'InitSession',
      '*update': 'UpdateSession',
      '*terminate': 'TerminateSession',
      '*message': 'Debit',
    },
    off: false,
  },
  '*fd': { by: each('ForceDuration'), off: false },
  '*routes': { by: each('GetRoutes', '*authorize', '*message'), off: true },
  '*routes_ignore_errors': { by: each('RoutesIgnoreErrors', '*authorize', '*message'), off: false },
}

function each(name: string, ...flags: readonly MainFlag[]): Flagged {
  const all: readonly MainFlag[] = ['*authorize', '*initiate', '*update', '*terminate', '*message']
  return Object.fromEntries((flags.length === 0 ? all : flags).map((flag) => [flag, name]))
}

/** What a processor calls for its event; `*cdrs` is a call of its own after it. */
export function sessionCalls({ main, given, cdrs }: ProcessorFlags): SessionCall[] {
  const method = METHODS[main]
  const calls: SessionCall[] = method === undefined ? [] : [{ method, arguments: argumentsOf(main, given) }]
  if (cdrs && main !== '*dryrun') calls.push({ method: 'SessionSv1.ProcessCDR', arguments: {} })
  return calls
}

function argumentsOf(main: MainFlag, given: ReadonlyMap<string, string>): Record<string, unknown> {
  if (main === '*event')
    return { Flags: [...given].map(([flag, option]) => (option === '' ? flag : `${flag}:${option}`)) }
  const result: Record<string, unknown> = {}
  for (const [flag, { by, off, ids }] of Object.entries(ARGUMENTS)) {
    const name = by[main]
    const option = given.get(flag)
    if (name === undefined || option === undefined || (off && option === 'false')) continue
    result[name] = true
    if (ids !== undefined && option.startsWith('*ids:')) result[ids] = option.slice('*ids:'.length).split('&')
  }
  const maximum = given.has('*routes_event_cost') ? '*event_cost' : given.get('*routes_maxcost')
  if (maximum !== undefined && (main === '*authorize' || main === '*message')) result['RoutesMaxCost'] = maximum
  return result
}
