import { goText } from './go-text.ts'

/** Levels of arrays and objects in each other above which Go's decoder gives up. */
const MAX_DEPTH = 10_000
/** Requests of one batch. */
const MAX_BATCH = 1_000

/** One JSON value of a stream, taken apart as far as RPC needs it. */
export type RpcMessage = {
  /** other: a value that is no message, such as a number, or an object whose method is no text. */
  readonly kind: 'object' | 'array' | 'null' | 'other'
  /** '' when there is none. */
  readonly method: string
  /** JSON texts as they came; undefined when the key is absent. Of repeated keys the last one. */
  readonly id: string | undefined
  readonly params: string | undefined
  readonly result: string | undefined
  readonly error: string | undefined
  readonly jsonrpc: string | undefined
  /** What an array holds; empty for what is none, or has too many. */
  readonly elements: readonly RpcMessage[]
}

const KEYS = ['id', 'method', 'params', 'result', 'error', 'jsonrpc'] as const
const [ID, METHOD, PARAMS, RESULT, ERROR, JSONRPC] = [0, 1, 2, 3, 4, 5] as const
const NO_MEMBER = -1

// What the next octet may be.
const VALUE = 0
const FIRST_ELEMENT = 1
const FIRST_KEY = 2
const KEY = 3
const COLON = 4
const AFTER_VALUE = 5
const STRING = 6
const ESCAPE = 7
const HEX = 8
const LITERAL = 9
const MINUS = 10
const ZERO = 11
const DIGITS = 12
const POINT = 13
const FRACTION = 14
const EXPONENT = 15
const EXPONENT_SIGN = 16
const EXPONENT_DIGITS = 17
/** A scalar on the outermost level is whole when something follows it. */
const AFTER_SCALAR = 18
/** Nothing may be there: a fault. */
const NOTHING = 19

const EMPTY = Buffer.alloc(0)
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c

/** Why a stream cannot be read any further. */
export type ScanFault = 'syntax' | 'overlong'

/**
 * Cuts the messages out of a stream of JSON values, however it is split, in one pass over the octets that also checks the
 * grammar (RFC 8259, as strictly as Go does): a peer that sends something else is told at the first wrong octet.
 */
export class MessageScanner {
  readonly #maxOctets: number
  #bytes: Buffer = EMPTY
  /** Octets of #bytes that are filled; where the value begins; what is read. */
  #end = 0
  #start = 0
  #at = 0
  /** #bytes is of this scanner and has room at its end. */
  #isOwn = false
  #state = VALUE
  #fault: ScanFault | undefined
  /** The brackets that are open. */
  readonly #open: number[] = []
  #literal = 0
  #literalAt = 0
  #hexLeft = 0
  #isKey = false
  #isKeyEscaped = false
  /** All octets of the value or-ed together: below 0x80 all are ASCII. */
  #octets = 0
  /** The member of the outermost object that is read, the begin of its value or key, and what is found so far: begin and end. */
  #member: number = NO_MEMBER
  #begin = 0
  readonly #from: number[] = KEYS.map(() => -1)
  readonly #to: number[] = KEYS.map(() => -1)
  #hasMethodOfOtherKind = false
  #elements: number[] = []

