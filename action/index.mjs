// A step of GitHub Actions that has the hub start or stop a preview. It needs `permissions: {id-token: write}`: the job's
// own token is exchanged for one of the hub, which has to trust this repository and branch (RTB_HUB_ACTIONS_TRUST).
import { appendFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';

const KEY = /(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{1,9}-[1-9][0-9]{0,8})(?![A-Za-z0-9])/;
const ONGOING = ['queued', 'running', 'waiting'];
const ANSWER_MS = 60_000;
const TRIES = 5;
const LOOK_MS = Number(process.env.RTB_HUB_POLL_MS ?? 5_000);

/** What keeps the step from going on; its message is for people. */
class Failure extends Error {}

const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
/** Faults of the hub as lines: where, what, what is allowed, what to do. */
const lines = (faults) =>
  (faults ?? [])
    .map(({ field, message, allowed, remedy }) =>
      [field ? `${field}: ${message}` : message, allowed && `allowed: ${allowed}`, remedy].filter(Boolean).join('; '),
    )
    .join('\n');
const escaped = (text) => String(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

function write(file, text) {
  if (process.env[file]) appendFileSync(process.env[file], text);
}

/** A value of several lines could add an output of another name: it is given between marks that nobody knows. */
function output(name, value) {
  const mark = randomUUID();
  write('GITHUB_OUTPUT', `${name}<<${mark}\n${value}\n${mark}\n`);
}

/** An answer of JSON. Tried again when it cannot be reached or is busy; what is not JSON is refused. */
async function ask(url, { token, what, ...given } = {}) {
  let why = '';
  for (let tried = 0; tried < TRIES; tried += 1) {
    let answer;
    try {
      const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...given.headers };
      answer = await fetch(url, { ...given, headers, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) });
    } catch (error) {
      why = error.cause?.message ?? error.message;
      await pause(LOOK_MS);
      continue;
    }
    const text = await answer.text();
    if (answer.status === 429 || answer.status >= 500) {
      why = `status ${answer.status}`;
      await pause(Math.min(Number(answer.headers.get('retry-after')) * 1000 || LOOK_MS, ANSWER_MS));
      continue;
    }
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      throw new Failure(`cannot ${what}: status ${answer.status}, and the answer is no JSON: is ${new URL(url).origin} a hub?`);
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

/** A token of the hub, for the one that GitHub gives this job. */
async function signIn(origin) {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = process.env;
  if (!url || !token) throw new Failure("this job has no token to show: give it 'permissions: {id-token: write}'");
  const audience = new URL(url);
  audience.searchParams.set('audience', origin);
  const { value } = await ask(audience, { token, what: "have GitHub give this job's token" });
  console.log(`::add-mask::${value}`);
  const told = await ask(`${origin}/api/auth/exchange`, {
    what: 'sign in to the hub',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: value }),
  });
  console.log(`::add-mask::${told.accessToken}`);
  return told.accessToken;
}

/** What was asked of the hub, once it has ended. A run that is sent again, or tried anew by `ask`, asks once. */
async function done(origin, token, path, body, what) {
  const { GITHUB_RUN_ID: run, GITHUB_RUN_ATTEMPT: attempt, GITHUB_ACTION: step } = process.env;
  const key = run ? `actions-${run}-${attempt}-${step}-${what}`.slice(0, 200) : randomUUID();
  const headers = { 'content-type': 'application/json', 'idempotency-key': key, prefer: 'wait=25' };
  let told = await ask(origin + path, { token, what, method: 'POST', headers, body: JSON.stringify(body) });
  for (let looks = 0; ONGOING.includes(told.state) && looks < 12; looks += 1) {
    const at = `${origin}/api/v1/operations/${encodeURIComponent(told.id)}`;
    told = await ask(at, { token, what, headers: { prefer: 'wait=25' } });
  }
  output('operation', told.id);
  if (told.state === 'done') return told;
  throw new Failure(`cannot ${what}: ${lines(told.error?.faults) || `operation ${told.id} is ${told.state}`}`);
}

/** The phase, once it is one that lasts. */
async function settled(origin, token, at, until) {
  for (;;) {
    const told = await ask(`${origin}${at}/status`, { token, what: 'ask how it is' });
    if (told.phase === 'running' || Date.now() >= until) return told;
    await pause(LOOK_MS);
  }
}

async function main() {
  const [origin, key, environment, command, most] = [hub(), issue(), input('environment'), input('command'), minutes()];
  if (!['start', 'stop'].includes(command)) throw new Failure(`command: '${command}'; allowed: start, stop`);
  const at = `/api/v1/previews/${encodeURIComponent(environment)}/${key}`;
  const token = await signIn(origin);
  if (command === 'stop') {
    await done(origin, token, `${at}/stop`, { reason: 'asked for by a job of GitHub Actions' }, `stop ${key} in ${environment}`);
    console.log(`${key} in ${environment} is stopped`);
    return;
  }
  const said = { images: images(), blueprint: input('blueprint'), ttl: input('ttl') };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value && Object.keys(value).length));
  const body = { issue: key, environment, ...given };
  const operation = await done(origin, token, '/api/v1/previews', body, `start ${key} in ${environment}`);
  if (operation.request?.url) {
    console.log(`::notice::${escaped(`${key} waits for a review: ${operation.request.url}`)}`);
    output('phase', 'in-review');
    return;
  }
  const { change, place, url } = operation.result;
  if (change === 'queued') {
    console.log(`::notice::${key} in ${environment} waits for room, at place ${place}`);
    output('phase', 'queued');
    return;
  }
  output('url', url);
  write('GITHUB_STEP_SUMMARY', `Preview of ${key} in \`${environment}\`: <${url}>\n`);
  console.log(`${key} in ${environment}: ${url}`);
  if (!most) return;
  const told = await settled(origin, token, at, Date.now() + most * 60_000);
  output('phase', told.phase);
  if (told.phase !== 'running') {
    throw new Failure(`${key} in ${environment} is ${told.phase} after ${most} minutes: ${[told.cause, told.remedy].filter(Boolean).join('; ')}`);
  }
  console.log(`${key} runs`);
}

try {
  await main();
} catch (error) {
  console.log(`::error::${escaped(error instanceof Failure ? error.message : error.stack)}`);
  process.exitCode = 1;
}
