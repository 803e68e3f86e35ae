import { articleIdPattern } from '../article/article.ts'
import { storyLengthMax } from '../related/story.ts'

/**
 * What the routes take and answer, in JSON Schema: for `/openapi.json` alone. Requests are checked by
 * `request-query.ts` and `manager/publisher.ts`, which give a reason for each thing that is wrong.
 */

type Schema = Readonly<Record<string, unknown>>

const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }
const time = { type: 'string', format: 'date-time' }
const count = { type: 'integer', minimum: 0 }
const id = { type: 'string', pattern: articleIdPattern.source }

function object(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  }
}

const ref = (name: string): Schema => ({ $ref: `${schemaIdPrefix}${name}#` })

/** Before the names of shared schemas, since a site that onward is mounted in may have an `Article` of its own. */
export const schemaIdPrefix = 'Onward'

const relatedState = {
  type: 'string',
  enum: ['fresh', 'stale', 'fallback', 'late', 'unavailable', 'shed'],
  description:
    'fresh: read for this request. stale: an older copy. fallback: the newest of the section stand in. ' +
    'late, unavailable, shed: nothing stands in, since it was too slow, failed, or was not read under overload.',
}

const railBasis = { type: 'string', enum: ['related', 'newest'], description: 'newest: the labelled filler.' }

const railItem = {
  id,
  url: text,
  title: text,
  publishedAt: time,
  section: textOrNull,
  source: textOrNull,
  image: textOrNull,
  reason: { type: 'string', description: 'For readers.', examples: ['Same story: Bahia, cocoa, zone'] },
  score: { type: 'number', minimum: 0, maximum: 1, description: '0 for the labelled filler.' },
  position: { type: 'integer', minimum: 1 },
  pinned: { type: 'boolean', description: 'Chosen by an editor.' },
}

const share = { type: 'number', minimum: 0 }

const scoreParts = {
  ...object({
    score: { ...share, description: '`text` times `time`, before the rules.' },
    text: { ...share, description: 'How alike the texts are; the floor is asked of it.' },
    names: { ...share, description: 'The part of `text` that comes from names.' },
    words: { ...share, description: 'The part that comes from all else.' },
    time: { ...share, description: 'The factor for nearness in time: 1 on the day itself.' },
    daysApart: share,
    isSameSection: { type: 'boolean' },
    sharedTags: { type: 'array', items: text },
    penalties: { type: 'array', items: object({ rule: text, factor: share }) },
    ranked: { ...share, description: '`score` times the factors of the rules: what the rail is ordered by.' },
    terms: { type: 'array', items: object({ term: text, isName: { type: 'boolean' }, part: share }) },
  }),
  type: ['object', 'null'],
  description: 'Only with `explain=1`. Null for the labelled filler, and for what changed a moment ago.',
}

const recordProperties = {
  title: text,
  body: { type: 'string', description: 'Plain text, paragraphs parted by an empty line.' },
  bodyHtml: { type: 'string', description: 'Sanitised before it is stored.' },
  url: { type: 'string', format: 'uri' },
  standfirst: text,
  byline: text,
  section: text,
  tags: { type: 'array', items: text },
  source: text,
  language: { type: 'string', description: 'BCP 47.' },
  image: { type: 'string', format: 'uri' },
  publishedAt: time,
  updatedAt: time,
  embargoedUntil: { type: 'string', format: 'date-time', description: 'Not visible before this time.' },
  evolvedFrom: { type: 'string', description: 'The id of the version that this one replaces.' },
  story: text,
  related: { type: 'array', items: text, description: 'The ids that an editor picked.' },
  labels: { type: 'array', items: text, description: 'What it is about, by whoever classified it; for evaluation.' },
}

const exampleItem = {
  id: '87',
  url: '/articles/87',
  title: 'Cocoa arrivals fall again',
  publishedAt: '2026-11-01T16:05:00.000Z',
  section: 'Markets',
  source: 'Staff',
  image: null,
  reason: 'Same story: Bahia, cocoa, zone',
  score: 0.61,
  position: 1,
  pinned: false,
}

