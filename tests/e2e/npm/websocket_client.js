// A WebSocket client (ws): node websocket_client.js http/1.1|h2 HOST:PORT [CERTIFICATE]
// One line of JSON for each check: { check, error }, where `error` is absent for one that passed.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');
const { once } = require('events');
const { WebSocket } = require('ws');
const { WebSocketStream } = require('./websocket_stream.js');

const [protocol, address, certificate] = process.argv.slice(2);
const tls = certificate ? { ca: fs.readFileSync(certificate), servername: 'localhost' } : {};

async function open(path = '/ws', protocols = [], options = {}) {
  const scheme = certificate ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${address}${path}`, protocols, { ...tls, ...options });
  await once(socket, 'open');
  return socket;
}

async function openByH2() {
  const session = http2.connect(`http://${address}`);
  await once(session, 'remoteSettings');
  assert.ok(session.remoteSettings.enableConnectProtocol, 'extended CONNECT is offered');
  const stream = session.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/ws', ':scheme': 'http', ':authority': 'example.test',
    'sec-websocket-version': '13',
  });
  const [headers] = await once(stream, 'response');
  assert.strictEqual(headers[':status'], 200);
  const socket = new WebSocketStream(stream, false);
  socket.on('close', () => session.close());
  return socket;
}

const connect = protocol === 'h2' ? openByH2 : open;
async function closed(socket, code, reason) {
  socket.close(code, reason);
  const [got, text] = await once(socket, 'close');
  assert.deepStrictEqual([got, text.toString()], [code, reason]);
}

const checks = {
  async messages_of_all_sizes() {
    const socket = await connect();
    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
      for (const message of [crypto.randomBytes(size), 'é'.repeat(size / 2)]) {
        const answer = once(socket, 'message');
        socket.send(message);
        const [data, binary] = await answer;
        assert.strictEqual(binary, typeof message !== 'string');
        assert.ok(data.equals(Buffer.from(message)), `${size} bytes came back as ${data.length}`);
      }
    }
    await closed(socket, 1000, 'done');
  },
  async fragments() {
    const socket = await connect();
    const answer = once(socket, 'message');
    socket.send('one ', { fin: false });
    socket.ping('amid them');
    socket.send('two ', { fin: false });
    socket.send('three', { fin: true });
    const [data, binary] = await answer;
    assert.deepStrictEqual([data.toString(), binary], ['one two three', false]);
    await closed(socket, 1000, '');
  },
  async ping_and_pong() {
    const socket = await connect();
    const pong = once(socket, 'pong');
    socket.ping('there?');
    assert.strictEqual((await pong)[0].toString(), 'there?');
    await closed(socket, 4999, 'with a code of its own');
  },
  async many_at_once() {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => connect()));
    const answers = sockets.map((socket) => once(socket, 'message'));
    sockets.forEach((socket, i) => socket.send(`number ${i}`));
    (await Promise.all(answers)).forEach(([data], i) => assert.strictEqual(data.toString(), `number ${i}`));
    await Promise.all(sockets.map((socket) => closed(socket, 1000, '')));
  },
};

if (protocol !== 'h2') {
  Object.assign(checks, {
    async compression() {
      const socket = await connect('/ws', [], { perMessageDeflate: { threshold: 0 } });
      assert.match(socket.extensions, /^permessage-deflate/);
      const message = 'the same again and again '.repeat(10000);
      const answer = once(socket, 'message');
      socket.send(message);
      assert.strictEqual((await answer)[0].toString(), message);
      await closed(socket, 1000, '');
    },
    async subprotocols() {
      const socket = await connect('/ws', ['first', 'second']);
      assert.strictEqual(socket.protocol, 'second');
      await closed(socket, 1000, '');
    },
    async a_refused_handshake() {
      const error = await connect('/deny').then(() => assert.fail('it opened'), (error) => error);
      assert.match(error.message, /401/);
    },
  });
}

(async () => {
  for (const [check, run] of Object.entries(checks)) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('took 20 s')), 20000).unref());
    const error = await Promise.race([run(), late]).then(() => undefined, (error) => error.stack);
    console.log(JSON.stringify({ check, error }));
  }
  process.exit();
})();
