// A node server that answers each request with what its parser made of it, in X-Seen: JSON in base64.
// Prints "listening PATH" once it serves; node reader.js PATH.
'use strict';
const http = require('http');

const options = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, maxHeaderSize: 65536 };

function field(rawHeaders, name) {
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i].toLowerCase() === name) return rawHeaders[i + 1];
  return null;
}

const server = http.createServer(options, (request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const seen = {
      method: request.method,
      target: request.url,
      host: field(request.rawHeaders, 'host'),
      body: Buffer.concat(pieces).toString('latin1'),
      trailers: request.rawTrailers,
    };
    response.setHeader('X-Seen', Buffer.from(JSON.stringify(seen)).toString('base64'));
    response.end();
  });
});
server.listen(process.argv[2], () => console.log(`listening ${process.argv[2]}`));
