// META-INF/MANIFEST.MF (JAR File Specification, "JAR Manifest"): sections of `Name: value` lines, 72 bytes a line, a
// continuation begins with one space, an empty line ends a section. Attribute names are case-insensitive.

/** The main section: attribute names in lower case. */
export type ManifestAttributes = ReadonlyMap<string, string>;

function attributes(lines: readonly string[]): Map<string, string> {
  const result = new Map<string, string>();
  let name = '';
  for (const line of lines) {
    if (line.startsWith(' ')) {
      if (name !== '') result.set(name, (result.get(name) ?? '') + line.slice(1));
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1);
    result.set(name, value.startsWith(' ') ? value.slice(1) : value);
  }
  return result;
}

/** The main section of a manifest; an attribute given twice keeps its last value, as the JDK does. */
export function parseManifest(text: string): ManifestAttributes {
  const lines = text.split(/\r\n|\n|\r/);
  const end = lines.indexOf('');
  return attributes(end < 0 ? lines : lines.slice(0, end));
}

/** A manifest with only a main section, lines folded at 72 bytes. */
export function formatManifest(main: ManifestAttributes): string {
  let text = '';
  for (const [name, value] of main) {
    let line = `${name}: ${value}`;
    while (Buffer.byteLength(line) > 72) {
      let cut = 72;
      while (Buffer.byteLength(line.slice(0, cut)) > 72) cut -= 1;
      // A surrogate pair is one character of UTF-8: it must not be cut in two.
      const last = line.charCodeAt(cut - 1);
      if (last >= 0xd800 && last < 0xdc00) cut -= 1;
      text += `${line.slice(0, cut)}\r\n`;
      line = ` ${line.slice(cut)}`;
    }
    text += `${line}\r\n`;
  }
  return `${text}\r\n`;
}
