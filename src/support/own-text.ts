/**
 * A copy of a text that stands alone. V8 makes a part of a text by pointing into the whole: what is remembered of a request
 * would keep all of its headers.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
