// A JSON reader over strings, with a tree of its own, and a document that it generates first.

type Value = JsonNull | JsonBoolean | JsonNumber | JsonString | JsonArray | JsonObject;

class JsonNull {
  readonly kind = 'null' as const;
}

class JsonBoolean {
  readonly kind = 'boolean' as const;

  constructor(readonly value: boolean) {}
}

class JsonNumber {
  readonly kind = 'number' as const;

  constructor(readonly text: string) {}
}

class JsonString {
  readonly kind = 'string' as const;

  constructor(readonly value: string) {}
}

class JsonArray {
  readonly kind = 'array' as const;
  readonly items: Value[] = [];
}

class JsonObject {
  readonly kind = 'object' as const;
  readonly members = new Map<string, Value>();
}

class ParseError extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  parse(): Value {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new ParseError('text after the value', this.at);
    return value;
  }

  private space(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at += 1;
  }

  private take(code: number): boolean {
    this.space();
    if (this.at < this.text.length && this.text.charCodeAt(this.at) === code) {
      this.at += 1;
      return true;
    }
    return false;
  }

  private word(word: string): void {
    if (!this.text.startsWith(word, this.at)) throw new ParseError('unknown word', this.at);
    this.at += word.length;
  }

  private value(): Value {
    this.space();
    if (this.at >= this.text.length) throw new ParseError('text ends early', this.at);
    switch (this.text.charCodeAt(this.at)) {
      case 0x7b:
        return this.object();
      case 0x5b:
        return this.array();
      case 0x22:
        return new JsonString(this.string());
      case 0x74:
        this.word('true');
        return new JsonBoolean(true);
      case 0x66:
        this.word('false');
        return new JsonBoolean(false);
      case 0x6e:
        this.word('null');
        return new JsonNull();
      default:
        return this.number();
    }
  }

  private number(): Value {
    const start = this.at;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      const part =
        (code >= 48 && code <= 57) ||
        code === 43 ||
        code === 45 ||
        code === 46 ||
        code === 69 ||
        code === 101;
      if (!part) break;
      this.at += 1;
    }
    if (start === this.at) throw new ParseError('not a value', start);
    return new JsonNumber(this.text.slice(start, this.at));
  }

  private string(): string {
    this.at += 1;
    let out = '';
    let start = this.at;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) {
        out += this.text.slice(start, this.at);
        this.at += 1;
        return out;
      }
      if (code === 0x5c) {
        out += this.text.slice(start, this.at);
        out += this.text.charAt(this.at + 1);
        this.at += 2;
        start = this.at;
      } else this.at += 1;
    }
    throw new ParseError('string without an end', start);
  }

  private array(): Value {
    this.at += 1;
    const array = new JsonArray();
    if (this.take(0x5d)) return array;
    for (;;) {
      array.items.push(this.value());
      if (this.take(0x5d)) return array;
      if (!this.take(0x2c)) throw new ParseError('comma expected', this.at);
    }
  }

  private object(): Value {
    this.at += 1;
    const object = new JsonObject();
    if (this.take(0x7d)) return object;
    for (;;) {
      this.space();
      if (this.at >= this.text.length || this.text.charCodeAt(this.at) !== 0x22)
        throw new ParseError('name expected', this.at);
      const name = this.string();
      if (!this.take(0x3a)) throw new ParseError('colon expected', this.at);
      object.members.set(name, this.value());
      if (this.take(0x7d)) return object;
      if (!this.take(0x2c)) throw new ParseError('comma expected', this.at);
    }
  }
}

function weigh(value: Value): number {
  switch (value.kind) {
    case 'null':
      return 1;
    case 'boolean':
      return value.value ? 2 : 3;
    case 'number':
      return value.text.length;
    case 'string':
      return value.value.length;
    case 'array': {
      let sum = 0;
      for (const item of value.items) sum += weigh(item);
      return sum + 5;
    }
    case 'object': {
      let sum = 0;
      for (const [name, member] of value.members) sum += name.length + weigh(member);
      return sum + 7;
    }
  }
}

function document(): string {
  const rows: string[] = [];
  for (let i = 0; i < 300; i++) {
    rows.push(
      `{"id": ${i}, "name": "row \\"${i}\\"", "ok": ${i % 3 === 0 ? 'true' : 'false'}, "parent": null, "points": [${i}, ${i * 2}.5e3, -${i}, {"deep": [[], {}]}]}`,
    );
  }
  return `{"head": {"operations": [[], [1], [1, 2]]}, "rows": [\n  ${rows.join(',\n  ')}\n]}`;
}

/** Parses a document of about 30 KB. */
export function run(iterations: number): string {
  const text = document();
  let weight = 0;
  for (let n = 0; n < iterations; n++) weight = weigh(new Parser(text).parse());
  let refused = 0;
  for (const bad of ['', '{', '[1,', '{"a" 1}', '"x', 'nul', '[] []']) {
    try {
      new Parser(bad).parse();
    } catch (error) {
      if (error instanceof ParseError) refused += error.offset + 1;
      else throw error;
    }
  }
  return `${weight} ${refused}`;
}
