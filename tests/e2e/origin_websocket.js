// RFC 6455 without a library: an echo, and a raw protocol "shout" that answers in capitals.
'use strict';
const crypto = require('crypto');

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function frame(opcode, payload) {
  let head;
  if (payload.length < 126) {
    head = Buffer.from([0x80 | opcode, payload.length]);
  } else if (payload.length < 65536) {
    head = Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
  } else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([head, payload]);
}

// Takes one masked frame off the front; undefined until it is whole.
function parse(bytes) {
  if (bytes.length < 2) return undefined;
  let length = bytes[1] & 127;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + 4 + length) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i += 1) payload[i] ^= mask[i & 3];
  return { opcode: bytes[0] & 15, payload, size: at + 4 + length };
}

function echo(socket, first) {
  let pending = [first];
  let have = first.length;
  let need = 0; // bytes without which parsing again is in vain
  const take = () => {
    if (have < need) return;
    let bytes = Buffer.concat(pending);
    for (let one = parse(bytes); one; one = parse(bytes)) {
      bytes = bytes.subarray(one.size);
      if (one.opcode === 9) socket.write(frame(10, one.payload));
      else socket.write(frame(one.opcode, one.payload));
      if (one.opcode === 8) return socket.end();
    }
    pending = [bytes];
    have = bytes.length;
    need = bytes.length >= 10 && (bytes[1] & 127) === 127 ? Number(bytes.readBigUInt64BE(2)) : 0;
  };
  take();
  socket.on('data', (piece) => { pending.push(piece); have += piece.length; take(); });
}

function shout(socket, first) {
  const answer = (piece) => socket.write(piece.toString('latin1').toUpperCase(), 'latin1');
  if (first.length) answer(first);
  socket.on('data', answer);
  socket.on('end', () => socket.end('BYE'));
}

exports.upgrade = (request, socket, first) => {
  const kind = (request.headers.upgrade || '').toLowerCase();
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${kind}`];
  socket.on('error', () => {});
  socket.allowHalfOpen = true;
  if (request.url === '/no-upgrade') {
    socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n');
  } else if (kind === 'websocket') {
    const accept = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + MAGIC).digest('base64');
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    echo(socket, first);
  } else {
    socket.write([...lines, '', ''].join('\r\n'));
    shout(socket, first);
  }
};

// An extended CONNECT (RFC 8441). It is answered with a refusal where a key came with it, which HTTP/2 has no use for.
exports.connect = (request, response) => {
  const { stream } = response;
  const { headers } = request;
  if (headers[':protocol'] !== 'websocket' || headers['sec-websocket-key'] || request.url === '/no-upgrade') {
    return stream.respond({ ':status': 426 }, { endStream: true });
  }
  stream.on('error', () => {});
  stream.respond({ ':status': 200 });
  return echo(stream, Buffer.alloc(0));
};
