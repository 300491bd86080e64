"""A FastMCP server whose authorization is FastMCP's own in-memory provider: one origin in both roles.

usage: server.py PORT [PUBLIC_PORT]; prints "ready" when it answers, ends with its standard input.
With PUBLIC_PORT it calls itself by that port: something in front of it listens there.
"""

import os
import sys
import threading

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

port = int(sys.argv[1])
public = int(sys.argv[2]) if len(sys.argv) > 2 else port
auth = InMemoryOAuthProvider(
    base_url=f"http://127.0.0.1:{public}",
    client_registration_options=ClientRegistrationOptions(
        enabled=True, valid_scopes=["mcp:read", "mcp:write"], default_scopes=["mcp:read"]
    ),
    revocation_options=RevocationOptions(enabled=True),
    required_scopes=["mcp:read"],
)
mcp = FastMCP("fastmcp-peer", auth=auth)


@mcp.tool
def greet(name: str = "world") -> str:
    """Say hello."""
    return f"hello {name}"


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
app = mcp.http_app(path="/mcp")
Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).run()
