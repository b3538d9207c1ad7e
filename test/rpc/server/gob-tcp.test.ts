import t, { type Test } from 'tap'
import type { Method } from '../../../src/rpc/method.ts'
import { talk } from '../../support/raw-socket.ts'
import { PROBES, rpcListeners, type ServerChanges } from '../../support/rpc-server.ts'

async function openServer(t: Test, methods: readonly Method[], changes: ServerChanges = {}) {
  const listeners = rpcListeners(methods, { rpc_gob: '127.0.0.1:0' }, changes)
  await listeners.open()
  t.teardown(() => listeners.close())
  return listeners.address('rpc_gob')
}

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex')
}

/** 01 ex. 15, each line one message; C client, S server. */
const EXAMPLE_15 = `
C 2e 7f03010107 52657175657374 01ff8000010201 0d 536572766963654d6574686f64 010c000103 536571 0106000000
C 11 ff80 01 0c 436f72655376312e50696e67 00
C 1c ff81030101 03 4d696e 01ff8200010101 06 54656e616e74 010c000000
C 06 ff82 01 01 78 00
S 27 7f03010108 526573706f6e7365 01ff8000010201 03 536571 0106000105 4572726f72 010c000000
S 03 ff80 00
S 07 0c 00 04 506f6e67
C 13 ff80 01 0c 436f72655376312e50696e67 01 01 00
C 06 ff82 01 01 78 00
S 05 ff80 01 01 00
S 07 0c 00 04 506f6e67
C 13 ff80 01 0c 436f72655376312e4e6f7065 01 02 00
C 06 ff82 01 01 78 00
S 2a ff80 01 02 01 23 7270633a2063616e27742066696e64206d6574686f6420436f72655376312e4e6f7065 00
S 0a ff81 03 01 02 ff82 00 00 00
S 03 ff82 00`

function messages(side: 'C' | 'S'): Buffer[] {
  return EXAMPLE_15.split('\n')
    .filter((line) => line.startsWith(side))
    .map((line) => hex(line.slice(2)))
}

t.test('01 ex. 15: Ping, Ping and a method that there is not, octet by octet', async (t) => {
  const expected = Buffer.concat(messages('S')).toString('latin1')
  for (const { name, pieces } of [
    { name: 'message by message', pieces: messages('C') },
    { name: 'all at once', pieces: [Buffer.concat(messages('C'))] },
    { name: 'each octet by itself', pieces: [...Buffer.concat(messages('C'))].map((octet) => Buffer.from([octet])) },
  ]) {
    const address = await openServer(t, PROBES)
    t.equal(await talk(address, pieces, { ends: true }), expected, name)
  }
})
