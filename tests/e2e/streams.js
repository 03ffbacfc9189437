// Requests beside one another on one HTTP/2 connection; prints what came of each.
//   node streams.js URL COUNT BYTES get|post
// get: the bodies of URL, with the digest of each. post: COUNT bodies of so many bytes that differ everywhere, and
// the digest of what was sent beside the answer.
'use strict';
const http2 = require('http2');
const crypto = require('crypto');
const { Readable } = require('stream');

const [where, count, bytes, what] = process.argv.slice(2);
const url = new URL(where);
const PIECE = 65536;

// A body of its own for each number.
function* pieces(number) {
  for (let sent = 0; sent < Number(bytes); sent += PIECE) {
    const digest = crypto.createHash('sha256').update(`${number} ${sent}`).digest();
    yield Buffer.alloc(Math.min(PIECE, Number(bytes) - sent), digest);
  }
}

function take(stream, then) {
  const hash = crypto.createHash('sha256');
  const whole = [];
  let length = 0;
  stream.on('data', (piece) => {
    hash.update(piece);
    length += piece.length;
    if (what === 'post') whole.push(piece);
  });
  stream.on('end', () => then({ length, sha256: hash.digest('hex'), text: Buffer.concat(whole).toString() }));
}

function get(session) {
  return new Promise((done, fail) => {
    const stream = session.request({ ':path': url.pathname + url.search });
    stream.on('error', fail);
    take(stream, ({ length, sha256 }) => done({ length, sha256 }));
    stream.end();
  });
}

function post(session, number) {
  return new Promise((done, fail) => {
    const stream = session.request({ ':path': url.pathname + url.search, ':method': 'POST' });
    const hash = crypto.createHash('sha256');
    stream.on('error', fail);
    take(stream, ({ text }) => {
      const { length, sha256 } = JSON.parse(text);
      done({ length, sha256, sent: hash.digest('hex') });
    });
    const body = Readable.from(pieces(number));
    body.on('data', (piece) => hash.update(piece));
    body.pipe(stream);
  });
}

async function main() {
  const session = http2.connect(url.origin, { settings: { initialWindowSize: 256 * 1024 } });
  await new Promise((go, fail) => { session.once('remoteSettings', go); session.once('error', fail); });
  session.setLocalWindowSize(64 * 1024 * 1024);
  const ask = what === 'get' ? get : post;
  const answers = await Promise.all(Array.from({ length: Number(count) }, (_, number) => ask(session, number)));
  process.stdout.write(JSON.stringify(answers));
  session.close();
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
