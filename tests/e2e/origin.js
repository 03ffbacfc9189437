// A plain node server for the gateway to stand in front of; prints "listening PORT" once it serves.
//   node origin.js [PORT | unix socket path] [NAME] [http/1.1 | h2 | h2 CERTIFICATE KEY | both CERTIFICATE KEY]
// `h2:10` takes ten streams at a time on a connection.
'use strict';
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const crypto = require('crypto');
const zlib = require('zlib');
const websocket = require('./origin_websocket.js');

const [where = '0', name = 'origin', speaks = 'http/1.1', certificate, key] = process.argv.slice(2);
const [protocol, streams] = speaks.split(':');
let aborted = 0; // requests that were cut before their response was complete

// Bytes that differ everywhere, so that a piece lost or moved shows: block i of 64 KiB is a hash's stream.
const block = Buffer.alloc(65536);
function pattern(index) {
  const digest = crypto.createHash('sha256').update(String(index)).digest();
  for (let at = 0; at < block.length; at += digest.length) digest.copy(block, at);
  return Buffer.from(block);
}

function send(response, status, body, fields) {
  response.writeHead(status, { 'content-type': 'application/json', ...fields });
  response.end(JSON.stringify(body));
}

// What came in, with the digest of the body.
function echo(request, response) {
  const hash = crypto.createHash('sha256');
  let length = 0;
  request.on('data', (piece) => { hash.update(piece); length += piece.length; });
  request.on('end', () => send(response, 200, {
    name, method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders,
    trailers: request.trailers, length, sha256: hash.digest('hex'), version: request.httpVersion,
  }));
}

// `bytes` of pattern, with a length or chunked; the trailer tells the digest.
async function stream(request, response, bytes, announce) {
  const hash = crypto.createHash('sha256');
  const fields = { 'content-type': 'application/octet-stream' };
  const trailed = !announce && request.method !== 'HEAD' && request.httpVersion !== '1.0';
  if (announce) fields['content-length'] = bytes;
  if (trailed) fields.trailer = 'x-sha256';
  response.writeHead(200, fields);
  let gone = false;
  response.on('close', () => { gone = true; });
  for (let sent = 0; sent < bytes && !gone; sent += block.length) {
    const piece = pattern(sent / block.length).subarray(0, Math.min(block.length, bytes - sent));
    hash.update(piece);
    if (!response.write(piece)) {
      await new Promise((go) => { response.once('drain', go); response.once('close', go); });
    }
  }
  if (trailed) response.addTrailers({ 'x-sha256': hash.digest('hex') });
  response.end();
}

const pages = {
  '/stream': (request, response, query) => stream(request, response, Number(query.get('bytes')), true),
  '/chunked': (request, response, query) => stream(request, response, Number(query.get('bytes')), false),
  '/slow': (request, response, query) => setTimeout(() => send(response, 200, { name }), Number(query.get('ms'))),
  '/dribble': (request, response, query) => { // n pieces, ms apart
    let left = Number(query.get('n'));
    response.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => {
      if (--left < 0) { clearInterval(timer); return response.end(); }
      return response.write('piece\n');
    }, Number(query.get('ms')));
    response.on('close', () => clearInterval(timer));
  },
  '/gzip': (request, response) => {
    const body = zlib.gzipSync(Buffer.alloc(100000, 'gzip me '));
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain', 'content-length': body.length });
    response.end(body);
  },
  '/hints': (request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    send(response, 200, { name });
  },
  '/status': (request, response, query) => { response.writeHead(Number(query.get('code'))); response.end(); },
  '/early': (request, response) => send(response, 403, { why: 'not wanted' }, { connection: 'close' }), // body unread
  '/aborted': (request, response) => send(response, 200, { aborted }),
  '/healthz': (request, response) => { response.writeHead(200); response.end('well'); },
  '/hop': (request, response) => send(response, 200, {}, {
    connection: 'keep-alive, x-secret', 'x-secret': '1', 'keep-alive': 'timeout=5', 'x-open': '1',
  }),
};

function serve(request, response) {
  const [path, query] = request.url.split('?');
  response.on('close', () => { if (!response.writableFinished) aborted += 1; });
  (pages[path] || echo)(request, response, new URLSearchParams(query));
}

function createServer() {
  if (protocol === 'http/1.1') return http.createServer({ keepAliveTimeout: 60000 }, serve);
  const settings = { enableConnectProtocol: true };
  if (streams) settings.maxConcurrentStreams = Number(streams);
  if (!certificate) return http2.createServer({ settings }, serve);
  const pair = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
  return http2.createSecureServer({ ...pair, settings, allowHTTP1: protocol === 'both' }, serve);
}

const server = createServer();
server.on('checkContinue', (request, response) => {
  if (request.url.startsWith('/refuse')) return send(response, Number(new URLSearchParams(request.url.split('?')[1]).get('code') || 403), { why: 'not now' });
  response.writeContinue();
  return serve(request, response);
});
server.on('upgrade', websocket.upgrade);
server.on('connect', websocket.connect);
const place = /^\d+$/.test(where) ? { port: Number(where), host: '127.0.0.1' } : { path: where };
server.listen(place, () => {
  const at = server.address();
  process.stdout.write(`listening ${at.port || at}\n`);
});
