/** Something that gives an article's related articles. */
export interface Ranker {
  readonly name: string
  /** At most `atMost` ids, best first, without repeats and without `id`; empty when nothing is known. */
  rank(id: string, atMost: number): readonly string[]
}
