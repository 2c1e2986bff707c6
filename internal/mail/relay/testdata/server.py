"""An SMTP server that behaves as told: prints its port, then each mail that it takes as a line of JSON."""

import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

parser = argparse.ArgumentParser()
parser.add_argument("--cert")
parser.add_argument("--implicit", action="store_true")
parser.add_argument("--password")
parser.add_argument("--utf8", action="store_true")
parser.add_argument("--rcpt", help="reply to RCPT TO")
parser.add_argument("--data", help="reply to the mail")
parser.add_argument("--hang", choices=["greeting", "rcpt", "data"])
parser.add_argument("--drop", choices=["rcpt", "data"], help="disconnect there")
parser.add_argument("--port", type=int, default=0)
args = parser.parse_args()


class Handler:
    async def step(self, name, server):
        if args.hang == name:
            await asyncio.sleep(3600)
        if args.drop == name:
            server.transport.abort()

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self.step("rcpt", server)
        if args.rcpt:
            return args.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await self.step("data", server)
        if args.data:
            return args.data
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None or args.implicit,
            "user": session.auth_data.login.decode() if session.auth_data else "",
            "raw": envelope.original_content.decode(),
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.password == args.password.encode()
    return AuthResult(success=right, handled=False, auth_data=data)


async def main():
    tls = None
    if args.cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(args.cert)

    def session():
        return SMTP(
            Handler(), hostname="mail.test", enable_SMTPUTF8=args.utf8, tls_context=None if args.implicit else tls,
            authenticator=authenticate if args.password else None, auth_required=bool(args.password),
            auth_require_tls=bool(tls) and not args.implicit,
        )

    loop = asyncio.get_running_loop()
    if args.hang == "greeting":
        server = await asyncio.start_server(lambda r, w: asyncio.sleep(3600), "127.0.0.1", args.port)
    else:
        server = await loop.create_server(session, "127.0.0.1", args.port, ssl=tls if args.implicit else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
