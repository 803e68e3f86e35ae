import { contentSecurityPolicy } from './pages/page.ts'
import type { RouteKind } from './site-context.ts'

const everywhere = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
}

/** What browsers are told about each kind of answer. */
export const securityHeaders: Readonly<Record<RouteKind, Readonly<Record<string, string>>>> = {
  page: {
    ...everywhere,
    'content-security-policy': contentSecurityPolicy,
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  },
  // Made to stand in other sites' pages, in a frame too; opened on its own it is still held to the pages' policy.
  fragment: {
    ...everywhere,
    'content-security-policy': withoutDirective(contentSecurityPolicy, 'frame-ancestors'),
    'cross-origin-resource-policy': 'cross-origin',
  },
  api: {
    ...everywhere,
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'cross-origin',
  },
}

function withoutDirective(policy: string, name: string): string {
  return policy
    .split(';')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && directive.split(/\s/, 1)[0] !== name)
    .join('; ')
}
