/** 100,000 appended pieces an iteration: templates, numbers, joins. */
export function run(iterations: number): string {
  let length = 0;
  for (let n = 0; n < iterations; n++) {
    let text = '';
    const lines: string[] = [];
    for (let i = 0; i < 100000; i++) {
      text += `${i},`;
      if (i % 1000 === 0) lines.push(`line ${i}: ${text.length}`);
    }
    length = text.length + lines.join('\n').length;
  }
  return String(length);
}
