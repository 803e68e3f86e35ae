import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { RetryBudget } from '../concurrency/retry-budget.ts'
