// Calls every method (@grpc/grpc-js): node grpc_client.js HOST:PORT [CERTIFICATE]
// One line of JSON for each check: { check, error }, where `error` is absent for one that passed.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const { service, limits } = require('./grpc_service.js');

const [address, certificate] = process.argv.slice(2);
const credentials = certificate
  ? grpc.credentials.createSsl(fs.readFileSync(certificate))
  : grpc.credentials.createInsecure();
// The name in the certificate, which tells the routes apart too.
const options = certificate ? { ...limits, 'grpc.ssl_target_name_override': 'localhost' } : limits;
const Client = grpc.makeGenericClientConstructor(service, 'Service');
const client = new Client(address, credentials, options);

const soon = (ms = 20000) => ({ deadline: Date.now() + ms });
const unary = (name, message, ...rest) =>
  new Promise((resolve, reject) => {
    client[name](message, ...(rest.length ? rest : [soon()]), (error, answer) => (error ? reject(error) : resolve(answer)));
  });
const collected = (call) =>
  new Promise((resolve) => {
    const messages = [];
    call.on('data', (message) => messages.push(message.toString()));
    call.on('error', (error) => resolve({ messages, error }));
    call.on('end', () => resolve({ messages }));
  });
const failed = async (promise) => promise.then(() => assert.fail('it did not fail'), (error) => error);

const checks = {
  async unary() {
    assert.deepStrictEqual(await unary('Echo', Buffer.from('hello')), Buffer.from('hello'));
  },
  async empty_messages() {
    assert.strictEqual((await unary('Echo', Buffer.alloc(0))).length, 0);
  },
  async messages_of_4_mib() {
    const message = crypto.randomBytes(4 << 20);
    assert.ok(message.equals(await unary('Echo', message)));
  },
  async calls_beside_one_another() {
    const messages = Array.from({ length: 50 }, (_, i) => Buffer.from(`message ${i}`));
    assert.deepStrictEqual(await Promise.all(messages.map((message) => unary('Echo', message))), messages);
  },
  async client_streaming() {
    const digest = crypto.createHash('sha256');
    const answer = await new Promise((resolve, reject) => {
      const call = client.Collect(soon(), (error, answer) => (error ? reject(error) : resolve(answer)));
      for (let i = 0; i < 50; i++) {
        const message = Buffer.from(String(i).repeat(1000));
        digest.update(message);
        call.write(message);
      }
      call.end();
    });
    assert.strictEqual(answer.toString(), digest.digest('hex'));
  },
  async server_streaming() {
    const { messages, error } = await collected(client.Count(Buffer.from('200'), soon()));
    assert.ifError(error);
    assert.deepStrictEqual(messages, Array.from({ length: 200 }, (_, i) => String(i)));
  },
  async both_stream_in_turns() {
    const call = client.Chat(soon());
    for (let i = 0; i < 20; i++) {
      const answer = new Promise((resolve, reject) => call.once('data', resolve).once('error', reject));
      call.write(Buffer.from(`ab${i}`));
      assert.strictEqual((await answer).toString(), `${i}`.split('').reverse().join('') + 'ba');
    }
    const status = new Promise((resolve) => call.on('status', resolve));
    call.end();
    assert.strictEqual((await status).code, grpc.status.OK);
  },
  async metadata() {
    const metadata = new grpc.Metadata();
    const data = crypto.randomBytes(100);
    metadata.set('x-ascii', 'plain text');
    metadata.set('x-data-bin', data);
    const got = {};
    await new Promise((resolve, reject) => {
      const call = client.Tell(Buffer.alloc(0), metadata, soon(10000), (error) => error && reject(error));
      call.on('metadata', (initial) => (got.initial = initial));
      call.on('status', (status) => resolve((got.trailing = status.metadata)));
    });
    assert.deepStrictEqual(got.initial.get('x-initial'), ['plain text']);
    assert.ok(data.equals(got.trailing.get('x-trailing-bin')[0]));
    const left = parseInt(got.trailing.get('x-timeout')[0], 10) / 1e6;
    assert.ok(left > 5 && left <= 10, `the server has ${left} s`);
  },
  async an_error_without_messages() {
    const error = await failed(unary('Fail', Buffer.alloc(0)));
    assert.deepStrictEqual([error.code, error.details], [grpc.status.FAILED_PRECONDITION, 'not now €']);
  },
  async an_error_behind_a_message() {
    const { messages, error } = await collected(client.HalfFail(Buffer.alloc(0), soon()));
    assert.deepStrictEqual(messages, ['one']);
    assert.deepStrictEqual([error.code, error.details], [grpc.status.ABORTED, 'then no more']);
  },
  async deadline() {
    const begun = Date.now();
    const call = new Promise((resolve, reject) => {
      client.Collect(soon(300), (error, answer) => (error ? reject(error) : resolve(answer)));  // and never ends
    });
    const error = await failed(call);
    assert.strictEqual(error.code, grpc.status.DEADLINE_EXCEEDED, error.details);
    assert.ok(Date.now() - begun < 5000);
  },
  async deadline_behind_metadata() {
    const begun = Date.now();
    const { error } = await collected(client.Wait(Buffer.alloc(0), soon(300)));
    // Where the gateway's clock is a moment ahead, its reset comes first, and this client does not ask why.
    assert.ok([grpc.status.DEADLINE_EXCEEDED, grpc.status.CANCELLED].includes(error.code), error);
    const took = Date.now() - begun;
    assert.ok(took >= 290 && took < 5000, `${took} ms`);
  },
  async cancellation() {
    const call = client.Wait(Buffer.alloc(0), soon());
    call.on('metadata', () => call.cancel());
    const { error } = await collected(call);
    assert.strictEqual(error.code, grpc.status.CANCELLED);
  },
  async a_refusal_of_the_gateway() {
    const path = '/nobody.S/M';
    const call = new Promise((resolve, reject) => {
      const bytes = (message) => message;
      client.makeUnaryRequest(path, bytes, bytes, Buffer.alloc(0), soon(), (error, answer) =>
        error ? reject(error) : resolve(answer));
    });
    const error = await failed(call);
    assert.strictEqual(error.code, grpc.status.UNIMPLEMENTED);
    assert.match(error.details, /^no_route: /);
  },
};

(async () => {
  for (const [check, run] of Object.entries(checks)) {
    const error = await run().then(() => undefined, (error) => error.stack);
    console.log(JSON.stringify({ check, error }));
  }
  client.close();
})();
