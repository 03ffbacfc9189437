// WebSocket servers (ws): by HTTP/1.1, and by HTTP/2 in the clear with extended CONNECT (RFC 8441).
// Says `listening PORT PORT`. Messages come back; /deny is refused; of two subprotocols the second is taken.
'use strict';
const http = require('http');
const http2 = require('http2');
const { WebSocketServer } = require('ws');
const { WebSocketStream } = require('./websocket_stream.js');

function echo(socket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
  socket.on('error', (error) => console.error(error));
}

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: { threshold: 1024 },
  handleProtocols: (protocols) => [...protocols].at(-1),
});
const first = http.createServer();
first.on('upgrade', (request, socket, head) => {
  if (request.url === '/deny') return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  sockets.handleUpgrade(request, socket, head, echo);
});

const second = http2.createServer({ settings: { enableConnectProtocol: true } });
second.on('stream', (stream, headers) => {
  if (headers[':protocol'] !== 'websocket') return stream.respond({ ':status': 404 }, { endStream: true });
  stream.respond({ ':status': 200 });
  echo(new WebSocketStream(stream, true));
});

first.listen(0, '127.0.0.1', () => {
  second.listen(0, '127.0.0.1', () => console.log(`listening ${first.address().port} ${second.address().port}`));
});
