/** What is shown for a password or a key. Given back in a change, it keeps the value. */
export const MASK = '***'
