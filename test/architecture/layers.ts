/** A part of `src/` and what it may know of. */
export interface Layer {
  readonly name: string
  /** Files, and folders (which end in `/`), below `src/`. Where two layers fit a file the longer entry counts. */
  readonly files: readonly string[]
  /** The layers that it may import; always its own too. `types of x` allows `import type` alone. */
  readonly mayImport: readonly string[]
  /** npm packages that it may import. Node's own modules are free, except in a pure layer. */
  readonly packages?: readonly string[]
  /** From values to values: no process, console, clock, timer or chance, and of Node's modules only those that compute. */
  readonly isPure?: true
}

/**
 * Who may import whom, the bottom first: imports go up this list only.
 *
 * Peers do not know each other; they meet in a contract (`store/store.ts`, `manager/manager.ts`, `manager/publisher.ts`).
 */
// biome-ignore format: a table is read by its columns
export const layers: readonly Layer[] = [
  { name: 'errors',        files: ['errors.ts'],      mayImport: [], isPure: true },
  { name: 'events',        files: ['events.ts'],      mayImport: ['errors'] },
  { name: 'article',       files: ['article/'],       mayImport: ['errors'], packages: ['zod'], isPure: true },

  { name: 'concurrency',   files: ['concurrency/'],   mayImport: ['errors', 'events'] },
  { name: 'related',       files: ['related/'],       mayImport: ['article', 'errors', 'events'],
                                                      packages: ['@orama/stemmers', '@orama/stopwords'], isPure: true },
  { name: 'index thread',  files: ['related/index-thread.ts', 'related/index-client.ts', 'related/snapshot-file.ts'],
                                                      mayImport: ['related', 'concurrency', 'article', 'errors', 'events'] },

  // A database server that may hold a store, or a content system's own articles.
  { name: 'database',      files: ['database/'],      mayImport: ['concurrency', 'errors'], packages: ['mysql2', 'pg'] },

  // Text to measure on: knows of nothing that it is measured with.
  { name: 'generate',      files: ['generate/'],      mayImport: [], isPure: true },
  { name: 'evaluate',      files: ['evaluate/'],      mayImport: ['related'], packages: ['ghtml'], isPure: true },

  { name: 'store contract', files: ['store/store.ts'], mayImport: ['types of article', 'types of related'], isPure: true },
  { name: 'options',       files: ['options.ts'],     mayImport: ['errors'], packages: ['zod'] },
  { name: 'cache',         files: ['cache/'],         mayImport: ['concurrency', 'errors', 'events'], isPure: true },
  { name: 'redis cache',   files: ['cache/redis-cache.ts'],
                                                      mayImport: ['cache', 'concurrency', 'errors', 'events'], packages: ['ioredis'] },
  { name: 'manager',       files: ['manager/'],       mayImport: ['cache', 'store contract', 'related', 'concurrency', 'article', 'errors', 'events'], isPure: true },

  // Peers.
  { name: 'store',         files: ['store/'],         mayImport: ['store contract', 'database', 'related', 'concurrency', 'article', 'errors', 'events'], packages: ['mysql2', 'pg'] },
  { name: 'ingest',        files: ['ingest/'],        mayImport: ['types of manager', 'store contract', 'database', 'concurrency', 'article', 'errors', 'events'],
                                                      packages: ['eld', 'feedsmith', 'htmlparser2', 'sanitize-html', 'undici', 'zod'] },
  { name: 'doctor',        files: ['doctor/'],        mayImport: ['store', 'redis cache', 'database', 'concurrency', 'errors'], packages: ['ioredis'] },
  { name: 'indexer',       files: ['indexer/'],       mayImport: ['index thread', 'store contract', 'related', 'concurrency', 'article', 'errors', 'events'] },
  { name: 'pages',         files: ['http/pages/'],    mayImport: ['types of manager', 'types of store contract', 'related', 'article'],
                                                      packages: ['ghtml'], isPure: true },
  { name: 'http',          files: ['http/'],          mayImport: ['pages', 'cache', 'types of manager', 'store contract', 'related', 'concurrency', 'article', 'errors', 'events'],
                                                      packages: ['fastify', '@fastify/swagger', 'ghtml', 'zod'] },
  { name: 'observability', files: ['observability/'], mayImport: ['concurrency', 'errors', 'events'],
                                                      packages: ['pino', '@prometheus-io/client', '@opentelemetry/api'] },

  // What builds the parts, and what is built from them.
  { name: 'app',           files: ['app.ts'],         mayImport: ['options', 'manager', 'store', 'store contract', 'cache', 'redis cache', 'ingest', 'indexer', 'observability',
                                                                  'index thread', 'related', 'concurrency', 'article', 'errors', 'events'] },
  { name: 'service',       files: ['service.ts', 'readiness.ts'],
                                                       mayImport: ['app', 'options', 'http', 'observability', 'manager', 'store contract', 'concurrency', 'errors', 'events'] },
  { name: 'library',       files: ['article-manager.ts', 'index.ts'],
                                                      mayImport: ['app', 'options', 'manager', 'store contract', 'related', 'article', 'errors'] },
  { name: 'report contract', files: ['report/report.ts'], mayImport: [], isPure: true },
  { name: 'report pages',  files: ['report/render/'], mayImport: ['report contract'], packages: ['d3-scale', 'd3-shape', 'ghtml'], isPure: true },
  { name: 'report',        files: ['report/'],        mayImport: ['report pages', 'report contract', 'generate', 'pages', 'service', 'app', 'library', 'options', 'manager', 'store',
                                                                  'store contract', 'database', 'cache', 'ingest', 'indexer', 'index thread', 'related', 'concurrency', 'article', 'errors', 'events'],
                                                      packages: ['mysql2', 'pg', 'undici'] },
  { name: 'cli',           files: ['cli/'],           mayImport: ['evaluate', 'database', 'doctor', 'report', 'report pages', 'report contract', 'generate', 'service', 'app', 'library', 'options', 'manager', 'store', 'store contract', 'ingest', 'indexer',
                                                                  'index thread', 'related', 'concurrency', 'article', 'errors', 'events'],
                                                      packages: ['commander', 'cli-progress'] },
]

/** Files that may export what other files define, each for a reason. */
export const mayReExport: Readonly<Record<string, string>> = {
  'index.ts': "the library's public surface",
  'http/node-handler.ts': 'the public surface of `onward/handler`',
  'http/fastify-plugin.ts': 'the public surface of `onward/fastify`',
  'http/pages/page.ts': 'what http may call of the pages, whose other files are their own business',
}

/** Node's modules that compute and touch nothing outside. */
export const pureBuiltins: readonly string[] = ['node:assert', 'node:buffer', 'node:crypto', 'node:url', 'node:util']
