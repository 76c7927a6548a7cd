// A step of GitHub Actions that has the hub start or stop a preview. It needs `permissions: {id-token: write}`: the job's
// own token is exchanged for one of the hub, which has to trust this repository and branch (RTB_HUB_ACTIONS_TRUST).
import { appendFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';

const KEY = /(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{1,9}-[1-9][0-9]{0,8})(?![A-Za-z0-9])/;
const ONGOING = ['queued', 'running', 'waiting'];
const ANSWER_MS = Number(process.env.RTB_HUB_ANSWER_MS ?? 60_000);
const LARGEST = 4 * 2 ** 20;
/** Of a token (RFC 6750, b64token) and of an id; of other fields: */
const WORD = /^[\w.~+/=-]+$/;
const FORMS = { url: /^https?:\/\/[\w.:[\]-]+(\/[\w.~/-]*)?$/, phase: /^[a-z][a-z -]*$/ };
const TRIES = 5;
const LOOK_MS = Number(process.env.RTB_HUB_POLL_MS ?? 5_000);

/** What keeps the step from going on; its message is for people. */
class Failure extends Error {}

const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
/** Faults of the hub as lines: where, what, what is allowed, what to do. */
const lines = (faults) =>
  (Array.isArray(faults) ? faults : [])
    .filter(Boolean)
    .map(({ field, message, allowed, remedy }) =>
      [field ? `${field}: ${message}` : message, allowed && `allowed: ${allowed}`, remedy].filter(Boolean).join('; '),
    )
    .join('\n');
const escaped = (text) => String(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
/** A line of the log that is no command of the runner, whatever is in it: those begin a line, or with `##[` anywhere. */
const say = (text) => console.log(text.replace(/[\r\n]+/g, ' ').replaceAll('##[', '# #['));
const command = (name, text) => console.log(`::${name}::${escaped(text)}`);

function write(file, text) {
  if (process.env[file]) appendFileSync(process.env[file], text);
}

/** A value of several lines could add an output of another name: it is given between marks that nobody knows. */
function output(name, value) {
  const mark = randomUUID();
  write('GITHUB_OUTPUT', `${name}<<${mark}\n${value}\n${mark}\n`);
}

/** What an answer says, as text; more than any hub says is refused. */
async function body(answer, what) {
  const parts = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > LARGEST) throw new Failure(`cannot ${what}: the answer is of more than ${LARGEST} bytes, which no hub gives`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** An answer: an object. Tried again when it cannot be reached or is busy; what is none is refused. */
async function ask(url, { token, what, ...given } = {}) {
  let why = '';
  for (let tried = 0; tried < TRIES; tried += 1) {
    let answer, text;
    try {
      const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...given.headers };
      answer = await fetch(url, { ...given, headers, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
      text = await body(answer, what);
    } catch (error) {
      if (error instanceof Failure) throw error;
      why = error.cause?.message ?? error.message;
      await pause(LOOK_MS);
      continue;
    }
    if (answer.status === 429 || answer.status >= 500) {
      why = `status ${answer.status}`;
      const wanted = Number(answer.headers.get('retry-after')) * 1000;
      await pause(wanted > 0 ? Math.min(wanted, ANSWER_MS) : LOOK_MS);
      continue;
    }
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      data = null;
    }
    if (data === null || typeof data !== 'object') {
      throw new Failure(`cannot ${what}: status ${answer.status}, and the answer is no object of JSON: is ${new URL(url).origin} a hub?`);
    }
    if (answer.ok) return data;
    throw new Failure(`cannot ${what}: ${lines(data.faults) || data.detail || data.title || `status ${answer.status}`}`);
  }
  throw new Failure(`cannot ${what}: ${new URL(url).host} does not answer (${why})`);
}

/** The hub's address, by https or of this machine. */
function hub() {
  let url;
  try {
    url = new URL(input('hub'));
  } catch {
    throw new Failure(`hub: '${input('hub')}' is no address; allowed: such as https://hub.example.com`);
  }
  const isHere = url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !isHere) throw new Failure('hub: https is needed: a token is sent there');
  return url.origin;
}

/** The issue's key: as given, else the first in the branch's name. */
function issue() {
  const given = input('issue');
  const from = given || process.env.GITHUB_HEAD_REF || process.env.GITHUB_REF_NAME || '';
  const found = KEY.exec(from);
  if (!found || (given && found[1] !== given)) {
    const where = given ? `issue: '${given}'` : `no issue is given, and the branch '${from}' names none`;
    throw new Failure(`${where}; allowed: a key such as RTB-123`);
  }
  return found[1].toUpperCase();
}

function images() {
  const given = input('images').split('\n').map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(
    given.map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw new Failure(`images: '${line}'; allowed: NAME=REFERENCE@sha256:…, one a line`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function minutes() {
  const given = Number(input('wait') || 0);
  if (!(given >= 0 && given <= 60)) throw new Failure(`wait: '${input('wait')}'; allowed: minutes from 0 to 60`);
  return given;
}

/** A field of an answer that has to be there and have its form: other steps put outputs into shells. */
function told(answer, field, what) {
  const value = answer?.[field];
  if (typeof value === 'string' && (FORMS[field] ?? WORD).test(value)) return value;
  throw new Failure(`cannot ${what}: the answer has no '${field}' that can be used: is it a hub of this release?`);
}

/** A token of the hub, for the one that GitHub gives this job. */
async function signIn(origin) {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env;
  if (!url || !token) throw new Failure("this job has no token to show: give it 'permissions: {id-token: write}'");
  const audience = new URL(url);
  audience.searchParams.set('audience', origin);
  const [asks, signs] = ["have GitHub give this job's token", 'sign in to the hub'];
  const own = told(await ask(audience, { token, what: asks }), 'value', asks);
  command('add-mask', own);
  const given = await ask(`${origin}/api/auth/exchange`, {
    what: signs,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: own }),
  });
  const access = told(given, 'accessToken', signs);
  command('add-mask', access);
  return access;
}

/** What was asked of the hub, once it has ended. A run that is sent again, or tried anew by `ask`, asks once. */
async function done(origin, token, path, body, what) {
  const { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: attempt, GITHUB_ACTION: step } = process.env;
  const key = run ? `actions-${run}-${attempt}-${step}-${encodeURIComponent(what)}`.slice(0, 200) : randomUUID();
  const headers = { 'content-type': 'application/json', 'idempotency-key': key, prefer: 'wait=25' };
  let asked = await ask(origin + path, { token, what, method: 'POST', headers, body: JSON.stringify(body) });
  const id = told(asked, 'id', what);
  for (let looks = 0; ONGOING.includes(asked.state) && looks < 12; looks += 1) {
    const at = `${origin}/api/v1/operations/${encodeURIComponent(id)}`;
    asked = await ask(at, { token, what, headers: { prefer: 'wait=25' } });
  }
  output('operation', id);
  if (asked.state === 'done') return asked;
  throw new Failure(`cannot ${what}: ${lines(asked.error?.faults) || `operation ${id} is ${asked.state}`}`);
}

/** The phase, once it is one that lasts. */
async function settled(origin, token, at, until) {
  for (;;) {
    const status = await ask(`${origin}${at}/status`, { token, what: 'ask how it is' });
    if (status.phase === 'running' || Date.now() >= until) return status;
    await pause(LOOK_MS);
  }
}

async function main() {
  const [origin, key, environment, asked, most] = [hub(), issue(), input('environment'), input('command'), minutes()];
  if (!['start', 'stop'].includes(asked)) throw new Failure(`command: '${asked}'; allowed: start, stop`);
  const at = `/api/v1/previews/${encodeURIComponent(environment)}/${key}`;
  const token = await signIn(origin);
  if (asked === 'stop') {
    await done(origin, token, `${at}/stop`, { reason: 'asked for by a job of GitHub Actions' }, `stop ${key} in ${environment}`);
    say(`${key} in ${environment} is stopped`);
    return;
  }
  const said = { images: images(), blueprint: input('blueprint'), ttl: input('ttl') };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value && Object.keys(value).length));
  const body = { issue: key, environment, ...given };
  const what = `start ${key} in ${environment}`;
  const operation = await done(origin, token, '/api/v1/previews', body, what);
  if (operation.request?.url) {
    command('notice', `${key} waits for a review: ${operation.request.url}`);
    output('phase', 'in-review');
    return;
  }
  if (operation.result?.change === 'queued') {
    command('notice', `${key} in ${environment} waits for room, at place ${operation.result.place}`);
    output('phase', 'queued');
    return;
  }
  const url = told(operation.result, 'url', what);
  output('url', url);
  write('GITHUB_STEP_SUMMARY', `Preview of ${key} in \`${environment}\`: <${url}>\n`);
  say(`${key} in ${environment}: ${url}`);
  if (!most) return;
  const status = await settled(origin, token, at, Date.now() + most * 60_000);
  const phase = told(status, 'phase', 'ask how it is');
  output('phase', phase);
  if (phase !== 'running') {
    throw new Failure(`${key} in ${environment} is ${phase} after ${most} minutes: ${[status.cause, status.remedy].filter(Boolean).join('; ')}`);
  }
  say(`${key} runs`);
}

try {
  await main();
} catch (error) {
  command('error', error instanceof Failure ? error.message : error.stack);
  process.exitCode = 1;
}
