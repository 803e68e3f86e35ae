import { randomBytes } from 'node:crypto'
import { systemClock } from '../../concurrency/clock.ts'
import { withDeadline } from '../../concurrency/deadline.ts'
import { InvalidOptionError, StoreUnavailableError } from '../../errors.ts'
import type { Ask, DatabaseServer, ServerPool } from './database-server.ts'
import { databaseServer } from './open-server.ts'

/**
 * A database of the report's own on somebody's server, made empty and dropped on dispose with whatever still runs in it. Every other
 * database of the server is left alone.
 */
export class ScratchDatabase implements AsyncDisposable {
  /** Names the scratch database. */
  readonly url: string
  /** Such as `PostgreSQL 15.14`. */
  readonly version: string
  readonly server: DatabaseServer
  readonly #name: string
  readonly #owner: { readonly server: DatabaseServer; readonly pool: ServerPool }
  readonly #pool: ServerPool

  private constructor(made: {
    readonly name: string
    readonly version: string
    readonly owner: { readonly server: DatabaseServer; readonly pool: ServerPool }
    readonly server: DatabaseServer
  }) {
    this.#name = made.name
    this.#owner = made.owner
    this.url = made.owner.server.urlOf(made.name)
    this.version = made.version
    this.server = made.server
    this.#pool = made.server.openPool(1)
  }

  /**
   * @param url names the server, and a database of it that the role may connect to
   * @throws InvalidOptionError when the role may not create a database; it says what to grant
   */
  static async create(url: string): Promise<ScratchDatabase> {
    const owner = await databaseServer(url)
    const name = `onward_report_${randomBytes(6).toString('hex')}`
    const server = await databaseServer(owner.urlOf(name))
    await using opening = new AsyncDisposableStack()
    const pool = opening.use(owner.openPool(1))
    try {
      const version = await withDeadline(() => pool.use(async (ask) => await made(owner, name, ask)), {
        clock: systemClock,
        budgetMs: createWithinMs,
        what: 'Making a database for the report',
      })
      opening.move()
      return new ScratchDatabase({ name, version, owner: { server: owner, pool }, server })
    } catch (error) {
      throw owner.inWords(error)
    }
  }

  /** One connection to it, for as long as `work` takes. @throws the reason of `signal`, at once; what runs is ended by the dispose */
  async use<T>(signal: AbortSignal, work: (ask: Ask) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(() => this.#pool.use(work), {
        clock: systemClock,
        // As long as it takes: a large archive is indexed for minutes.
        budgetMs: Infinity,
        what: 'Preparing the database of the report',
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw this.server.inWords(error)
    }
  }

  /** Ends what others still do in it, such as the queries that the last site left behind. */
  async endOthers(ask: Ask): Promise<void> {
    await this.server.scratch.endOthers(ask, this.#name)
  }

  /** @throws StoreUnavailableError when it could not be dropped; it says what is left to do */
  async [Symbol.asyncDispose](): Promise<void> {
    const { server, pool } = this.#owner
    try {
      await withDeadline(() => pool.use((ask) => server.scratch.drop(ask, this.#name)), {
        clock: systemClock,
        budgetMs: dropWithinMs,
        what: 'Dropping the database of the report',
      })
    } catch (error) {
      throw new StoreUnavailableError(
        `The report's own database ${this.#name} could not be dropped. Drop it: DROP DATABASE ${this.#name}; (${error instanceof Error ? error.message : error})`,
        { cause: error },
      )
    } finally {
      await this.#pool[Symbol.asyncDispose]()
      await pool[Symbol.asyncDispose]()
    }
  }
}

async function made(server: DatabaseServer, name: string, ask: Ask): Promise<string> {
  const version = await server.scratch.version(ask)
  try {
    await server.scratch.create(ask, name)
  } catch (error) {
    const grant = await server.scratch.grantFor(error, ask)
    if (grant === null) throw error
    throw new InvalidOptionError(
      `The report measures in a database of its own, which it makes and drops again, and on this server the role may not create one. Grant it: ${grant} Or name a role that may in the URL.`,
    )
  }
  return version
}

const createWithinMs = 30_000
const dropWithinMs = 30_000
