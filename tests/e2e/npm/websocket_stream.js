// The frames of ws on a stream of node's HTTP/2 (RFC 8441): ws's WebSocket itself wants a socket of its own.
'use strict';
const { EventEmitter } = require('events');
const { Receiver, Sender } = require('ws');

class WebSocketStream extends EventEmitter {
  constructor(stream, isServer) {
    super();
    this.stream = stream;
    this.mask = !isServer;
    this.sender = new Sender(stream, {});
    this.closing = false;
    const receiver = new Receiver({ isServer, maxPayload: 16 << 20 });
    receiver.on('message', (data, binary) => this.emit('message', data, binary));
    receiver.on('ping', (data) => this.sender.pong(data, this.mask));
    receiver.on('pong', (data) => this.emit('pong', data));
    receiver.on('conclude', (code, reason) => {
      if (!this.closing) this.close(code === 1005 ? undefined : code, reason);
      stream.end();
      this.emit('close', code, reason);
    });
    receiver.on('error', (error) => this.emit('error', error));
    stream.on('error', (error) => this.emit('error', error));
    stream.pipe(receiver);
  }

  send(data, { binary = typeof data !== 'string', fin = true } = {}) {
    this.sender.send(data, { binary, fin, mask: this.mask, compress: false });
  }

  ping(data) {
    this.sender.ping(data, this.mask);
  }

  close(code, reason) {
    this.closing = true;
    this.sender.close(code, reason, this.mask);
  }
}

module.exports = { WebSocketStream };
