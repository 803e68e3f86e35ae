import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeText } from '../../src/ingest/decode-text.ts'
import { parseDocument } from '../../src/ingest/parse-document.ts'
import { parseFeedTime } from '../../src/ingest/parse-feed-time.ts'
import { prepareRecord } from '../../src/ingest/prepare-record.ts'

describe('parseDocument', () => {
  it('reads RSS: full text, summary, author, categories, image, date, source', () => {
    const [article] = articlesIn(`<?xml version="1.0"?>
      <rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
      <channel><title>The Harbour Post</title><link>https://post.example/</link><language>en-GB</language>
      <item><title>Ferry &amp;amp; tug &lt;i&gt;collide&lt;/i&gt;</title><link>/news/1</link><guid isPermaLink="false">1</guid>
        <description>&lt;p&gt;Nobody was hurt.&lt;/p&gt;</description>
        <content:encoded><![CDATA[<p>A ferry hit a tug.</p><p><a href="map">Map</a><script>x()</script></p>]]></content:encoded>
        <dc:creator>Ann Other</dc:creator><category>Harbour</category><category>Ships</category>
        <media:content url="/small.jpg" medium="image" width="100"/><media:content url="/large.jpg" medium="image" width="900"/>
        <pubDate>Mon, 02 Nov 2026 09:30:00 +0100</pubDate></item></channel></rss>`)
    assert.ok(article)
    const { id, bodyHtml, ...rest } = article
    assert.match(id, /^[0-9a-f]{32}$/)
    assert.equal(bodyHtml, '<p>A ferry hit a tug.</p><p><a href="https://post.example/map" rel="noopener">Map</a></p>')
    assert.deepEqual(rest, {
      title: 'Ferry & tug collide',
      body: 'A ferry hit a tug.\n\nMap',
      url: 'https://post.example/news/1',
      standfirst: 'Nobody was hurt.',
      byline: 'Ann Other',
      source: 'The Harbour Post',
      language: 'en-gb',
      image: 'https://post.example/large.jpg',
      publishedAt: '2026-11-02T08:30:00.000Z',
      tags: ['Harbour', 'Ships'],
      status: 'published',
    })
  })

  it('reads Atom with xml:base, XHTML content and an update', () => {
    const [article] = articlesIn(`<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/blog/">
      <title>A</title><link href="./"/><id>urn:a</id><updated>2026-11-02T00:00:00Z</updated>
      <entry xml:base="2026/"><id>urn:a:1</id><title type="text">1 &lt; 2</title><link href="one"/>
        <published>2026-11-01T00:00:00Z</published><updated>2026-11-02T00:00:00Z</updated>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Text, <em>really</em>. <img src="i.png" alt="an i"/></p></div></content>
      </entry></feed>`)
    assert.equal(article?.title, '1 < 2')
    assert.equal(article?.url, 'https://a.example/blog/2026/one')
    assert.equal(article?.body, 'Text, really.')
    assert.match(article?.bodyHtml ?? '', /src="https:\/\/a\.example\/blog\/2026\/i\.png"/)
    assert.equal(article?.publishedAt, '2026-11-01T00:00:00.000Z')
    assert.equal(article?.updatedAt, '2026-11-02T00:00:00.000Z')
  })

  it('reads JSON Feed', () => {
    const [article] = articlesIn(
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 'J',
        items: [{ id: 1, content_text: 'Plain <b> text', date_published: '2026-11-02T09:30:00+01:00', tags: ['t'] }],
      }),
    )
    assert.equal(article?.body, 'Plain <b> text')
    assert.equal(article?.publishedAt, '2026-11-02T08:30:00.000Z')
  })

  it('reads RSS 1.0', () => {
    const [article] =
      articlesIn(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="https://r.example/"><title>R</title><link>https://r.example/</link></channel>
      <item rdf:about="https://r.example/1"><title>One</title><link>https://r.example/1</link><dc:date>2026-11-02</dc:date></item></rdf:RDF>`)
    assert.equal(article?.url, 'https://r.example/1')
    assert.equal(article?.publishedAt, '2026-11-02T00:00:00.000Z')
  })

  it('gives a list of articles as it stands', () => {
    assert.deepEqual(
      articlesIn('[{"id":"a","title":"A"},{"id":"b","title":"B"}]').map(({ id }) => id),
      ['a', 'b'],
    )
  })

  it('never publishes what WordPress keeps back', () => {
    const item = (id: number, type: string, status: string, more = '') =>
      `<item><title>T${id}</title><guid>https://w.example/?p=${id}</guid><content:encoded><![CDATA[One.\n\nTwo.]]></content:encoded>
       <wp:post_type>${type}</wp:post_type><wp:status>${status}</wp:status><wp:post_date_gmt>2026-11-02 09:30:00</wp:post_date_gmt>${more}</item>`
    const document =
      read(`<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>W</title><link>https://w.example</link>
      ${item(1, 'post', 'publish')}${item(2, 'post', 'draft')}${item(3, 'post', 'private')}
      ${item(4, 'post', 'publish', '<wp:post_password>x</wp:post_password>')}${item(5, 'page', 'publish')}${item(6, 'post', 'trash')}</channel></rss>`)
    assert.ok(document.ok)
    assert.deepEqual(
      document.items.map((item) => (item.ok ? Reflect.get(Object(item.record), 'status') : 'refused')),
      ['published', 'draft', 'draft', 'draft', 'refused', 'refused'],
    )
    const [first] = articles(document)
    assert.equal(first?.body, 'One.\n\nTwo.')
    assert.equal(first?.publishedAt, '2026-11-02T09:30:00.000Z')
  })

  it('reads NewsML-G2 with its embargo and status', () => {
    const item = (
      status: string,
    ) => `<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:1" xml:lang="en">
      <itemMeta><itemClass qcode="ninat:text"/><versionCreated>2026-11-02T09:30:00Z</versionCreated><embargoed>2026-11-03T00:00:00Z</embargoed><pubStatus qcode="stat:${status}"/></itemMeta>
      <contentMeta><headline>Bank cuts rates</headline><subject><name>economy</name></subject></contentMeta>
      <contentSet><inlineXML><nitf><body><body.head><byline>By Ann Other</byline></body.head><body.content><p>It did.</p><hl2>Why</hl2></body.content></body></nitf></inlineXML></contentSet></newsItem>`
    const [article] = articlesIn(item('usable'))
    assert.deepEqual(
      [article?.title, article?.body, article?.byline, article?.embargoedUntil, article?.status],
      ['Bank cuts rates', 'It did.\n\nWhy', 'Ann Other', '2026-11-03T00:00:00.000Z', 'published'],
    )
    assert.equal(articlesIn(item('canceled'))[0]?.status, 'withdrawn')
    assert.equal(articlesIn(item('withheld'))[0]?.status, 'draft')
  })

  it('gives the same id to an article that two feeds of one house list, and another to another house', () => {
    const feed = (host: string) =>
      `<rss version="2.0"><channel><title>x</title><link>https://${host}/</link><item><guid>1</guid><title>t</title></item></channel></rss>`
    const id = (host: string) => articlesIn(feed(host))[0]?.id
    assert.equal(id('www.a.example'), id('a.example'))
    assert.notEqual(id('a.example'), id('b.example'))
    assert.notEqual(id('a.example'), '1')
  })

  it('takes an item that is listed twice once', () => {
    const document = read(
      '<rss version="2.0"><channel><item><guid>g</guid><title>New</title></item><item><guid>g</guid><title>Old</title></item></channel></rss>',
    )
    assert.deepEqual(
      articles(document).map(({ title }) => title),
      ['New'],
    )
    assert.equal(document.ok && document.items.length, 2)
  })

  it('takes an item without guid, link and date, and gives it the same id each time', () => {
    const feed =
      '<rss version="2.0"><channel><title>x</title><item><description>Only this.</description></item></channel></rss>'
    const [article] = articlesIn(feed)
    assert.equal(article?.publishedAt, undefined)
    assert.equal(article?.id, articlesIn(feed)[0]?.id)
  })

  it('reads on where a feed is broken', () => {
    const items =
      '<item><title>One &nbsp;&bogus; &copy;</title><guid>1</guid><pubDate>soon</pubDate></item><item><title>Tw'
    const [article, ...more] = articlesIn(
      `\n\n <!-- x --><?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"><channel><title>x</title>${items}`,
    )
    assert.equal(article?.title, 'One &bogus; ©')
    assert.equal(article?.publishedAt, undefined)
    assert.equal(more.length, 0)
  })

  it('expands no entities of a document type', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
      <rss version="2.0"><channel><item><guid>1</guid><title>&b; &x;</title></item></channel></rss>`
    assert.equal(articlesIn(bomb)[0]?.title, '&b; &x;')
  })

  for (const [text, words] of [
    ['', /empty/],
    ['  \n', /empty/],
    ['hello', /neither XML nor JSON/],
    ['<!doctype html><html><body>x</body></html>', /web page/],
    ['<rss version="2.0"></rss>', /without items/],
    ['<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>', /without items/],
    ['<svg></svg>', /starts with <svg>/],
    ['{"id": 1', /not well-formed JSON/],
    ['[]', /empty list/],
  ] as const) {
    it(`says in words why ${JSON.stringify(text)} gives nothing`, () => {
      const document = read(text)
      assert.match(document.ok ? '' : document.problem, words)
    })
  }

  it('never throws, whatever it is handed', () => {
    const piece = fc.constantFrom(
      '<rss version="2.0">',
      '<channel>',
      '<item>',
      '</item>',
      '<feed xmlns="http://www.w3.org/2005/Atom">',
      '<entry>',
      '<title>',
      ']]>',
      '<![CDATA[',
      '&',
      '<!DOCTYPE a [',
      '<newsItem guid="x">',
      '<nitf>',
      '{',
      '[',
      '"items":[',
      '}',
      '<',
      'x',
      '\u0000',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        assert.equal(typeof read(pieces.join('')).ok, 'boolean')
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.equal(typeof parseDocument(bytes).ok, 'boolean')
      }),
    )
  })
})

describe('decodeText', () => {
  const text = '<?xml version="1.0"?><a>Zoë — 東京</a>'
  it('reads UTF-16 and UTF-32 with and without a mark', () => {
    const little = Buffer.from(text, 'utf16le')
    const wide = Buffer.alloc([...text].length * 4)
    for (const [at, character] of [...text].entries()) wide.writeUInt32BE(character.codePointAt(0) ?? 0, at * 4)
    for (const bytes of [
      little,
      Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
      Buffer.from(little).swap16(),
      wide,
    ]) {
      assert.equal(decoded(bytes), text)
    }
  })

  it('believes the XML declaration when the bytes are not UTF-8', () => {
    assert.equal(
      decoded(Buffer.from('<?xml version="1.0" encoding="koi8-r"?><a>\xf2\xf5\xf3</a>', 'latin1')).slice(-7, -4),
      'РУС',
    )
  })

  it('believes HTTP before the XML declaration', () => {
    assert.match(
      decoded(Buffer.from('<?xml version="1.0" encoding="koi8-r"?><a>caf\xe9</a>', 'latin1'), 'iso-8859-1'),
      /café/,
    )
  })

  it('believes neither when the bytes are UTF-8', () => {
    assert.match(decoded(Buffer.from('<?xml version="1.0" encoding="iso-8859-1"?><a>café</a>'), 'iso-8859-1'), /café/)
  })

  it('reads Western text that names no encoding, and refuses what would become gibberish', () => {
    assert.match(decoded(Buffer.from('<a>The caf\xe9 opened at noon in the old harbour</a>', 'latin1')), /café/)
    assert.equal(decodeText(Buffer.from('<a>\xf2\xf5\xf3\xf2\xf5\xf3</a>', 'latin1')).ok, false)
  })
})

describe('parseFeedTime', () => {
  for (const [text, time] of [
    ['Mon, 02 Nov 2026 09:30:00 GMT', '2026-11-02T09:30:00.000Z'],
    ['Mon, 2 Nov 26 09:30 EST', '2026-11-02T14:30:00.000Z'],
    ['02 November 2026', '2026-11-02T00:00:00.000Z'],
    ['Monday, November 2nd, 2026 at 9:30 pm', '2026-11-02T21:30:00.000Z'],
    ['Mon, 02 Nov 2026 09:30:00 +0200 (CEST)', '2026-11-02T07:30:00.000Z'],
    ['Mon Nov  2 09:30:00 2026', '2026-11-02T09:30:00.000Z'],
    ['2026-11-02 09:30:00', '2026-11-02T09:30:00.000Z'],
    ['Mon, 30 Feb 2026 09:30:00 GMT', undefined],
    ['Chapter 12', undefined],
    ['0001-01-01T00:00:00', undefined],
    ['Mon, 02 Nov 2026 25:61:00 GMT', undefined],
    ['', undefined],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${time ?? 'no time'}`, () => assert.equal(parseFeedTime(text), time))
  }
})

function read(text: string, url?: string) {
  return parseDocument(Buffer.from(text), { url })
}

function articles(document: ReturnType<typeof parseDocument>) {
  assert.ok(document.ok, JSON.stringify(document))
  return document.items.flatMap((item) => {
    if (!item.ok) return []
    const result = prepareRecord(item)
    assert.ok(result.ok, JSON.stringify(result))
    return [result.prepared.input]
  })
}

function articlesIn(text: string) {
  return articles(read(text))
}

function decoded(bytes: Uint8Array, charset?: string): string {
  const result = decodeText(bytes, charset)
  return result.ok ? result.text : `refused: ${result.problem}`
}
