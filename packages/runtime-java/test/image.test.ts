import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  buildRuntimeImage,
  closeModules,
  findJdk,
  formatReport,
  JavaImageError,
  planJava,
  readJar,
  sizeJvm,
} from '../src/index.js';

// A real JDK is needed; without one findJdk fails these tests and says what to install.
const jdk = findJdk();
const folder = mkdtempSync(join(tmpdir(), 'tessera-java-test-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function jar(name: string, source: string, extra: string[] = []): string {
  const work = join(folder, name);
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, `${name}.java`), source);
  execFileSync(join(jdk.home, 'bin/javac'), ['-d', work, ...extra, join(work, `${name}.java`)]);
  const path = join(folder, `${name}.jar`);
  execFileSync(join(jdk.home, 'bin/jar'), ['cfe', path, name, '-C', work, `${name}.class`]);
  return path;
}

const hello = jar(
  'Hello',
  `public class Hello { public static void main(String[] a) throws Exception {
     System.out.println("hello " + Runtime.version().feature() + " " + a.length); } }`,
);
const logging = jar(
  'Logs',
  `public class Logs { public static void main(String[] a) {
     java.util.logging.Logger.getLogger("x").info(java.net.http.HttpClient.newHttpClient().version().toString()); } }`,
);

test('a jar names its main class', () => {
  const read = readJar(hello);
  assert.is(read.mainClass, 'Hello');
  assert.ok(read.entries.includes('Hello.class'));
  assert.is(read.layout, 'plain');
});

test('the modules of a plan are those that jdeps finds, closed and sorted', () => {
  assert.equal(planJava(jdk, { jar: hello }).modules, ['java.base']);
  const plan = planJava(jdk, { jar: logging });
  assert.equal(plan.modules, ['java.base', 'java.logging', 'java.net.http']);
  assert.equal(closeModules(jdk, plan.modules), [...plan.modules]);
  assert.equal(planJava(jdk, { jar: logging }), plan);
});

test('jars within a jar are followed', () => {
  const outer = join(folder, 'outer.jar');
  const work = join(folder, 'outer');
  mkdirSync(join(work, 'BOOT-INF/lib'), { recursive: true });
  execFileSync('cp', [logging, join(work, 'BOOT-INF/lib/logs.jar')]);
  execFileSync(join(jdk.home, 'bin/jar'), ['cfe', outer, 'Logs', '-C', work, 'BOOT-INF']);
  assert.ok(planJava(jdk, { jar: outer }).modules.includes('java.net.http'));
});

test('the run-time image starts the program with the sized options', () => {
  const plan = planJava(jdk, { jar: hello });
  const image = buildRuntimeImage(jdk, plan, { output: join(folder, 'image') });
  const sized = sizeJvm({ memoryBytes: 256 * 1024 * 1024, cpus: 1 });
  assert.ok(sized.ok);
  const options = sized.ok ? sized.options.map((option) => option.option) : [];
  const said = execFileSync(
    join(image.home, 'bin/java'),
    ['-Xshare:on', ...options, '-cp', hello, plan.mainClass, 'one', 'two'],
    { encoding: 'utf8' },
  );
  assert.is(said, `hello ${jdk.release} 2\n`);
  assert.is(
    image.parts.reduce((sum, part) => sum + part.bytes, 0),
    image.totalBytes,
  );
  assert.match(formatReport(image), /total$/);
});

test('what cannot be read is an error that says why', () => {
  const text = join(folder, 'not.jar');
  writeFileSync(text, 'hello');
  for (const path of [text, join(folder, 'missing.jar')]) {
    assert.throws(
      () => planJava(jdk, { jar: path }),
      (error: unknown) =>
        error instanceof JavaImageError && error.code === 'bad-jar' && error.message.includes(path),
    );
  }
});

test.run();
