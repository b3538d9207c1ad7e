/** A place in the line before a name. turn: resolves when it is this one's. leave: the next one's turn. */
export type Turn = { turn: Promise<void>; leave: () => void }

type Ticket = { isServed: boolean; serve: () => void; timer: NodeJS.Timeout }

/** Turns by name: those who come first are served first. Who has waited long enough goes on all the same. */
export class Turns {
  readonly #lines = new Map<string, Ticket[]>()

  /** longestMs: how long it waits at most. Whoever enters leaves, in whatever state. */
  enter(name: string, longestMs: number): Turn {
    const line = this.#lines.get(name) ?? []
    this.#lines.set(name, line)
    const { promise: turn, resolve } = Promise.withResolvers<void>()
    const ticket: Ticket = {
      isServed: false,
      timer: setTimeout(resolve, longestMs),
      serve() {
        clearTimeout(ticket.timer)
        ticket.isServed = true
        resolve()
      },
    }
    line.push(ticket)
    if (line[0] === ticket) ticket.serve()
    return { turn, leave: () => this.#leave(name, line, ticket) }
  }

  #leave(name: string, line: Ticket[], ticket: Ticket): void {
    clearTimeout(ticket.timer)
    line.splice(line.indexOf(ticket), 1)
    if (!ticket.isServed) return
    const next = line[0]
    if (next === undefined) this.#lines.delete(name)
    else next.serve()
  }
}
