/** What is large and belongs to articles by their slots lies in pages of so many, which are added and never copied. */
export const slotsPerPage: number = 1 << 10

/** The number of the page that a slot lies in. */
export function pageOfSlot(slot: number): number {
  return slot >>> 10
}

/** The place of a slot in its page, from 0. */
export function slotInPage(slot: number): number {
  return slot & (slotsPerPage - 1)
}
