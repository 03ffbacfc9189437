"""Stream states and identifiers (RFC 9113 5.1)."""

from support.h2 import END_HEADERS, END_STREAM, PROTOCOL_ERROR, STREAM_CLOSED, WITH_PRIORITY, HEADERS, block, frame, number, request

from .h2_cases import GET, POST, WHOLE, Done, Reset, continued, data, ends, headers, opened, priority, reset, resets, serves, window

WAITS = request(path="/never")  # half-closed (remote) for as long as it takes
TRAILERS = [("x-sum", "7")]

CASES = [
    # --- idle
    ends("5.1", "idle: DATA", data(b"x"), code=PROTOCOL_ERROR),
    ends("5.1", "idle: RST_STREAM", reset(1), code=PROTOCOL_ERROR),
    ends("5.1", "idle: WINDOW_UPDATE", window(100, 1), code=PROTOCOL_ERROR),
    ends("5.1", "idle: CONTINUATION", continued(block(*GET)), code=PROTOCOL_ERROR),
    ends("5.1", "idle above others: DATA", headers(1), data(b"x", stream=5), code=PROTOCOL_ERROR),
    ends("5.1", "idle above others: RST_STREAM", headers(1), reset(5), code=PROTOCOL_ERROR),
    ends("5.1", "idle above others: WINDOW_UPDATE", headers(1), window(1, 5), code=PROTOCOL_ERROR),
    ends("5.1", "idle of the server: DATA", data(b"x", stream=2), code=PROTOCOL_ERROR),
    ends("5.1", "idle of the server: WINDOW_UPDATE", window(1, 2), code=PROTOCOL_ERROR),
    ends("5.1", "idle of the server: RST_STREAM", reset(2), code=PROTOCOL_ERROR),
    serves("5.1", "idle: PRIORITY", priority(1), headers(1), streams=(1,)),
    # --- half-closed (remote)
    resets("5.1", "half-closed: DATA", headers(1, WAITS), data(b"x"), code=STREAM_CLOSED),
    resets("5.1", "half-closed: the end again", headers(1, WAITS), data(flags=END_STREAM), code=STREAM_CLOSED),
    resets("5.1", "half-closed: HEADERS", headers(1, WAITS), headers(1), code=STREAM_CLOSED),
    resets("5.1", "half-closed: trailers", headers(1, WAITS), headers(1, TRAILERS), code=STREAM_CLOSED),
    resets("5.1", "half-closed by DATA: DATA", opened(fields=request(path="/never", method="POST")), data(b"x", flags=END_STREAM), data(b"y"),
           code=STREAM_CLOSED),
    ends("5.1", "half-closed: CONTINUATION", headers(1, WAITS), continued(), code=(PROTOCOL_ERROR, STREAM_CLOSED)),
    serves("5.1", "half-closed: WINDOW_UPDATE", headers(1, WAITS), window(1, 1), headers(3), streams=(3,)),
    serves("5.1", "half-closed: RST_STREAM", headers(1, WAITS), reset(1), headers(3), streams=(3,)),
    # --- closed by the ends of both
    resets("5.1", "closed: DATA", headers(1), Done(1), data(b"x"), code=STREAM_CLOSED),
    ends("5.1", "closed: HEADERS", headers(1), Done(1), headers(1), code=STREAM_CLOSED),
    ends("5.1", "closed: trailers", headers(1), Done(1), headers(1, TRAILERS), code=STREAM_CLOSED),
    ends("5.1", "closed: HEADERS with priority", headers(1), Done(1),
         frame(HEADERS, WHOLE | WITH_PRIORITY, 1, number(0) + b"\0" + block(*GET)), code=STREAM_CLOSED),
    ends("5.1", "closed: CONTINUATION", headers(1), Done(1), continued(), code=(PROTOCOL_ERROR, STREAM_CLOSED)),
    ends("5.1", "closed below others: HEADERS", headers(1), headers(3), Done(1), Done(3), headers(1), code=STREAM_CLOSED),
    serves("5.1", "closed: RST_STREAM", headers(1), Done(1), reset(1), headers(3), streams=(3,)),
    serves("5.1", "closed: WINDOW_UPDATE", headers(1), Done(1), window(1, 1), headers(3), streams=(3,)),
    # --- closed by RST_STREAM of the client
    resets("5.1", "reset by the client: DATA", opened(), reset(1), data(b"x"), code=STREAM_CLOSED),
    resets("5.1", "reset by the client: HEADERS", opened(), reset(1), headers(1, TRAILERS), code=STREAM_CLOSED),
    serves("5.1", "reset by the client twice", opened(), reset(1), reset(1), headers(3), streams=(3,)),
    # --- closed by RST_STREAM of the server: what was on its way is to be borne
    *(serves("5.1", f"reset by the server: {name}", opened(fields=[*POST, ("x-a", "b\0")]), *late, headers(3), streams=(3,))
      for name, late in {
          "DATA at once": (data(b"x"), data(b"y", flags=END_STREAM)),
          "trailers at once": (headers(1, TRAILERS),),
          "DATA later": (Reset(1), data(b"x"), data(b"y", flags=END_STREAM)),
          "trailers later": (Reset(1), data(b"x"), headers(1, TRAILERS)),
          "RST_STREAM later": (Reset(1), reset(1)),
          "WINDOW_UPDATE later": (Reset(1), window(1, 1)),
      }.items()),
    # --- 5.1.1 identifiers
    ends("5.1.1", "an even stream", headers(2), code=PROTOCOL_ERROR),
    ends("5.1.1", "a stream below the last that is open", headers(5, WAITS), headers(3), code=PROTOCOL_ERROR),
    ends("5.1.1", "a stream below the last that is closed", headers(5), Done(5), headers(3), code=PROTOCOL_ERROR),
    ends("5.1.1", "a stream below the last, with a body", headers(5), Done(5), frame(HEADERS, END_HEADERS, 1, block(*POST)), code=PROTOCOL_ERROR),
    serves("5.1.1", "streams left out", headers(1), headers(7), headers(101), streams=(1, 7, 101)),
    serves("5.1.1", "the last stream that there is", headers((1 << 31) - 3), streams=((1 << 31) - 3,)),
]
