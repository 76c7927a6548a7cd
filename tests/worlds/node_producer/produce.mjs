// Puts the jobs that standard input names, as another program would: `{host, port, queue, jobs: [{name, data, opts}], by}`.
// `by`: `{producer, key}` signs them by `signed.mjs` in the folder; `key` is PEM.
import { createPrivateKey } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { Queue } = createRequire(join(process.cwd(), 'package.json'))('bullmq');
const { host, port, queue, jobs, by } = JSON.parse(readFileSync(0, 'utf8'));
const made = new Queue(queue, { connection: { host, port } });
if (by) {
  const { signed } = await import(pathToFileURL(join(process.cwd(), 'signed.mjs')));
  const key = createPrivateKey(by.key);
  for (const { name, data } of jobs) await made.add(...signed(queue, name, data, by.producer, key));
} else {
  await made.addBulk(jobs);
}
await made.close();
