import { describeMachine } from '../../src/report/machine.ts'

/** The machine that a figure was measured on, for the line beside it. */
export function machine(): string {
  return describeMachine().line
}
