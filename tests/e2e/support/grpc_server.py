"""A real gRPC server (python3-grpcio), over HTTP/2 in the clear, with the methods that grpc_test.py knows."""

import hashlib
import threading
from concurrent import futures

import grpc

MIB = 1 << 20


class Service(grpc.GenericRpcHandler):
    def __init__(self):
        self.left = threading.Event()  # the peer left a call that was not over

    def service(self, details):
        name = details.method.rpartition("/")[2]
        handlers = {
            "Echo": grpc.unary_unary_rpc_method_handler(lambda message, _: message),
            "Collect": grpc.stream_unary_rpc_method_handler(
                lambda messages, _: hashlib.sha256(b"".join(messages)).hexdigest().encode()
            ),
            "Count": grpc.unary_stream_rpc_method_handler(lambda message, _: (b"%d" % i for i in range(int(message)))),
            "Chat": grpc.stream_stream_rpc_method_handler(lambda messages, _: (one[::-1] for one in messages)),
            "Tell": grpc.unary_unary_rpc_method_handler(self.tell),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "HalfFail": grpc.unary_stream_rpc_method_handler(self.half_fail),
            "Wait": grpc.unary_stream_rpc_method_handler(self.wait),
        }
        return handlers.get(name)

    def tell(self, _, context):
        metadata = dict(context.invocation_metadata())
        context.send_initial_metadata((("x-initial", metadata["x-ascii"]),))
        left = int(context.time_remaining() * 1e6)
        context.set_trailing_metadata((("x-trailing-bin", metadata["x-data-bin"]), ("x-timeout", f"{left}u")))
        return b""

    def fail(self, _, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now €")

    def half_fail(self, _, context):
        yield b"one"
        context.abort(grpc.StatusCode.ABORTED, "then no more")

    def wait(self, _, context):
        context.send_initial_metadata(())
        ended = threading.Event()
        context.add_callback(ended.set)
        if ended.wait(30):
            self.left.set()
        yield from ()


class GrpcServer:
    def __init__(self):
        self.service = Service()
        self.left = self.service.left
        options = [("grpc.max_receive_message_length", 8 * MIB), ("grpc.max_send_message_length", 8 * MIB)]
        self.server = grpc.server(futures.ThreadPoolExecutor(16), handlers=(self.service,), options=options)
        self.endpoint = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def close(self):
        self.server.stop(None).wait()