  /** maxOctets: length of one value above which the stream counts as overlong. */
  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets
  }

  get fault(): ScanFault | undefined {
    return this.#fault
  }

  /** A value has begun and is not whole yet. */
  get isWithinValue(): boolean {
    return this.#state !== VALUE || this.#open.length > 0
  }

  /** Adds what was received. The octets are not to be changed afterwards. */
  push(chunk: Buffer): void {
    const held = this.#end - this.#start
    if (held === 0) {
      this.#bytes = chunk
      this.#shift(this.#start)
      this.#end = chunk.length
      this.#isOwn = false
      return
    }
    const needed = held + chunk.length
    if (!this.#isOwn || this.#end + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(1_024, needed * 2))
      this.#bytes.copy(grown, 0, this.#start, this.#end)
      this.#bytes = grown
      this.#shift(this.#start)
      this.#end = held
      this.#isOwn = true
    }
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /** The next whole message; undefined: more is needed, or `fault` says why there is none. */
  next(): RpcMessage | undefined {
    if (this.#fault !== undefined) return undefined
    if (this.#state === VALUE && this.#open.length === 0) this.#skipBlanks()
    this.#scan()
    if (this.#fault !== undefined) return undefined
    if (this.#isWhole()) return this.#take()
    if (!this.isWithinValue) this.#release()
    else if (this.#end - this.#start > this.#maxOctets) this.#fault = 'overlong'
    return undefined
  }

  /** The input has ended: gives the bare scalar that stands at its end. */
  end(): RpcMessage | undefined {
    if (this.#fault !== undefined) return undefined
    if (this.#open.length === 0 && isWholeNumber(this.#state)) this.#state = AFTER_SCALAR
    return this.#state === AFTER_SCALAR ? this.#take() : undefined
  }

  #skipBlanks(): void {
    while (this.#at < this.#end && isBlank(this.#bytes[this.#at] as number)) this.#at++
    this.#start = this.#at
  }

  /** The outermost value has ended: a scalar, when something follows it. */
  #isWhole(): boolean {
    return (
      this.#open.length === 0 && (this.#state === AFTER_VALUE || (this.#state === AFTER_SCALAR && this.#at < this.#end))
    )
  }

  /** Reads up to the end of the outermost value, of the input, or to a fault. One pass with everything in locals: this is hot. */
  #scan(): void {
    const bytes = this.#bytes
    const end = this.#end
    const open = this.#open
    let state = this.#state
    let at = this.#at
    let octets = this.#octets
    let isFault = false
    while (at < end && !isFault) {
      const octet = bytes[at] as number
      switch (state) {
        case STRING: {
          let each = octet
          while (each !== QUOTE && each !== BACKSLASH && each >= 0x20) {
            octets |= each
            if (++at === end) break
            each = bytes[at] as number
          }
          if (at === end) break
          at++
          if (each === BACKSLASH) {
            this.#isKeyEscaped = true
            state = ESCAPE
          } else if (each !== QUOTE) isFault = true
          else if (this.#isKey) {
            if (open.length === 1) this.#member = this.#memberOf(this.#begin, at)
            state = COLON
          } else state = this.#endValue(at)
          break
        }
        case COLON:
          at++
          if (octet === 0x3a) state = VALUE
          else if (!isBlank(octet)) isFault = true
          break
        case FIRST_ELEMENT:
        case VALUE:
          if (isBlank(octet)) {
            at++
            break
          }
          if (octet === CLOSE_ARRAY && state === FIRST_ELEMENT) {
            open.pop()
            state = this.#endValue(++at)
            break
          }
          if (open.length <= 1) this.#begin = at
          at++
          if (octet === QUOTE) {
            this.#isKey = false
            state = STRING
          } else if (octet === OPEN_OBJECT || octet === OPEN_ARRAY) {
            isFault = open.push(octet) > MAX_DEPTH
            state = octet === OPEN_OBJECT ? FIRST_KEY : FIRST_ELEMENT
          } else {
            state = beginScalar(octet)
            isFault = state === NOTHING
            this.#literal = octet
            this.#literalAt = 1
          }
          break
        case FIRST_KEY:
        case KEY:
          if (octet === QUOTE) {
            if (open.length === 1) this.#begin = at
            this.#isKey = true
            this.#isKeyEscaped = false
            state = STRING
          } else if (octet === CLOSE_OBJECT && state === FIRST_KEY) {
            open.pop()
            state = this.#endValue(at + 1)
          } else if (!isBlank(octet)) isFault = true
          at++
          break
        case AFTER_VALUE: {
          if (open.length === 0) {
            at = this.#store(at, state, octets)
            return
          }
          at++
          const opener = open[open.length - 1]
          if (octet === COMMA) state = opener === OPEN_OBJECT ? KEY : VALUE
          else if (octet === CLOSE_OBJECT || octet === CLOSE_ARRAY) {
            isFault = opener !== octet - 2
            open.pop()
            state = this.#endValue(at)
          } else if (!isBlank(octet)) isFault = true
          break
        }
        case AFTER_SCALAR:
          this.#store(at, state, octets)
          return
        case ESCAPE:
          at++
          if (octet === 0x75) this.#hexLeft = 4
          else if (!isEscaped(octet)) isFault = true
          state = octet === 0x75 ? HEX : STRING
          break
        case HEX:
          at++
          if (!isHex(octet)) isFault = true
          if (--this.#hexLeft === 0) state = STRING
          break
        case LITERAL: {
          at++
          const literal = literalOf(this.#literal)
          if (octet !== literal.charCodeAt(this.#literalAt)) isFault = true
          else if (++this.#literalAt === literal.length) state = this.#endValue(at)
          break
        }
        default: {
          const next = numberStep(state, octet)
          if (next === AFTER_VALUE) state = this.#endValue(at)
          else {
            at++
            state = next
            isFault = next === NOTHING
          }
        }
      }
    }
    this.#store(at, state, octets)
    if (isFault) this.#fault = 'syntax'
  }

  #store(at: number, state: number, octets: number): number {
    this.#at = at
    this.#state = state
    this.#octets = octets
    return at
  }

  /** A value ends before `end`. Gives the state after it. */
  #endValue(end: number): number {
    const depth = this.#open.length
    if (depth === 0) {
      const first = this.#bytes[this.#start]
      return first === OPEN_OBJECT || first === OPEN_ARRAY ? AFTER_VALUE : AFTER_SCALAR
    }
    if (depth === 1) {
      if (this.#open[0] === OPEN_ARRAY) this.#keepElement(end)
      else if (this.#member !== NO_MEMBER) this.#keepMember(end)
    }
    return AFTER_VALUE
  }

  #keepMember(end: number): void {
    const member = this.#member
    this.#member = NO_MEMBER
    if (member === METHOD) {
      const first = this.#bytes[this.#begin]
      // null leaves what an earlier key of this name gave.
      if (first === 0x6e) return
      if (first !== QUOTE) this.#hasMethodOfOtherKind = true
    }
    this.#from[member] = this.#begin
    this.#to[member] = end
  }

  #keepElement(end: number): void {
    if (this.#elements.length < 2 * MAX_BATCH + 2) this.#elements.push(this.#begin, end)
  }

  /** Which member a key names, in any letter case. */
  #memberOf(begin: number, end: number): number {
    const length = end - begin - 2
    const bytes = this.#bytes
    if (this.#isKeyEscaped) {
      const key = (JSON.parse(goText(bytes.subarray(begin, end))) as string).toLowerCase()
      return KEYS.indexOf(key as (typeof KEYS)[number])
    }
    const member = memberByLetter((bytes[begin + 1] as number) | 0x20)
    const key = KEYS[member]
    if (key === undefined || key.length !== length) return NO_MEMBER
    for (let at = 1; at < length; at++)
      if (((bytes[begin + 1 + at] as number) | 0x20) !== key.charCodeAt(at)) return NO_MEMBER
    return member
  }

  /** The value that is whole now; the next one begins. */
  #take(): RpcMessage | undefined {
    if (this.#at - this.#start > this.#maxOctets) {
      this.#fault = 'overlong'
      return undefined
    }
    const message = this.#message()
    this.#start = this.#at
    this.#state = VALUE
    this.#octets = 0
    this.#hasMethodOfOtherKind = false
    this.#member = NO_MEMBER
    for (let member = 0; member < KEYS.length; member++) this.#from[member] = -1
    if (this.#elements.length > 0) this.#elements = []
    return message
  }

  #message(): RpcMessage {
    const first = this.#bytes[this.#start]
    if (first === OPEN_OBJECT && !this.#hasMethodOfOtherKind) {
      // All members are cut out of one text: the octets are made text once.
      const text = this.#octets < 0x80 ? this.#bytes.toString('latin1', this.#start, this.#at) : undefined
      return {
        kind: 'object',
        method: this.#methodName(text),
        id: this.#memberText(text, ID),
        params: this.#memberText(text, PARAMS),
        result: this.#memberText(text, RESULT),
        error: this.#memberText(text, ERROR),
        jsonrpc: this.#memberText(text, JSONRPC),
        elements: NO_ELEMENTS,
      }
    }
    if (first === OPEN_ARRAY) return { ...EMPTY_MESSAGE, kind: 'array', elements: this.#batch() }
    return { ...EMPTY_MESSAGE, kind: first === 0x6e ? 'null' : 'other' }
  }

  #batch(): RpcMessage[] {
    const elements: RpcMessage[] = []
    if (this.#elements.length > 2 * MAX_BATCH) return elements
    for (let each = 0; each < this.#elements.length; each += 2) {
      const bytes = this.#bytes.subarray(this.#elements[each], this.#elements[each + 1])
      const scanner = new MessageScanner(this.#maxOctets)
      if (bytes[0] === OPEN_OBJECT) scanner.push(bytes)
      elements.push(scanner.next() ?? { ...EMPTY_MESSAGE, kind: 'other' })
    }
    return elements
  }

  #methodName(text: string | undefined): string {
    const quoted = this.#memberText(text, METHOD)
    if (quoted === undefined) return ''
    return quoted.includes('\\') ? (JSON.parse(quoted) as string).toWellFormed() : quoted.slice(1, -1)
  }

  /** text: the whole message, when it is ASCII. */
  #memberText(text: string | undefined, member: number): string | undefined {
    const from = this.#from[member] as number
    if (from < 0) return undefined
    const to = this.#to[member] as number
    return text === undefined
      ? goText(this.#bytes.subarray(from, to))
      : text.slice(from - this.#start, to - this.#start)
  }

  /** Offsets count from `by` on, where #bytes begins now. */
  #shift(by: number): void {
    this.#at -= by
    this.#begin -= by
    this.#start = 0
    for (let member = 0; member < KEYS.length; member++) {
      if ((this.#from[member] ?? -1) < 0) continue
      this.#from[member] = (this.#from[member] ?? 0) - by
      this.#to[member] = (this.#to[member] ?? 0) - by
    }
    for (let each = 0; each < this.#elements.length; each++) this.#elements[each] = (this.#elements[each] ?? 0) - by
  }

  /** Everything is read: the memory is given back. */
  #release(): void {
    this.#bytes = EMPTY
    this.#end = 0
    this.#start = 0
    this.#at = 0
    this.#isOwn = false
  }
}

/** The one member whose key begins with a letter. */
function memberByLetter(letter: number): number {
  switch (letter) {
    case 0x69:
      return ID
    case 0x6d:
      return METHOD
    case 0x70:
      return PARAMS
    case 0x72:
      return RESULT
    case 0x65:
      return ERROR
    case 0x6a:
      return JSONRPC
    default:
      return NO_MEMBER
  }
}

const NO_ELEMENTS: readonly RpcMessage[] = []

const EMPTY_MESSAGE = {
  method: '',
  id: undefined,
  params: undefined,
  result: undefined,
  error: undefined,
  jsonrpc: undefined,
  elements: NO_ELEMENTS,
} as const

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39
}

function isHex(octet: number): boolean {
  return isDigit(octet) || ((octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x66)
}

/** What may follow a backslash, apart from u. */
function isEscaped(octet: number): boolean {
  return '"\\/bfnrt'.includes(String.fromCharCode(octet))
}

/** The state after the first octet of a literal or a number. */
function beginScalar(octet: number): number {
  if (octet === 0x2d) return MINUS
  if (octet === 0x30) return ZERO
  if (isDigit(octet)) return DIGITS
  return octet === 0x74 || octet === 0x66 || octet === 0x6e ? LITERAL : NOTHING
}

/** The literal that begins with an octet. */
function literalOf(first: number): string {
  return first === 0x74 ? 'true' : first === 0x66 ? 'false' : 'null'
}

/** The state after an octet of a number; AFTER_VALUE: it does not belong to the number. */
function numberStep(state: number, octet: number): number {
  const digit = isDigit(octet)
  switch (state) {
    case MINUS:
      return octet === 0x30 ? ZERO : digit ? DIGITS : NOTHING
    case POINT:
      return digit ? FRACTION : NOTHING
    case EXPONENT:
      if (octet === 0x2b || octet === 0x2d) return EXPONENT_SIGN
      return digit ? EXPONENT_DIGITS : NOTHING
    case EXPONENT_SIGN:
      return digit ? EXPONENT_DIGITS : NOTHING
  }
  if (digit && state !== ZERO) return state
  if (octet === 0x2e && (state === ZERO || state === DIGITS)) return POINT
  return (octet === 0x65 || octet === 0x45) && state !== EXPONENT_DIGITS ? EXPONENT : AFTER_VALUE
}

function isWholeNumber(state: number): boolean {
  return state === ZERO || state === DIGITS || state === FRACTION || state === EXPONENT_DIGITS
}
