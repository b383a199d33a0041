"""A client of HTTP/3: sends the requests of standard input, a JSON line each, over one connection, and prints the answers.

http3.py <port> <server name> <file of authorities> [<certificate> <key>]
"""

import asyncio
import json
import ssl
import sys
from collections import defaultdict

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamReset

TIMEOUT_SECONDS = 20


class Client(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.answers = defaultdict(lambda: {"headers": {}, "text": ""})
        self.waiting = {}

    async def ask(self, method, path, headers, body):
        stream = self._quic.get_next_available_stream_id()
        host = headers.pop("host")
        fields = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path), *headers.items()]
        self.waiting[stream] = self._loop.create_future()
        data = body.encode()
        self.http.send_headers(stream, [(n.encode(), v.encode()) for n, v in fields], end_stream=not data)
        if data:
            self.http.send_data(stream, data, end_stream=True)
        self.transmit()
        return await asyncio.wait_for(self.waiting[stream], TIMEOUT_SECONDS)

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            for future in self.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(event.reason_phrase or str(event.error_code)))
        if isinstance(event, StreamReset):
            self.end(event.stream_id)
        for part in self.http.handle_event(event):
            answer = self.answers[part.stream_id]
            if isinstance(part, HeadersReceived):
                answer["headers"].update({name.decode(): value.decode() for name, value in part.headers})
            if isinstance(part, DataReceived):
                answer["text"] += part.data.decode()
            if part.stream_ended:
                self.end(part.stream_id)

    def end(self, stream):
        future = self.waiting.get(stream)
        if future is not None and not future.done():
            future.set_result(self.answers[stream])


async def main(port, name, authorities, *own):
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, server_name=name, verify_mode=ssl.CERT_REQUIRED
    )
    configuration.load_verify_locations(authorities)
    if own:
        configuration.load_cert_chain(*own)
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=Client) as client:
        for line in sys.stdin:
            asked = json.loads(line)
            answer = await client.ask(asked["method"], asked["path"], asked["headers"], asked["body"])
            status = int(answer["headers"].pop(":status", "0"))
            print(json.dumps({"status": status, **answer}), flush=True)


asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
