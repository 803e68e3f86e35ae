import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { mixedToLine, sanitisedHtmlToText } from '../../src/ingest/html-to-text.ts'
import { sanitiseArticleHtml } from '../../src/ingest/sanitise-html.ts'

const attacks = [
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//evil.example/x.js></SCRIPT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<img src="javascript:alert(1)">',
  '<img src="data:image/svg+xml;base64,PHN2Zy8+">',
  '<img src="https://a.example/x.png" srcset="javascript:alert(1) 1x">',
  '<img """><script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<a href="jAvAsCrIpT&#58;alert(1)">x</a>',
  '<a href="java\nscript:alert(1)">x</a>',
  '<a href="&#1;javascript:alert(1)">x</a>',
  '<a href="vbscript:msgbox(1)">x</a>',
  '<a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<a href="https://a.example" onclick="alert(1)" style="position:fixed">x</a>',
  '<svg><script>alert(1)</script></svg>',
  '<svg onload=alert(1)><animate onbegin=alert(1)></svg>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '<iframe src="https://evil.example"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="x.swf"><embed src="x.swf"></object>',
  '<form action="https://evil.example"><input name=password><button formaction="javascript:alert(1)">x</button></form>',
  '<base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<style>@import "https://evil.example/x.css"</style>',
  '<div style="background:url(javascript:alert(1))" class="admin" id="main">x</div>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><img src=x onerror=alert(1)></template>',
  '<video><source onerror="alert(1)"></video>',
  '<details open ontoggle=alert(1)>x</details>',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<p lang="en" onmouseover="alert(1)" data-x="1">x</p>',
  '<a href="https://a.example/&quot; onmouseover=&quot;alert(1)">x</a>',
  '<td colspan="1" onclick="x">',
  '<xmp><img src=x onerror=alert(1)></xmp>',
]

describe('sanitiseArticleHtml', () => {
  for (const attack of attacks) {
    it(`leaves nothing that acts in ${attack}`, () =>
      assertHarmless(sanitiseArticleHtml(attack, { baseUrl: 'https://news.example/' })))
  }

  it('leaves nothing that acts, however the attacks are cut up and joined', () => {
    const piece = fc.oneof(
      fc.constantFrom(...attacks),
      fc.constantFrom('<', '>', '"', "'", '&', '</', '<!--', ' href=', '<p>', '<a '),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(40), (pieces, cut) => {
        assertHarmless(sanitiseArticleHtml(pieces.join('').slice(cut)))
      }),
      { numRuns: 500 },
    )
  })

  it('changes nothing in what it has sanitised', () => {
    for (const attack of [...attacks, '<h1>A</h1><p>b<br>c &lt;d&gt;</p><img src="https://a.example/i.png" width=5>']) {
      const once = sanitiseArticleHtml(attack)
      assert.equal(sanitiseArticleHtml(once), once)
    }
  })

  it('keeps what an article is made of', () => {
    const html =
      '<h2>Title</h2><p>A <em>b</em> <strong>c</strong></p><ul><li>d</li></ul><blockquote><p>e</p></blockquote><table><tr><td>f</td></tr></table>'
    assert.equal(sanitiseArticleHtml(html).replace(/<\/?tbody>/g, ''), html)
  })

  it('resolves relative links and images, and takes the address from what cannot be resolved', () => {
    assert.match(
      sanitiseArticleHtml('<a href="../b">x</a>', { baseUrl: 'https://a.example/x/y/' }),
      /href="https:\/\/a\.example\/x\/b"/,
    )
    assert.match(
      sanitiseArticleHtml('<img src="/i.png">', { baseUrl: 'https://a.example/x' }),
      /src="https:\/\/a\.example\/i\.png"/,
    )
    assert.equal(sanitiseArticleHtml('<a href="b">x</a><img src="i.png">'), '<a>x</a>')
  })

  it('marks links to others as theirs, and not those to the house itself', () => {
    const options = { ownUrl: 'https://news.example/1' }
    assert.match(
      sanitiseArticleHtml('<a href="https://x.example/" rel="me">x</a>', options),
      /rel="noopener nofollow ugc"/,
    )
    assert.match(sanitiseArticleHtml('<a href="https://news.example/2">x</a>', options), /rel="noopener"/)
  })

  it('takes tracking pixels out', () => {
    assert.equal(sanitiseArticleHtml('<p>x</p><img src="https://t.example/p.gif" width="1" height="1">'), '<p>x</p>')
  })

  it('gives up nesting before a browser does', () => {
    const depth = sanitiseArticleHtml(`${'<div>'.repeat(5000)}x`).match(/<div>/g)?.length ?? 0
    assert.ok(depth > 0 && depth <= 100, String(depth))
  })
})

describe('sanitisedHtmlToText', () => {
  it('parts paragraphs by an empty line and keeps list items on lines of their own', () => {
    const html = '<p>One\n  two &amp; <b>three</b>.</p><ul><li>Four</li><li>Five</li></ul><p>Six<br>seven</p>'
    assert.equal(sanitisedHtmlToText(html), 'One two & three.\n\nFour\n\nFive\n\nSix\nseven')
  })

  it('decodes once', () => assert.equal(sanitisedHtmlToText('<p>&amp;lt;b&amp;gt;</p>'), '&lt;b&gt;'))
})

describe('mixedToLine', () => {
  for (const [title, line] of [
    ['Rain &amp; <b>wind</b>', 'Rain & wind'],
    ['Standard Oil <SRD> to form unit', 'Standard Oil <SRD> to form unit'],
    ['Standard Oil <SRD> &amp; <i>BP</i>', 'Standard Oil <SRD> & BP'],
    ['1 < 2 and AT&T', '1 < 2 and AT&T'],
    ['<p>One</p><p>Two</p>', 'One Two'],
    ['x <script>alert(1)</script>', 'x'],
    ['don&#146;t', 'don’t'],
  ] as const) {
    it(`reads ${title} as ${line}`, () => assert.equal(mixedToLine(title), line))
  }
})

/** The result is checked by its own tags and attributes, and not by a list of what attacks look like. */
function assertHarmless(html: string): void {
  for (const [tag, closing, name, attributes] of html.matchAll(/<(\/?)([a-z0-9]*)((?:[^>"]|"[^"]*")*)>/gi)) {
    assert.match(
      name ?? '',
      /^(?:p|br|hr|div|h[2-6]|blockquote|pre|figure|figcaption|ul|ol|li|dl|dt|dd|table|caption|thead|tbody|tfoot|tr|th|td|a|img|em|strong|b|i|u|s|del|ins|sub|sup|small|mark|q|cite|code|kbd|samp|var|abbr|dfn|time|wbr|bdi|bdo|ruby|rt|rp)$/,
      tag,
    )
    if (closing) continue
    for (const [, key = '', value = ''] of (attributes ?? '').matchAll(/([^\s=/]+)(?:="([^"]*)")?/g)) {
      assert.match(
        key,
        /^(?:href|src|alt|title|rel|width|height|loading|decoding|referrerpolicy|lang|dir|colspan|rowspan|scope|start|reversed|type|datetime)$/,
        tag,
      )
      if (key === 'href' || key === 'src') assert.match(value, /^(?:https?:\/\/|mailto:|tel:)/, tag)
    }
  }
  assert.doesNotMatch(html.replace(/<(\/?)([a-z0-9]+)((?:[^>"]|"[^"]*")*)>/gi, ''), /</)
}
