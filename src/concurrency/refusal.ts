/**
 * Makes an error without a stack: for refusals, which are made thousands of times a second just when there is no time
 * to spare, and always in the same place.
 *
 * Measured: 19 µs with a stack and 3 µs without, on a busy 2-core machine.
 */
export function refusal<Refusal extends Error>(make: () => Refusal): Refusal {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
