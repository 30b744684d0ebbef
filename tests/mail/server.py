"""A mail server on 127.0.0.1 that prints what it takes, one JSON object a line.

The first line is {"port": N}. It refuses what is not encrypted or not signed in, if it is told so. Recipients whose
address begins with "refused" are refused for good, with "later" at the first attempt only.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> is not here"
        if address.startswith("later") and address not in self.seen:
            self.seen.add(address)
            say({"deferred": address})
            return f"451 4.7.1 <{address}> come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part for part in mail.walk()}
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "connection": session.peer[1],
            "headers": [[name, str(value)] for name, value in mail.items()],
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "plain": parts["text/plain"].get_content(),
            "html": parts["text/html"].get_content(),
            "raw": envelope.content.decode("ascii"),
        })
        return "250 2.0.0 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--security", choices=["starttls", "tls", "none"], required=True)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()

    context = None
    if args.security != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.cert, args.key)
    wanted = LoginPassword((args.user or "").encode(), (args.password or "").encode())

    def authenticate(server, session, envelope, mechanism, data):
        fine = isinstance(data, LoginPassword) and data == wanted
        return AuthResult(success=fine, handled=fine, auth_data=data)

    handler = Handler()
    starttls = args.security == "starttls"

    def connection():
        return SMTP(
            handler,
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=args.user is not None,
            auth_require_tls=starttls,
            authenticator=authenticate,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", args.port, ssl=context if args.security == "tls" else None
    )
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