const schemas = {
  Problem: {
    ...object(
      {
        type: text,
        title: text,
        status: { type: 'integer' },
        detail: text,
        instance: text,
        code: { type: 'string', description: 'Names the case; never changes its meaning.' },
        problems: { type: 'array', items: object({ path: text, message: text }) },
        withdrawnAt: time,
        id,
        outcome: text,
        storedThroughLine: {
          ...count,
          description: 'Of a bulk that was stopped: each line up to this one was stored, or rejected; 0 for none.',
        },
      },
      ['problems', 'withdrawnAt', 'id', 'outcome', 'storedThroughLine', 'instance'],
    ),
    description: 'A problem document (RFC 9457).',
    examples: [
      {
        type: 'about:blank',
        title: 'Bad Request',
        status: 400,
        detail: 'The query: limit: must be a whole number from 1 to 20',
        instance: '/v1/articles/1/related',
        code: 'INVALID_REQUEST',
        problems: [{ path: 'limit', message: 'must be a whole number from 1 to 20' }],
      },
    ],
  },
  Article: object(
    {
      id,
      ...recordProperties,
      status: { type: 'string', enum: ['published'] },
      firstSeenAt: time,
    },
    Object.keys(recordProperties).filter(
      (name) => !['title', 'body', 'tags', 'publishedAt', 'updatedAt'].includes(name),
    ),
  ),
  ArticleRecord: {
    ...object({ id, ...recordProperties, status: { type: 'string', enum: ['published', 'draft', 'withdrawn'] } }, [
      'id',
      ...Object.keys(recordProperties),
      'status',
    ]),
    description: 'An article as a publisher sends it. It needs a `title` or a `body`, and in a bulk an `id`.',
    examples: [
      { title: 'Cocoa arrivals fall again', body: 'Arrivals at the port fell for a third week.', section: 'Markets' },
    ],
  },
  ArticleSummary: object({
    id,
    title: text,
    standfirst: text,
    url: textOrNull,
    byline: textOrNull,
    section: textOrNull,
    source: textOrNull,
    language: textOrNull,
    image: textOrNull,
    publishedAt: time,
    updatedAt: time,
  }),
  ArticleList: object({
    articles: { type: 'array', items: ref('ArticleSummary') },
    next: { type: ['string', 'null'], description: 'Send it as `before` for the next page; null on the last.' },
  }),
  RelatedArticle: object({ ...railItem, standfirst: text, language: textOrNull }),
  RelatedInfo: object({
    state: relatedState,
    basis: railBasis,
    version: count,
    generatedAt: { type: ['string', 'null'], format: 'date-time' },
  }),
  ServedArticle: object({
    article: ref('Article'),
    relatedArticles: { type: 'array', items: ref('RelatedArticle') },
    related: ref('RelatedInfo'),
  }),
  Rail: {
    ...object({
      articleId: id,
      state: relatedState,
      basis: railBasis,
      version: { ...count, description: 'The number of the change that it was worked out after.' },
      generatedAt: { type: ['string', 'null'], format: 'date-time' },
      tookMs: { type: 'number', minimum: 0 },
      items: { type: 'array', items: object({ ...railItem, parts: scoreParts }, ['parts']) },
    }),
    examples: [
      {
        articleId: '1',
        state: 'fresh',
        basis: 'related',
        version: 214,
        generatedAt: '2026-11-02T09:30:00.000Z',
        tookMs: 0.8,
        items: [exampleItem],
      },
    ],
  },
  Story: {
    ...object({
      articleId: id,
      version: { ...count, description: 'The number of the change that its related articles were worked out after.' },
      generatedAt: { type: ['string', 'null'], format: 'date-time' },
      articles: {
        type: 'array',
        minItems: 1,
        maxItems: storyLengthMax,
        items: object({
          id,
          url: text,
          title: text,
          standfirst: text,
          publishedAt: time,
          section: textOrNull,
          source: textOrNull,
          image: textOrNull,
          isAsked: { type: 'boolean', description: 'It is the article that was asked about.' },
        }),
      },
    }),
    examples: [
      {
        articleId: '1',
        version: 214,
        generatedAt: '2026-11-02T09:30:00.000Z',
        articles: [
          {
            id: '1',
            url: '/articles/1',
            title: 'Cocoa arrivals fall',
            standfirst: 'Arrivals at the port fell.',
            publishedAt: '2026-11-01T16:05:00.000Z',
            section: 'Markets',
            source: 'Staff',
            image: null,
            isAsked: true,
          },
        ],
      },
    ],
  },
  PublishResult: {
    ...object({
      id,
      outcome: { type: 'string', enum: ['created', 'updated', 'unchanged', 'withdrawn'] },
      url: text,
    }),
    examples: [{ id: '87', outcome: 'created', url: '/articles/87' }],
  },
  WithdrawResult: {
    ...object({
      id,
      outcome: { type: 'string', enum: ['withdrawn', 'already-withdrawn'] },
      withdrawnAt: time,
    }),
    examples: [{ id: '87', outcome: 'withdrawn', withdrawnAt: '2026-11-02T09:30:00.000Z' }],
  },
  BulkResult: {
    ...object({
      lines: count,
      outcomes: object({
        created: count,
        updated: count,
        unchanged: count,
        outdated: count,
        tombstoned: count,
        withdrawn: count,
      }),
      rejected: {
        type: 'array',
        maxItems: 1000,
        items: object({
          line: { type: 'integer', minimum: 1 },
          problems: { type: 'array', items: object({ path: text, message: text }) },
        }),
      },
      rejectedCount: { ...count, description: 'All of them; at most 1,000 are listed.' },
    }),
    examples: [
      {
        lines: 3,
        outcomes: { created: 2, updated: 0, unchanged: 0, outdated: 0, tombstoned: 0, withdrawn: 0 },
        rejected: [{ line: 2, problems: [{ path: 'publishedAt', message: 'must be an ISO 8601 time' }] }],
        rejectedCount: 1,
      },
    ],
  },
  Readiness: {
    ...object({
      ready: { type: 'boolean' },
      checks: { type: 'object', additionalProperties: object({ ok: { type: 'boolean' }, detail: text }) },
    }),
    examples: [{ ready: true, checks: { store: { ok: true, detail: '80 articles' } } }],
  },
} satisfies Record<string, Schema>

