import diameter, { type NodeAvp, type NodeConnection, type NodeMessage, type NodeSocket } from 'diameter'
import t from 'tap'
import { Decimal } from '../../src/core/decimal.ts'
import { balances, cdrCosts, rpcText, sampleFolder, startGateway, stopGateway, sumOf } from '../support/gateway.ts'

const ORIGIN: NodeAvp[] = [
  ['Origin-Host', 'pgw.operator.example'],
  ['Origin-Realm', 'operator.example'],
]

async function connectPeer(port: number): Promise<NodeSocket> {
  const socket = await new Promise<NodeSocket>((connected, failed) => {
    const opened = diameter.createConnection({ host: '127.0.0.1', port }, () => connected(opened))
    opened.once('error', failed)
  })
  return socket
}

async function ask(
  connection: NodeConnection,
  application: string,
  command: string,
  body: NodeAvp[],
  sessionId?: string,
): Promise<NodeMessage> {
  const request = connection.createRequest(application, command, sessionId)
  // Base messages have no Session-Id; the package puts one into every request.
  if (sessionId === undefined) request.body = []
  request.body.push(...ORIGIN, ...body)
  return connection.sendRequest(request)
}

/** The values at a path of AVP names, groups opened on the way. */
function valuesAt(avps: readonly NodeAvp[], ...path: string[]): unknown[] {
  const [name, ...rest] = path
  const values = avps.filter(([each]) => each === name).map(([, value]) => value)
  return rest.length === 0 ? values.map(String) : values.flatMap((value) => valuesAt(value as NodeAvp[], ...rest))
}

function creditControl(
  type: 'INITIAL_REQUEST' | 'UPDATE_REQUEST' | 'TERMINATION_REQUEST',
  number: number,
  groups: readonly { ratingGroup: number; requested?: number; used?: number }[],
): NodeAvp[] {
  return [
    ['Destination-Realm', 'tollgate.example'],
    ['Auth-Application-Id', 4],
    ['Service-Context-Id', '32251@3gpp.org'],
    ['CC-Request-Type', type],
    ['CC-Request-Number', number],
    [
      'Subscription-Id',
      [
        ['Subscription-Id-Type', 'END_USER_E164'],
        ['Subscription-Id-Data', '1001'],
      ],
    ],
    ...groups.map(({ ratingGroup, requested, used }): NodeAvp => {
      const units = (octets: number): NodeAvp[] => [['CC-Total-Octets', octets]]
      return [
        'Multiple-Services-Credit-Control',
        [
          ...(requested === undefined ? [] : [['Requested-Service-Unit', units(requested)] as NodeAvp]),
          ...(used === undefined ? [] : [['Used-Service-Unit', units(used)] as NodeAvp]),
          ['Rating-Group', ratingGroup],
        ],
      ]
    }),
  ]
}

const MIB = 1 << 20

t.test('node-diameter runs a whole Gy session', async (t) => {
  const gateway = await startGateway(sampleFolder(t, { diameter_agent: { watchdog_interval: '1s' } }))
  t.teardown(() => stopGateway(gateway))
  const socket = await connectPeer(gateway.diameterPort)
  t.teardown(() => socket.destroy())
  const connection = socket.diameterConnection
  const watchdogs = new Promise<void>((heard) => {
    socket.on('diameterMessage', ({ message, response, callback }) => {
      if (message.command !== 'Device-Watchdog') return
      response.body = [['Result-Code', 'DIAMETER_SUCCESS'], ...ORIGIN]
      callback(response)
      heard()
    })
  })

  const capabilities = await ask(connection, 'Diameter Common Messages', 'Capabilities-Exchange', [
    ['Host-IP-Address', '127.0.0.1'],
    ['Vendor-Id', 10415],
    ['Product-Name', 'node-diameter'],
    ['Auth-Application-Id', 4],
  ])
  t.same(valuesAt(capabilities.body, 'Result-Code'), ['DIAMETER_SUCCESS'])
  t.same(valuesAt(capabilities.body, 'Origin-Host'), ['ocs.tollgate.example'])
  t.ok(valuesAt(capabilities.body, 'Auth-Application-Id').length > 0, 'credit control is offered')

  const steps = [
    { type: 'INITIAL_REQUEST', groups: [1, 2].map((ratingGroup) => ({ ratingGroup, requested: 5 * MIB })) },
    {
      type: 'UPDATE_REQUEST',
      groups: [1, 2].map((ratingGroup) => ({ ratingGroup, requested: 5 * MIB, used: 5 * MIB })),
    },
    {
      type: 'UPDATE_REQUEST',
      groups: [1, 2].map((ratingGroup) => ({ ratingGroup, requested: 5 * MIB, used: 5 * MIB })),
    },
    { type: 'TERMINATION_REQUEST', groups: [1, 2].map((ratingGroup) => ({ ratingGroup, used: 2 * MIB })) },
  ] as const
  for (const [number, { type, groups }] of steps.entries()) {
    const body = creditControl(type, number, groups)
    const answer = await ask(connection, 'Diameter Credit Control Application', 'Credit-Control', body, 'node;1;1')
    t.same(valuesAt(answer.body, 'Session-Id'), ['node;1;1'])
    t.same(valuesAt(answer.body, 'Result-Code'), ['DIAMETER_SUCCESS'], type)
    t.same(valuesAt(answer.body, 'CC-Request-Number'), [String(number)])
    const mscc = (...path: string[]) => valuesAt(answer.body, 'Multiple-Services-Credit-Control', ...path)
    t.same(mscc('Rating-Group'), ['1', '2'])
    t.same(mscc('Result-Code'), ['DIAMETER_SUCCESS', 'DIAMETER_SUCCESS'])
    const grants = type === 'TERMINATION_REQUEST' ? [] : [String(5 * MIB), String(5 * MIB)]
    t.same(mscc('Granted-Service-Unit', 'CC-Total-Octets'), grants)
  }

  const watchdog = await ask(connection, 'Diameter Common Messages', 'Device-Watchdog', [])
  t.same(valuesAt(watchdog.body, 'Result-Code'), ['DIAMETER_SUCCESS'])
  await watchdogs
  t.pass('the watchdog of Tollgate was answered')

  const cdrs = await rpcText(gateway.httpPort, 'CDRsV1.GetCDRs', { Accounts: ['1001'] })
  const costs = await cdrCosts(gateway.httpPort, { Accounts: ['1001'] })
  t.equal(costs.length, 2)
  t.equal([...cdrs.matchAll(/"Usage":12582912,"ExtraFields"/g)].length, 2, '5 + 5 + 2 MiB a group')
  t.equal((await balances(gateway.httpPort, '1001'))['MONEY'], Decimal.of(10).minus(sumOf(costs)).toString())

  const closed = new Promise<void>((end) => socket.once('close', () => end()))
  const disconnect = await ask(connection, 'Diameter Common Messages', 'Disconnect-Peer', [
    ['Disconnect-Cause', 'REBOOTING'],
  ])
  t.same(valuesAt(disconnect.body, 'Result-Code'), ['DIAMETER_SUCCESS'])
  socket.end()
  await closed
})
