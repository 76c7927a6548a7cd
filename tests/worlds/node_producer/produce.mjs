// Puts the jobs that standard input names, as another program would: `{url, queue, jobs: [{name, data, opts}]}`.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';

const { Queue } = createRequire(join(process.cwd(), 'package.json'))('bullmq');
const { host, port, queue, jobs } = JSON.parse(readFileSync(0, 'utf8'));
const made = new Queue(queue, { connection: { host, port } });
await made.addBulk(jobs);
await made.close();
