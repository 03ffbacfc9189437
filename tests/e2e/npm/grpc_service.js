// What grpc_server.js serves and grpc_client.js calls; the same methods as support/grpc_server.py.
'use strict';
const bytes = (message) => message;

const method = (name, requestStream, responseStream) => ({
  path: `/test.Service/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

exports.service = {
  Echo: method('Echo', false, false),
  Collect: method('Collect', true, false),
  Count: method('Count', false, true),
  Chat: method('Chat', true, true),
  Tell: method('Tell', false, false),
  Fail: method('Fail', false, false),
  HalfFail: method('HalfFail', false, true),
  Wait: method('Wait', false, true),
};
exports.limits = {
  'grpc.max_receive_message_length': 8 << 20,
  'grpc.max_send_message_length': 8 << 20,
  'grpc.enable_retries': 0,
};
