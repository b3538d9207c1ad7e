import { parentPort, workerData } from 'node:worker_threads'
import type { PlanTable } from '../plan-store.ts'
import { PlanDatabase } from './plan-database.ts'
import type { PlanCall, PlanReply } from './sqlite-plan-store.ts'

const { path, tables } = workerData as { path: string; tables: readonly PlanTable[] }
const database = new PlanDatabase(path, tables)
const reply = (message: PlanReply) => parentPort?.postMessage(message)

/** The thread of the tables of tariff plans: one call after the other, each with one reply. */
parentPort?.on('message', (call: PlanCall) => {
  try {
    reply({ number: call.number, result: resultOf(call) })
    if (call.operation === 'close') parentPort?.close()
  } catch (cause) {
    reply({ number: call.number, error: cause instanceof Error ? cause.message : String(cause) })
  }
})

function resultOf(call: PlanCall): unknown {
  switch (call.operation) {
    case 'planIds':
      return database.planIds()
    case 'objectIds':
      return database.objectIds(call.planId, call.query)
    case 'rows':
      return database.rows(call.planId, call.table, call.where)
    case 'plan':
      return database.plan(call.planId)
    case 'change':
      return database.change(call.planId, call.changes, call.isCleared)
    case 'close':
      return database.close()
  }
}
