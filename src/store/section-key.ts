/**
 * What two spellings of one section have in common: letter case and composed accents do not count.
 *
 * Worked out here and stored, because databases fold the case of ASCII only (SQLite) or differ by collation.
 */
export function sectionKey(section: string): string {
  return section.normalize('NFC').toLowerCase().trim().toWellFormed()
}
