import { defaultNeighbours } from './neighbours.ts'

/** An article of a rail, as far as the story needs it. */
export interface StoryNeighbour {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly publishedAtMs: number
  /** As it stands in the stored rail: 0 to 1. */
  readonly score: number
}

/** The most articles that a story is told in. */
export const storyLengthMax = 50

/**
 * The other articles of the story that `start` belongs to, oldest first (ties by id).
 *
 * They are those of its rail whose texts are near enough, whatever lies between them in time: a story goes on for weeks, and
 * a rail's score leans on the day. What is in the rails of those joins where the texts are nearer still, since a chain of
 * likenesses leads away from the story with each link; two links are all. Of more than {@link storyLengthMax} the nearest stay.
 *
 * @param neighboursOf the visible articles of a stored rail; asked at most once for each article of the first link
 */
export function storyOf<Neighbour extends StoryNeighbour>(
  start: Omit<StoryNeighbour, 'score'>,
  neighboursOf: (id: string) => readonly Neighbour[],
): Neighbour[] {
  const found = new Map<string, { neighbour: Neighbour; text: number }>()
  const take = (from: Omit<StoryNeighbour, 'score'>, textMin: number) => {
    const taken: Neighbour[] = []
    for (const neighbour of neighboursOf(from.id)) {
      const text = textOf(from, neighbour)
      if (text < textMin || neighbour.id === start.id || found.has(neighbour.id)) continue
      found.set(neighbour.id, { neighbour, text })
      taken.push(neighbour)
    }
    return taken
  }
  for (const neighbour of take(start, firstLink)) take(neighbour, secondLink)
  return [...found.values()]
    .sort((one, two) => two.text - one.text || (one.neighbour.id < two.neighbour.id ? -1 : 1))
    .slice(0, storyLengthMax - 1)
    .map(({ neighbour }) => neighbour)
    .sort((one, two) => one.publishedAtMs - two.publishedAtMs || (one.id < two.id ? -1 : 1))
}

/**
 * The likeness of the texts from which an article is said to tell the same story, and that of an article which is found by
 * way of another. Read off the sample newsroom, whose stories are known; a test holds the two to what they find there.
 */
const firstLink = 0.18
const secondLink = 0.35

/** What is left of a score without the nearness in time. */
function textOf(one: Omit<StoryNeighbour, 'score'>, two: StoryNeighbour): number {
  const { timeWeight, timeDays } = defaultNeighbours
  const days = Math.abs(one.publishedAtMs - two.publishedAtMs) / 86_400_000
  return (two.score * (1 + timeWeight)) / (1 + timeWeight * Math.exp(-days / timeDays))
}
