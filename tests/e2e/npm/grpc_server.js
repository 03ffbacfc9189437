// A gRPC server (@grpc/grpc-js) in the clear and over TLS: node grpc_server.js CERTIFICATE KEY
// Says `listening PORT PORT`, and `left` when the client of a Wait leaves.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const { service, limits } = require('./grpc_service.js');

const failure = (code, details) => Object.assign(new Error(details), { code, details });

const handlers = {
  Echo: (call, done) => done(null, call.request),
  Collect: (call, done) => {
    const digest = crypto.createHash('sha256');
    call.on('data', (message) => digest.update(message));
    call.on('end', () => done(null, Buffer.from(digest.digest('hex'))));
  },
  Count: (call) => {
    for (let i = 0; i < Number(call.request.toString()); i++) call.write(Buffer.from(String(i)));
    call.end();
  },
  Chat: (call) => {
    call.on('data', (message) => call.write(Buffer.from(message).reverse()));
    call.on('end', () => call.end());
  },
  Tell: (call, done) => {
    const initial = new grpc.Metadata();
    initial.set('x-initial', call.metadata.get('x-ascii')[0]);
    call.sendMetadata(initial);
    const trailing = new grpc.Metadata();
    trailing.set('x-trailing-bin', call.metadata.get('x-data-bin')[0]);
    trailing.set('x-timeout', `${(call.getDeadline() - Date.now()) * 1000}u`);
    done(null, Buffer.alloc(0), trailing);
  },
  Fail: (call, done) => done(failure(grpc.status.FAILED_PRECONDITION, 'not now €')),
  HalfFail: (call) => {
    call.write(Buffer.from('one'));
    call.emit('error', failure(grpc.status.ABORTED, 'then no more'));
  },
  Wait: (call) => {
    call.sendMetadata(new grpc.Metadata());
    call.on('cancelled', () => console.log('left'));
  },
};

const [certificate, key] = process.argv.slice(2).map((file) => fs.readFileSync(file));
const server = new grpc.Server(limits);
server.addService(service, handlers);
const secure = grpc.ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }]);
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, clear) => {
  if (error) throw error;
  server.bindAsync('127.0.0.1:0', secure, (error, encrypted) => {
    if (error) throw error;
    console.log(`listening ${clear} ${encrypted}`);
  });
});
