import { parentPort, workerData } from 'node:worker_threads'
import { CdrTable } from './cdr-table.ts'
import type { TableCall, TableReply } from './sqlite-cdr-store.ts'

/** The thread of a CDR table: one call after the other, each with one reply. */
const table = new CdrTable(String(workerData))
const reply = (message: TableReply) => parentPort?.postMessage(message)

parentPort?.on('message', (call: TableCall) => {
  try {
    switch (call.operation) {
      case 'open':
        reply({ number: call.number, found: [] })
        break
      case 'write':
        table.write(call.rows)
        reply({ number: call.number, found: [] })
        break
      case 'find':
        reply({ number: call.number, found: table.find(call.query) })
        break
      case 'remove':
        reply({ number: call.number, found: [], count: table.remove(call.query) })
        break
      case 'fold':
        table.fold()
        reply({ number: call.number, found: [] })
        break
      case 'close':
        table.close()
        reply({ number: call.number, found: [] })
        parentPort?.close()
    }
  } catch (cause) {
    reply({ number: call.number, error: cause instanceof Error ? cause.message : String(cause) })
  }
})