export type SchemaName = keyof typeof schemas

/** The shared schemas, each with its `$id`. */
export const sharedSchemas: readonly Schema[] = Object.entries(schemas).map(([name, schema]) => ({
  $id: `${schemaIdPrefix}${name}`,
  ...schema,
}))

export const idParameter = object({ id: { ...id, description: 'The id of an article.' } })
export const sectionParameter = object({ section: { type: 'string', minLength: 1, maxLength: 100 } })

const before = { type: 'string', maxLength: 200, description: 'An ISO 8601 time, or the `next` of the page before.' }

export const pagingParameter = object({ before }, ['before'])

export const listParameters = object(
  {
    section: { type: 'string', minLength: 1, maxLength: 100, description: 'Letter case does not count.' },
    before,
    limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
  },
  ['section', 'before', 'limit'],
)

export function railParameters({ explain }: { readonly explain: boolean }): Schema {
  const properties = {
    limit: { type: 'integer', minimum: 1, maximum: 20, default: 6 },
    exclude: { type: 'string', description: 'Ids that were shown already, parted by commas; at most 100.' },
    ...(explain
      ? {
          explain: {
            type: 'string',
            enum: ['0', '1', 'false', 'true'],
            default: '0',
            description:
              '1: each item says what its score is made of. 503 where the process does not keep the rails: another does, or ' +
              'they are being loaded.',
          },
        }
      : {}),
  }
  return object(properties, Object.keys(properties))
}

export const republishParameter = object(
  { republish: { type: 'boolean', default: false, description: 'Brings back what was taken down.' } },
  ['republish'],
)

export const recordBody = { content: { 'application/json': { schema: ref('ArticleRecord') } } }

export const recordLinesBody = {
  content: {
    'application/x-ndjson': {
      schema: {
        type: 'string',
        description: 'One article record a line.',
        examples: ['{"id":"87","title":"Cocoa arrivals fall again"}\n{"id":"88","title":"Sugar steady"}\n'],
      },
    },
  },
}

/** Answers in JSON, and the errors that the route can give as problem documents. */
export function answers(
  good: Readonly<Record<number, readonly [description: string, schema: SchemaName]>>,
  errors: ReadonlyArray<keyof typeof errorMeanings>,
): Schema {
  const entries = Object.entries(good).map(([status, [description, name]]) => [
    status,
    { description, content: { 'application/json': { schema: ref(name) } } },
  ])
  return { ...Object.fromEntries(entries), ...errorAnswers([...errors, 500], 'application/problem+json') }
}

export function inlineAnswer(status: number, description: string, example: Readonly<Record<string, string>>): Schema {
  const properties = Object.fromEntries(Object.keys(example).map((name) => [name, text]))
  return {
    [status]: {
      description,
      content: { 'application/json': { schema: { ...object(properties), examples: [example] } } },
    },
  }
}

export function htmlAnswers(description: string, errors: ReadonlyArray<keyof typeof errorMeanings>): Schema {
  return {
    200: { description, content: { 'text/html': { schema: text } } },
    ...errorAnswers([...errors, 500], 'text/html'),
  }
}

const errorMeanings = {
  304: 'The reader has it already.',
  400: 'Something in the request is not what the route takes; the reasons are listed.',
  401: 'A token is needed.',
  403: 'The token is another one, or none is set up.',
  404: 'Nothing is published under this address.',
  408: 'The body did not arrive in time.',
  409: 'A newer version is stored.',
  410: 'It was taken down.',
  413: 'The body is too long.',
  415: 'The body is of a type that is not taken.',
  500: 'Something went wrong here.',
  503: 'Not just now; `Retry-After` says when.',
} as const

function errorAnswers(statuses: ReadonlyArray<keyof typeof errorMeanings>, mediaType: string): Schema {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      status === 304
        ? { description: errorMeanings[status], type: 'null' }
        : {
            description: errorMeanings[status],
            content: { [mediaType]: { schema: mediaType === 'text/html' ? text : ref('Problem') } },
            ...(status === 503
              ? { headers: { 'Retry-After': { schema: { type: 'integer', minimum: 1 }, description: 'Seconds.' } } }
              : {}),
          },
    ]),
  )
}
