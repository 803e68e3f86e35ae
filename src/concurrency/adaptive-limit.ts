/**
 * How many calls may run at a time, learnt from how long they take: Gradient2, as values and one function.
 *
 * Calls are looked at in windows of at least `windowMs` and `windowCallsMin` calls. With `recent` the mean duration of
 * the window and `baseline` what a call takes when nothing is in its way:
 *
 *     gradient = tolerance × baseline / recent, at least 0.5 and at most 1
 *     target   = limit × gradient + (gradient = 1 ? √limit : 0)
 *     limit    = limit × (1 − smoothing) + target × smoothing, within limitMin and limitMax
 *
 * A limit that is less than half used does not grow: nothing has been learnt about more.
 *
 * Source: Netflix concurrency-limits, `Gradient2Limit`
 * (https://github.com/Netflix/concurrency-limits, https://netflixtechblog.medium.com/performance-under-load-3e6fa9a60581).
 * It is known to drift up under lasting overload until there is no limit any more (reported there more than once),
 * for two reasons, which are done otherwise here:
 * - The headroom √limit is added only while nothing queues. Added always, as there, it makes up for a gradient of 0.8.
 * - The baseline is a mean of all calls there, so that an overload becomes the new normal. Here it rises only by windows
 *   in which nobody had to wait for a permit, or in which the limit is at its least: what a call takes then is what it
 *   takes. It falls by any window, and faster than it rises.
 */
export interface AdaptiveLimit {
  /** With a fraction: {@link wholeLimit} is what may run. */
  readonly limit: number
  /** Milliseconds; null until the first window is complete. */
  readonly baselineMs: number | null
  readonly windowsSeen: number
  readonly window: CallWindow
}

export interface AdaptiveLimitSettings {
  readonly limitFirst: number
  readonly limitMin: number
  readonly limitMax: number
  /** How many times its baseline a call may take before the limit shrinks. */
  readonly tolerance: number
  /** 0 to 1: how much of the way to its target the limit goes in one window. */
  readonly smoothing: number
  readonly windowMs: number
  readonly windowCallsMin: number
}

export const adaptiveLimitDefaults: AdaptiveLimitSettings = {
  limitFirst: 20,
  limitMin: 4,
  limitMax: 200,
  tolerance: 1.5,
  smoothing: 0.2,
  // A tenth of Netflix's: with a smoothing of 0.2 the limit follows within half a second, a peak within a page's patience.
  windowMs: 100,
  windowCallsMin: 10,
}

/** A call that ended, as the limit sees it. */
export interface EndedCall {
  readonly tookMs: number
  /** How many ran when it began, itself among them. */
  readonly inFlight: number
  /** Somebody was waiting for a permit while it ran. */
  readonly contended: boolean
  readonly failed: boolean
}

interface CallWindow {
  readonly startedAtMs: number
  readonly calls: number
  readonly totalMs: number
  readonly inFlightMax: number
  readonly contended: boolean
  readonly failed: boolean
}

export function firstLimit(settings: AdaptiveLimitSettings, nowMs: number): AdaptiveLimit {
  return { limit: settings.limitFirst, baselineMs: null, windowsSeen: 0, window: emptyWindow(nowMs) }
}

export function wholeLimit(state: AdaptiveLimit): number {
  return Math.floor(state.limit)
}

/** How long a call takes at present, in milliseconds: the mean of the window under way; null before the first call. */
export function presentMs({ window, baselineMs }: AdaptiveLimit): number | null {
  return window.calls > 0 ? Math.max(window.totalMs / window.calls, shortestMs) : baselineMs
}

export function afterCall(
  state: AdaptiveLimit,
  call: EndedCall,
  { nowMs, settings }: { nowMs: number; settings: AdaptiveLimitSettings },
): AdaptiveLimit {
  // A quick refusal says nothing of how long the work takes; a slow failure, such as a deadline, says that it is slow.
  if (call.failed && (state.baselineMs === null || call.tookMs <= state.baselineMs)) return state

  const window: CallWindow = {
    startedAtMs: state.window.startedAtMs,
    calls: state.window.calls + 1,
    totalMs: state.window.totalMs + call.tookMs,
    inFlightMax: Math.max(state.window.inFlightMax, call.inFlight),
    contended: state.window.contended || call.contended,
    failed: state.window.failed || call.failed,
  }
  const complete = window.calls >= settings.windowCallsMin && nowMs - window.startedAtMs >= settings.windowMs
  return complete ? afterWindow(state, window, { nowMs, settings }) : { ...state, window }
}

function afterWindow(
  state: AdaptiveLimit,
  window: CallWindow,
  { nowMs, settings }: { nowMs: number; settings: AdaptiveLimitSettings },
): AdaptiveLimit {
  const recentMs = Math.max(window.totalMs / window.calls, shortestMs)
  const atLeast = wholeLimit(state) <= settings.limitMin
  const mayRise = !window.failed && (!window.contended || atLeast)
  const baselineMs = learnt(state, recentMs, mayRise)
  return {
    limit: window.inFlightMax < state.limit / 2 ? state.limit : moved(state.limit, baselineMs / recentMs, settings),
    baselineMs,
    windowsSeen: state.windowsSeen + 1,
    window: emptyWindow(nowMs),
  }
}

function moved(limit: number, baselineShare: number, settings: AdaptiveLimitSettings): number {
  const gradient = Math.min(1, Math.max(0.5, settings.tolerance * baselineShare))
  const target = limit * gradient + (gradient === 1 ? Math.sqrt(limit) : 0)
  const smoothed = limit * (1 - settings.smoothing) + target * settings.smoothing
  return Math.min(settings.limitMax, Math.max(settings.limitMin, smoothed))
}

function learnt({ baselineMs, windowsSeen }: AdaptiveLimit, recentMs: number, mayRise: boolean): number {
  if (baselineMs === null) return recentMs
  if (recentMs > baselineMs) {
    if (!mayRise) return baselineMs
    // The first windows count equally; after that a rise takes about half a minute of windows to be believed.
    return baselineMs + (recentMs - baselineMs) / Math.min(windowsSeen + 1, windowsToRise)
  }
  // What was learnt under load is forgotten at once; the rest of the way down takes a few seconds.
  const halved = baselineMs > recentMs * 2 ? baselineMs * 0.9 : baselineMs
  return halved + (recentMs - halved) / windowsToFall
}

const windowsToRise = 300
const windowsToFall = 30

// Below the resolution of clocks and the work of one turn; and a baseline of 0 would never rise.
const shortestMs = 0.05

function emptyWindow(nowMs: number): CallWindow {
  return { startedAtMs: nowMs, calls: 0, totalMs: 0, inFlightMax: 0, contended: false, failed: false }
}
