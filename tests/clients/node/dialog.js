// The script's side of a conversation with a test: a line of JSON for each thing said and heard (../dialogs.py).

import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** What the test wants signed in: the application and the login's address. */
export const options = JSON.parse(process.argv[2]);

export function say(thing) {
  process.stdout.write(`${JSON.stringify(thing)}\n`);
}

export async function ask(thing) {
  say(thing);
  return JSON.parse((await lines.next()).value);
}

export function finish() {
  process.stdin.destroy();
}

/** The error code of a promise that must fail, or null if it did not. */
export async function refusal(promise) {
  return promise.then(
    () => null,
    (error) => error.error ?? error.code ?? error.cause?.error ?? error.name,
  );
}
